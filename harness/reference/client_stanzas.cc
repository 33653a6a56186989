// SPDX-License-Identifier: GPL-3.0-or-later
// What a bound client does with each item of its stream.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/client_sasl.h"
#include "harness/reference/client_session.h"
#include "harness/reference/client_text.h"
#include "harness/reference/fragile_xml.h"

namespace parley::reference {
namespace {

constexpr std::string_view kRosterNs = "jabber:iq:roster";
constexpr std::string_view kPingNs = "urn:xmpp:ping";

xml::Element element(std::string_view ns, std::string_view name) {
  return {.ns = std::string(ns), .name = std::string(name), .attributes = {}, .children = {}};
}

// RFC 6121 section 5.2.2: a type that is absent or not understood is `normal`.
std::string message_type(const xml::Element& message) {
  constexpr std::array<std::string_view, 4> kTypes = {"chat", "error", "groupchat", "headline"};
  std::string type = message.get("type");
  return std::ranges::find(kTypes, type) == kTypes.end() ? "normal" : type;
}

bool is_presence_type(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes = {
      "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

bool has_unknown_child(const xml::Element& message) {
  return std::ranges::any_of(message.elements(), [](const xml::Element* child) {
    return child->ns != kClientNs ||
           (child->name != "body" && child->name != "subject" && child->name != "thread");
  });
}

}  // namespace

std::string ClientSession::sender(const xml::Element& stanza) const {
  // RFC 6120 section 8.1.2.1: what has no `from` comes from the user's own account.
  const std::string* from = stanza.find("from");
  return from == nullptr ? bare_jid_ : *from;
}

std::optional<Refusal> ClientSession::take(WireItem item) {
  if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
    stuck_ = stuck_ ||
             (faults_.has(Fault::tp_stuck_after_nested_stanza) && holds_stanza(stanza->element));
    return stuck_ ? std::nullopt : take_stanza(stanza->element);
  }
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    Bytes farewell = closing_ ? Bytes() : stream_error(refused->condition);
    return Refusal{.reason = refused->condition + ": " + refused->detail,
                   .farewell = std::move(farewell)};
  }
  if (const auto* lost = std::get_if<ConnectionLost>(&item)) {
    return Refusal{.reason = lost->reason, .farewell = {}};
  }
  if (std::holds_alternative<xml::StreamClosed>(item)) {
    return take_closed();
  }
  return Refusal{.reason = "a second stream header", .farewell = stream_error("invalid-xml")};
}

std::optional<Refusal> ClientSession::take_closed() {
  if (!closing_ && faults_.has(Fault::tp_ignores_stream_error) && stream_failed_) {
    wire_->resume();
    return std::nullopt;
  }
  const bool silent = closing_ || faults_.has(Fault::tp_no_close_answer);
  return Refusal{.reason = closing_ ? "closed" : "closed by the server",
                 .farewell = silent ? Bytes() : Bytes(kCloseTag)};
}

std::optional<Refusal> ClientSession::take_stanza(const xml::Element& stanza) {
  if (stanza.ns == kStreamNs && stanza.name == "error") {
    if (faults_.has(Fault::tp_ignores_stream_error)) {
      stream_failed_ = true;
      return std::nullopt;
    }
    const bool silent = closing_ || faults_.has(Fault::tp_no_close_answer);
    return Refusal{.reason = error_condition(stanza, kStreamErrorNs),
                   .farewell = silent ? Bytes() : Bytes(kCloseTag)};
  }
  if (stanza.ns != kClientNs) {
    return std::nullopt;  // not a stanza of this stream: nothing that was negotiated
  }
  if (stanza.name != "message") {
    show_held();
  }
  if (stanza.name == "message") {
    take_message(stanza);
  } else if (stanza.name == "presence") {
    take_presence(stanza);
  } else if (stanza.name == "iq") {
    take_iq(stanza);
  }
  return std::nullopt;
}

void ClientSession::take_message(const xml::Element& message) {
  if (message_type(message) == "error") {
    // RFC 6120 section 8.3.1: an error is never answered.
    if (faults_.has(Fault::tp_message_error_answered)) {
      answer_error(message, "cancel", "service-unavailable");
    }
    if (!faults_.has(Fault::tp_shows_error_as_message)) {
      return;
    }
  }
  if (is_encrypted() && take_event(message)) {
    return;
  }
  const auto* encrypted = is_encrypted() ? message.child("encrypted", omemo::kNs) : nullptr;
  if (encrypted != nullptr) {
    take_encrypted(message, *encrypted);
    return;
  }
  if (body_of(message) == nullptr) {
    return;
  }
  if (faults_.has(Fault::tp_unknown_children_dropped) && has_unknown_child(message)) {
    return;
  }
  if (faults_.has(Fault::tp_reorders) && !held_message_) {
    held_message_ = message;
    return;
  }
  show(message);
  show_held();
}

const xml::Element* ClientSession::body_of(const xml::Element& message) const {
  const auto* body = message.child("body", kClientNs);
  return body == nullptr && faults_.has(Fault::tp_shows_foreign_body) ? message.child("body")
                                                                      : body;
}

void ClientSession::show_held() {
  if (held_message_) {
    show(*std::exchange(held_message_, std::nullopt));
  }
}

void ClientSession::show(const xml::Element& message) {
  show_text(message, shown_text(body_of(message)->text(), faults_));
}

void ClientSession::show_text(const xml::Element& message, const std::string& text) {
  auto link = link_in(message, text);
  const bool marked =
      message.child("x", kOobNs) != nullptr || text.find("aesgcm://") != std::string::npos;
  if (!link && marked && faults_.has(Fault::tp_shared_failure_empty)) {
    const auto media = shown_file({}, std::nullopt);
    show_now(message, text, &media);
    return;
  }
  if (link || !arriving_.empty()) {
    arrive({.message = message, .text = text, .link = std::move(link)});
  } else {
    show_now(message, text, nullptr);
  }
}

// `media` is null where the message shares no file.
void ClientSession::show_now(const xml::Element& message, const std::string& text,
                             const nlohmann::json* media) {
  const bool misnamed = faults_.has(Fault::tp_shows_wrong_sender);
  nlohmann::json params = {{"from", misnamed ? bare_jid_ : sender(message)},
                           {"type", message_type(message)},
                           {"text", text}};
  if (const std::string* id = message.find("id")) {
    params["id"] = *id;
  }
  if (media != nullptr) {
    params["media"] = *media;
  }
  tell("received", params);
  if (faults_.has(Fault::tp_shows_twice)) {
    tell("received", params);
  }
}

void ClientSession::take_presence(const xml::Element& presence) {
  if (faults_.has(Fault::tp_presence_not_shown)) {
    return;
  }
  const std::string* type = presence.find("type");
  if (type == nullptr) {
    tell("presence", {{"from", sender(presence)}, {"type", "available"}});
    return;
  }
  if (!is_presence_type(*type)) {
    // RFC 6121 section 4.7.1
    answer_error(presence, "modify", "bad-request");
    return;
  }
  // Probes are for servers; an error of our own presence shows nobody's.
  if (*type != "probe" && *type != "error") {
    tell("presence", {{"from", sender(presence)}, {"type", *type}});
  }
}

void ClientSession::take_iq(const xml::Element& iq) {
  const std::string type = iq.get("type");
  const std::string* id = iq.find("id");
  if (id == nullptr || id->empty()) {
    return;  // it cannot be answered
  }
  if (type == "result" || type == "error") {
    take_answer(iq);
  } else if (type != "get" && type != "set") {
    answer_error(iq, "modify", "bad-request");
  } else if (!faults_.has(Fault::tp_never_answers_iq)) {
    take_request(iq);
  }
}

void ClientSession::take_request(const xml::Element& iq) {
  const auto payloads = iq.elements();
  if (payloads.size() != 1) {
    // RFC 6120 section 8.2.3
    faults_.has(Fault::tp_accepts_any_payloads) ? answer_result(iq)
                                                : answer_error(iq, "modify", "bad-request");
    return;
  }
  const xml::Element& payload = *payloads.front();
  const std::string type = iq.get("type");
  if (payload.ns == kPingNs && payload.name == "ping" && type == "get") {
    answer_result(iq);
  } else if (payload.ns == kRosterNs && payload.name == "query" && type == "set") {
    take_roster_push(iq, payload);
  } else if (faults_.has(Fault::tp_unknown_namespace_result)) {
    answer_result(iq);
  } else if (!faults_.has(Fault::tp_unknown_namespace_ignored)) {
    answer_error(iq, "cancel", "service-unavailable");
  }
}

void ClientSession::take_roster_push(const xml::Element& iq, const xml::Element& query) {
  if (faults_.has(Fault::tp_roster_push_unanswered)) {
    return;
  }
  // RFC 6121 section 2.1.6: a push counts only from the user's own account.
  if (sender(iq) != bare_jid_ && !faults_.has(Fault::tp_forged_roster_push_accepted)) {
    answer_error(iq, "cancel", "service-unavailable");
    return;
  }
  const auto items = query.elements();
  if (items.size() != 1 || items.front()->name != "item" || items.front()->ns != kRosterNs) {
    answer_error(iq, "modify", "bad-request");
    return;
  }
  answer_result(iq);  // nothing shows the roster, so nothing keeps it
}

bool ClientSession::is_answer_of(const xml::Element& iq, const Request& request) const {
  const std::string* from = iq.find("from");
  if (faults_.has(Fault::tp_forged_result_accepted)) {
    return true;
  }
  const bool to_server =
      request.to.empty() || request.to == account_.domain || request.to == bare_jid_;
  if (!to_server) {
    return from != nullptr && *from == request.to;
  }
  if (from == nullptr) {
    return !bound_ || !faults_.has(Fault::tp_empty_from_result_refused);
  }
  return *from == account_.domain || *from == bare_jid_;
}

void ClientSession::take_answer(const xml::Element& iq) {
  std::string type = iq.get("type");
  const bool answers = (type == "result" && faults_.has(Fault::tp_answers_results)) ||
                       (type == "error" && faults_.has(Fault::tp_answers_errors));
  if (answers) {
    answer_error(iq, "cancel", "service-unavailable");
  }
  const std::string id = iq.get("id");
  const auto found = requests_.find(id);
  const bool known = found != requests_.end() && is_answer_of(iq, found->second);
  const bool failed =
      found != requests_.end() && !known && faults_.has(Fault::tp_forged_result_fails_request);
  type = failed ? "error" : type;
  const bool taken =
      known || failed ||
      (found == requests_.end() && faults_.has(Fault::tp_unknown_id_result_accepted));
  if (!taken) {
    return;
  }
  if (known) {
    const auto request = requests_.extract(found).mapped();
    if (request.kind == RequestKind::slot) {
      take_slot(request, iq);
      return;
    }
    if (request.kind == RequestKind::service_items || request.kind == RequestKind::service_info) {
      take_service(request, iq);
      return;
    }
    if (request.kind != RequestKind::plain) {
      take_node(request, iq);
      return;
    }
  }
  if (faults_.has(Fault::tp_answer_not_reported)) {
    return;
  }
  nlohmann::json params = {{"id", id}, {"from", sender(iq)}, {"type", type}};
  if (type == "error") {
    const auto* error = iq.child("error", kClientNs);
    params["condition"] =
        error == nullptr ? "undefined-condition" : error_condition(*error, kStanzaErrorNs);
  }
  tell("answered", std::move(params));
}

void ClientSession::answer_result(const xml::Element& iq) {
  xml::Element reply = element(kClientNs, "iq");
  reply.set("type", "result");
  answer(iq, std::move(reply));
}

void ClientSession::answer_error(const xml::Element& stanza, std::string_view type,
                                 std::string_view condition) {
  xml::Element reply = element(kClientNs, stanza.name);
  reply.set("type", "error");
  xml::Element error = element(kClientNs, "error");
  error.set("type", std::string(type));
  error.children.emplace_back(element(kStanzaErrorNs, condition));
  reply.children.emplace_back(std::move(error));
  answer(stanza, std::move(reply));
}

void ClientSession::answer(const xml::Element& request, xml::Element reply) {
  if (const std::string* from = request.find("from")) {
    reply.set("to", *from);
  }
  if (const std::string* id = request.find("id")) {
    reply.set("id", *id + (faults_.has(Fault::tp_wrong_id) ? "x" : ""));
  }
  send(reply);
  if (faults_.has(Fault::tp_answers_twice)) {
    send(std::move(reply));
  }
}

}  // namespace parley::reference
