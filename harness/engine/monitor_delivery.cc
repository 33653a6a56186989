// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_delivery.h"

#include <map>
#include <set>
#include <string>

namespace parley::engine {
namespace {

const xml::Element* stanza_of(const Seen& seen) {
  const auto* stanza = std::get_if<xml::Stanza>(&seen.item);
  return stanza == nullptr ? nullptr : &stanza->element;
}

// The texts that we sent in messages.
std::set<std::string> sent_texts(const Watched& watched) {
  std::set<std::string> out;
  for (const auto& sent : watched.sent) {
    if (const auto* body = sent.element.child("body");
        sent.element.name == "message" && body != nullptr) {
      out.insert(body->text());
    }
  }
  return out;
}

// The text of a message that is no error; null for anything else.
const xml::Element* body_of(const xml::Element* stanza) {
  return stanza != nullptr && stanza->name == "message" && stanza->get("type") != "error"
             ? stanza->child("body")
             : nullptr;
}

// The first message with a text of ours that a server has delivered as `wrong` says; null for none.
template <class Wrong>
const Seen* misdelivered(const Watched& watched, const Wrong& wrong) {
  if (!model::is_server(watched.sut)) {
    return nullptr;
  }
  const auto ours = sent_texts(watched);
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    const auto* body = body_of(stanza);
    if (body != nullptr && ours.contains(body->text()) && wrong(seen, *stanza)) {
      return &seen;
    }
  }
  return nullptr;
}

std::string on_stream(const Seen& seen) {
  const auto* stanza = stanza_of(seen);
  return "on the stream of " + seen.link + ": " + xml::print(*stanza, stanza->ns);
}

}  // namespace

std::optional<Finding> stamped_from(const Watched& watched) {
  const auto* seen = misdelivered(watched, [](const Seen&, const xml::Element& stanza) {
    return stanza.find("from") == nullptr;
  });
  return seen == nullptr
             ? std::nullopt
             : std::optional(found("stamped-from", "the server delivered a stanza without 'from'",
                                   on_stream(*seen)));
}

std::optional<Finding> delivered_where(const Watched& watched) {
  const auto* seen =
      misdelivered(watched, [](const Seen& one, const xml::Element&) { return one.step.empty(); });
  return seen == nullptr ? std::nullopt
                         : std::optional(found("delivered-where",
                                               "a message came to a stream that it was not for",
                                               on_stream(*seen)));
}

std::optional<Finding> delivered_once(const Watched& watched) {
  const auto ours = sent_texts(watched);
  std::set<std::string> delivered;
  for (const auto& seen : watched.seen) {
    const auto* stanza = stanza_of(seen);
    const auto* body = body_of(stanza);
    if (body != nullptr && ours.contains(body->text()) &&
        !delivered.insert(seen.link + " " + stanza->get("from") + " " + body->text()).second) {
      return found("delivered-once", "one message was delivered twice",
                   xml::print(*stanza, stanza->ns));
    }
  }
  return std::nullopt;
}

std::optional<Finding> shown_once(const Watched& watched) {
  std::map<std::string, int> sent;  // by link and text
  for (const auto& one : watched.sent) {
    if (const auto* body = body_of(&one.element)) {
      ++sent[one.link + " " + body->text()];
    }
  }
  std::map<std::string, int> shown;
  for (const auto& event : watched.record.events) {
    if (event.kind != Event::Kind::notice || event.text != "received" || !event.data.is_object()) {
      continue;
    }
    const auto text = event.data.value("text", nlohmann::json());
    const auto key = event.link + " " + (text.is_string() ? text.get<std::string>() : "");
    if (sent.contains(key) && ++shown[key] > sent[key]) {
      return found("shown-once", "one message was shown twice",
                   event.data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
  }
  return std::nullopt;
}

}  // namespace parley::engine
