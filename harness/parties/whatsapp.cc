// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/parties/whatsapp.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::parties {
namespace {

using engine::PeerView;
using xml::Element;

// Stanzas that their receiver acknowledges by id and class.
constexpr std::array<std::string_view, 4> kAcknowledged{"message", "receipt", "notification",
                                                        "call"};
// Requests that any peer answers with an empty result: keepalive; active and passive.
constexpr std::array<std::string_view, 2> kAnsweredEmpty{"w:p", "passive"};

bool is_acknowledged(const Element& stanza) {
  return std::ranges::find(kAcknowledged, stanza.name) != kAcknowledged.end() &&
         !stanza.get("id").empty();
}

Element element(std::string name) {
  return {.ns = "", .name = std::move(name), .attributes = {}, .children = {}};
}

// A client says to whom it goes, a server from whom it comes.
void address(Element& answer, const Element& stanza, const PeerView& view) {
  const bool server = model::is_server(view.plays);
  const auto other = stanza.get(server ? "to" : "from");
  if (!other.empty()) {
    answer.set(server ? "from" : "to", other);
  }
}

Element ack_of(const Element& stanza, const PeerView& view) {
  auto out = element("ack");
  out.set("class", stanza.name);
  out.set("id", stanza.get("id"));
  address(out, stanza, view);
  if (const auto* type = stanza.find("type"); type != nullptr && stanza.name != "message") {
    out.set("type", *type);
  }
  return out;
}

// What a server that keeps keys answers about them; null for anything else.
std::optional<Element> keys_answer(const Element& iq, const PeerView& view) {
  if (!view.keys_of || iq.get("xmlns") != "encrypt") {
    return std::nullopt;
  }
  auto out = element("iq");
  if (const auto* asked = iq.child("key")) {
    auto list = element("list");
    for (const auto* user : asked->elements()) {
      list.children.emplace_back(view.keys_of(user->get("jid")));
    }
    out.children.emplace_back(std::move(list));
  } else if (iq.child("count") != nullptr) {
    auto count = element("count");
    count.set("value", std::to_string(view.keys_left));
    out.children.emplace_back(std::move(count));
  } else if (iq.get("type") != "set") {
    return std::nullopt;
  }
  return out;
}

Element answer_to(const Element& iq, const PeerView& view) {
  auto keys = keys_answer(iq, view);
  auto out = keys ? std::move(*keys) : element("iq");
  out.set("id", iq.get("id"));
  address(out, iq, view);
  if (keys) {
    out.set("type", "result");
    return out;
  }
  if (std::ranges::find(kAnsweredEmpty, iq.get("xmlns")) != kAnsweredEmpty.end()) {
    out.set("type", "result");
    return out;
  }
  out.set("type", "error");
  auto error = element("error");
  error.set("code", "501");
  error.set("text", "feature-not-implemented");
  out.children.emplace_back(std::move(error));
  return out;
}

std::vector<Element> respond(const Element& stanza, const PeerView& view) {
  const auto type = stanza.get("type");
  if (stanza.name == "iq" && (type == "get" || type == "set") && !stanza.get("id").empty()) {
    return {answer_to(stanza, view)};
  }
  if (is_acknowledged(stanza)) {
    return {ack_of(stanza, view)};
  }
  return {};
}

std::vector<Element> settle(const Element& came, const std::vector<const Element*>& said,
                            const PeerView& view) {
  const bool done = std::ranges::any_of(said, [&](const Element* one) {
    return one->name == "ack" && one->get("id") == came.get("id") && one->get("class") == came.name;
  });
  // Our own server forgets its accounts with the run.
  if (done || !is_acknowledged(came) || model::is_server(view.plays)) {
    return {};
  }
  return {ack_of(came, view)};
}

}  // namespace

engine::Manners whatsapp_manners() { return {.respond = respond, .settle = settle}; }

}  // namespace parley::parties
