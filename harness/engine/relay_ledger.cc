// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/relay_ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/engine/conversations.h"

namespace parley::engine {
namespace {

// What is sealed in a message, one <enc/> after the other.
std::vector<std::string> sealed_in(const xml::Element& message) {
  std::vector<std::string> out;
  for (const auto* child : message.elements()) {
    if (child->name == "enc") {
      out.push_back(child->text());
    }
  }
  return out;
}

// The first attribute of `sent` that `came` has not, or not so; null for none.
const xml::Attribute* lost_of(const xml::Element& sent, const xml::Element& came) {
  const auto at = std::ranges::find_if(sent.attributes, [&](const xml::Attribute& one) {
    const auto* value = came.find(one.name);
    return value == nullptr || *value != one.value;
  });
  return at == sent.attributes.end() ? nullptr : &*at;
}

// What stands beside the sealed octets of a message and is not as it was; empty for none.
std::string lost_beside(const xml::Element& sent, const xml::Element& came) {
  if (sent.find("type") != nullptr && sent.get("type") != came.get("type")) {
    return "type of the message";
  }
  const auto* of_sent = sent.child("enc");
  const auto* of_came = came.child("enc");
  if (of_sent == nullptr || of_came == nullptr) {
    return "";
  }
  const auto* lost = lost_of(*of_sent, *of_came);
  return lost == nullptr ? "" : "attribute '" + lost->name + "' of <enc/>";
}

bool is_retry(const xml::Element& stanza) {
  return stanza.name == "receipt" && stanza.get("type") == "retry";
}

}  // namespace

void RelayLedger::note_sent(const std::string& link, const std::string& sender,
                            const xml::Element& stanza) {
  const auto name = sender + " " + stanza.get("id");
  if (stanza.name == "message") {
    messages_[name].push_back(stanza);
  } else if (is_retry(stanza)) {
    retries_[name].push_back(stanza);
  } else if (stanza.name == "ack" && stanza.get("class") == "message") {
    const auto at =
        delivered_.find(fmt::format("{} {} {}", link, user_of(stanza.get("to")), stanza.get("id")));
    if (at != delivered_.end()) {
      for (auto& [sealed, delivered] : at->second) {
        delivered.acked = true;
      }
    }
  }
}

void RelayLedger::note_came(const std::string& link, const xml::Element& stanza) {
  if (stanza.name == "success") {
    ++logins_[link];
  } else if (stanza.name == "message") {
    check_message(link, stanza);
  } else if (is_retry(stanza)) {
    check_retry(link, stanza);
  }
}

void RelayLedger::check_message(const std::string& link, const xml::Element& message) {
  const auto name = user_of(message.get("from")) + " " + message.get("id");
  const auto at = messages_.find(name);
  if (at == messages_.end()) {
    return;  // whose it is a step says
  }
  const auto sealed = sealed_in(message);
  const auto same = std::ranges::find_if(
      at->second, [&](const xml::Element& sent) { return sealed_in(sent) == sealed; });
  if (same == at->second.end()) {
    breaches_.note({"sealed-relayed", link,
                    "what is sealed is not delivered octet for octet as it was sent",
                    xml::print(message)});
    return;
  }
  if (const auto lost = lost_beside(*same, message); !lost.empty()) {
    breaches_.note({"enc-kept", link, "the server has changed the " + lost, xml::print(message)});
  }
  check_once(link, name, message);
}

void RelayLedger::check_once(const std::string& link, const std::string& name,
                             const xml::Element& message) {
  std::string sealed;
  for (const auto& octets : sealed_in(message)) {
    sealed += octets;
  }
  const auto login = logins_[link];
  const auto [at, fresh] =
      delivered_[link + " " + name].try_emplace(sealed, Delivered{.login = login});
  if (fresh) {
    return;
  }
  if (at->second.login == login || at->second.acked) {
    breaches_.note({"sealed-once", link,
                    at->second.acked ? "a message that was acknowledged is delivered again"
                                     : "a message is delivered twice on one connection",
                    xml::print(message)});
  }
  at->second.login = login;
}

void RelayLedger::check_retry(const std::string& link, const xml::Element& receipt) {
  const auto at = retries_.find(user_of(receipt.get("from")) + " " + receipt.get("id"));
  if (at == retries_.end()) {
    return;
  }
  const auto parts = [](const xml::Element& one) {
    std::vector<std::string> out;
    for (const auto* child : one.elements()) {
      out.push_back(xml::print_pretty(*child));
    }
    std::ranges::sort(out);
    return out;
  };
  const auto came = parts(receipt);
  const bool whole = std::ranges::any_of(at->second, [&](const xml::Element& sent) {
    return std::ranges::includes(came, parts(sent));
  });
  if (!whole) {
    breaches_.note({"retries-relayed", link,
                    "a request for a message is not passed on with all that it says",
                    xml::print(receipt)});
  }
}

}  // namespace parley::engine
