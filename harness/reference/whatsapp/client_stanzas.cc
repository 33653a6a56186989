// SPDX-License-Identifier: GPL-3.0-or-later
// What the client does with each stanza that comes, and what it shows of it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/text.h"
#include "harness/reference/whatsapp/client_content.h"
#include "harness/reference/whatsapp/client_reader.h"
#include "harness/reference/whatsapp/client_session.h"
#include "harness/wire/jid.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::size_t kMaxShown = 10'000;  // senders and ids that are remembered

std::ptrdiff_t count_children(const xml::Element& element, std::string_view name) {
  return std::ranges::count_if(element.elements(),
                               [&](const xml::Element* child) { return child->name == name; });
}

bool is_chatstate(std::string_view name) { return name == "composing" || name == "paused"; }

}  // namespace

std::optional<ClientSession::Ending> ClientSession::take(Incoming item) {
  if (const auto* lost = std::get_if<ConnectionLost>(&item)) {
    const Retry retry = closing_ ? Retry::no : Retry::if_wanted;
    return Ending{.reason = closing_ ? "closed" : lost->reason, .retry = retry};
  }
  const auto* plaintext = std::get_if<Bytes>(&item);
  if (plaintext == nullptr) {
    return take_silence();
  }
  if (faults_.has(Fault::wt_refuses_large_frames) && plaintext->size() > UINT16_MAX) {
    return Ending{.reason = "too large a frame"};
  }
  const auto stanza = read_stanza(*plaintext, faults_, account_.dialect->tokens);
  if (!stanza) {
    return Ending{.reason = "not a stanza: " + stanza.error().detail,
                  .farewell = Farewell::stream_error};
  }
  return take_stanza(*stanza);
}

// TRN-023: an idle client asks whether anybody is there, once.
std::optional<ClientSession::Ending> ClientSession::take_silence() {
  if (!ready_) {
    return Ending{.reason = "no success in time"};
  }
  if (!keepalive_id_.empty() && !faults_.has(Fault::wt_stays_unanswered)) {
    return Ending{.reason = "a ping was not answered", .retry = Retry::if_wanted};
  }
  if (!faults_.has(Fault::wt_no_keepalive)) {
    keepalive_id_ = send_ping("");
  }
  return std::nullopt;
}

std::optional<ClientSession::Ending> ClientSession::take_stanza(const xml::Element& stanza) {
  if (stuck_) {
    return std::nullopt;
  }
  if (stanza.name == "stream:error") {
    return take_stream_error(stanza);
  }
  if (stanza.name == "xmlstreamend") {
    return take_stream_end();
  }
  if (stanza.name == "failure") {
    return take_failure(stanza);
  }
  if (closing_) {
    return std::nullopt;  // nothing can be said about it any more
  }
  if (ready_) {
    return dispatch(stanza);
  }
  // STZ-028: before <success/> nothing counts.
  if (stanza.name == "success") {
    start_session();
    return std::nullopt;
  }
  return faults_.has(Fault::wt_honours_before_success) ? dispatch(stanza) : std::nullopt;
}

// STZ-027: 515 and 503 ask for another connection; a conflict and everything else does not.
std::optional<ClientSession::Ending> ClientSession::take_stream_error(const xml::Element& error) {
  if (faults_.has(Fault::wt_stays_after_stream_error)) {
    return std::nullopt;
  }
  if (faults_.has(Fault::wt_sends_after_stream_error)) {
    send_presence("", "available");
  }
  const auto* conflict = error.child("conflict");
  const bool loops = faults_.has(Fault::wt_reconnects_after_conflict);
  if (conflict != nullptr) {
    return Ending{.reason = "conflict " + printable(conflict->get("type")),
                  .retry = loops ? Retry::always : Retry::no};
  }
  const std::string code = error.get("code");
  const bool may_retry = code == "515" || code == "503";
  return Ending{.reason = "stream error " + printable(code),
                .retry = loops       ? Retry::always
                         : may_retry ? Retry::if_wanted
                                     : Retry::no};
}

std::optional<ClientSession::Ending> ClientSession::take_stream_end() {
  if (closing_) {
    return Ending{.reason = "closed"};
  }
  const bool silent = faults_.has(Fault::wt_stream_end_unanswered);
  return Ending{.reason = "closed by the server",
                .farewell = silent ? Farewell::none : Farewell::stream_end};
}

std::optional<ClientSession::Ending> ClientSession::take_failure(const xml::Element& failure) {
  if (faults_.has(Fault::wt_failure_ignored)) {
    if (!ready_) {
      start_session();
    }
    return std::nullopt;
  }
  const std::string reason = failure.get("reason");
  Retry retry = reason == "503" ? Retry::if_wanted : Retry::no;
  if (faults_.has(Fault::wt_reconnects_after_failure)) {
    retry = Retry::always;
  }
  return Ending{.reason = "failure " + printable(reason), .retry = retry};
}

std::optional<ClientSession::Ending> ClientSession::dispatch(const xml::Element& stanza) {
  if (stanza.name != "message") {
    deliver_held();
  }
  if (stanza.name == "iq") {
    return take_iq(stanza);
  }
  if (stanza.name == "message") {
    take_message(stanza);
  } else if (stanza.name == "ack") {
    take_ack(stanza);
  } else if (stanza.name == "presence") {
    take_presence(stanza);
  } else if (stanza.name == "chatstate") {
    take_chatstate(stanza);
  } else {
    take_other(stanza);
  }
  return std::nullopt;
}

// STZ-023: each of these is acknowledged, whatever is in it; what nobody knows with an error.
void ClientSession::take_other(const xml::Element& stanza) {
  if (stanza.get("id").empty() || stanza.name == "success") {
    return;
  }
  if (stanza.name == "receipt") {
    if (!faults_.has(Fault::wt_receipt_unacked)) {
      acknowledge(stanza);
    }
    if (stanza.get("type") == "retry" && is_encrypted()) {
      take_retry(stanza);
    }
  } else if (stanza.name == "notification") {
    take_notification(stanza);
  } else if (stanza.name == "call") {
    if (!faults_.has(Fault::wt_call_unacked)) {
      acknowledge(stanza);
    }
  } else if (!faults_.has(Fault::wt_unknown_stanza_unacked)) {
    acknowledge(stanza, kUnknownStanza);
  }
}

void ClientSession::take_notification(const xml::Element& notification) {
  if (!faults_.has(Fault::wt_notification_unacked)) {
    acknowledge(notification);
  }
  const auto* count = notification.child("count");
  if (notification.get("type") == "encrypt" && count != nullptr) {
    take_prekey_count(*count);
  }
}

std::string_view ClientSession::unfit_envelope(const xml::Element& message) const {
  if (!is_user_jid(message.get("from"), *account_.dialect) &&
      !faults_.has(Fault::wt_accepts_malformed_jid) &&
      !faults_.has(Fault::mt_accepts_foreign_server)) {
    return kUnreadable;
  }
  // STZ-025
  if (message.child("participants") != nullptr && !faults_.has(Fault::wt_accepts_participants)) {
    return kUnreadable;
  }
  if (count_children(message, "enc") > 1 && !faults_.has(Fault::wt_accepts_two_encs)) {
    return kUnreadable;
  }
  if (std::ssize(message.elements()) != count_children(message, "enc") &&
      faults_.has(Fault::wt_unknown_children_refused)) {
    return kUnreadable;
  }
  return {};
}

std::string_view ClientSession::unfit(const xml::Element& message) const {
  if (const auto code = unfit_envelope(message); !code.empty()) {
    return code;
  }
  const bool any_type = faults_.has(Fault::wt_shows_mismatched_type);
  const bool media = message.get("type") == "media" && can_send_files();
  if (message.get("type") != "text" && !media && !any_type) {
    return kUnknownType;
  }
  const auto* enc = enc_of(message);
  if (enc == nullptr || !enc->elements().empty()) {
    return kUnreadable;
  }
  // STZ-026: what says that it is text is not shown when its <enc/> says that it is an image.
  if (enc->find("mediatype") != nullptr && !media && !any_type) {
    return kUnreadable;
  }
  const std::string type = enc->get("type");
  if (enc->get("v") != account_.dialect->enc_version || (type != "msg" && type != "pkmsg")) {
    return kUnreadable;
  }
  return is_encrypted() || is_utf8(enc->text()) ? std::string_view() : kNoContent;
}

const xml::Element* ClientSession::enc_of(const xml::Element& message) const {
  const auto* enc = message.child("enc");
  const auto* list = message.child("participants");
  if (enc != nullptr || list == nullptr || !faults_.has(Fault::wt_accepts_participants)) {
    return enc;
  }
  const auto* to = list->child("to");
  return to == nullptr ? list->child("enc") : to->child("enc");
}

void ClientSession::take_message(const xml::Element& message) {
  const bool drains = !account_.woken || !faults_.has(Fault::wt_woken_drains_nothing);
  if (message.get("id").empty() || message.get("from").empty() || !drains) {
    return;  // it cannot be acknowledged
  }
  if (const auto error = unfit(message); !error.empty()) {
    if (!faults_.has(Fault::wt_message_unacked)) {
      acknowledge(message, error);
    }
    if (faults_.has(Fault::wt_receipt_for_unreadable)) {
      send_receipt(message);
    }
    if (faults_.has(Fault::wt_may_ask_again)) {
      ask_again(message);
    }
    return;
  }
  if (is_encrypted()) {
    take_encrypted(message);
  } else {
    take_text({.message = message, .text = enc_of(message)->text()});
  }
}

// STZ-022: a resend is acknowledged again and shown no more.
void ClientSession::take_text(const Delivery& delivery) {
  if (memory_->shown.size() >= kMaxShown) {
    memory_->shown.clear();
  }
  const bool is_new = memory_->shown.insert(sight_of(delivery.message)).second;
  if (!is_new && !faults_.has(Fault::wt_shows_resend)) {
    if (!faults_.has(Fault::wt_resend_unacked)) {
      acknowledge(delivery.message);
      send_receipt(delivery.message);
    }
    return;
  }
  if (faults_.has(Fault::wt_reorders) && !held_message_) {
    held_message_ = delivery;
    return;
  }
  const bool overtakes = faults_.has(Fault::wt_may_media_text_overtakes) ||
                         faults_.has(Fault::wt_media_background_without_end);
  const bool waits = !arriving_.empty() && !overtakes;
  if (delivery.media || waits) {
    arrive(delivery);
    return;
  }
  deliver(delivery);
  deliver_held();
}

std::pair<std::string, std::string> ClientSession::sight_of(const xml::Element& message) const {
  const std::string from = message.get("from");
  return {faults_.has(Fault::wt_integrators_merged) ? with_own_integrator(from) : from,
          message.get("id")};
}

// STZ-024: the receipt follows what was shown.
void ClientSession::deliver(const Delivery& delivery) {
  if (!faults_.has(Fault::wt_receipt_without_showing)) {
    show(delivery);
  }
  if (!faults_.has(Fault::wt_message_unacked)) {
    acknowledge(delivery.message);
  }
  if (!faults_.has(Fault::wt_receipt_missing)) {
    send_receipt(delivery.message);
  }
}

void ClientSession::deliver_held() {
  if (held_message_) {
    deliver(*std::exchange(held_message_, std::nullopt));
  }
}

void ClientSession::show(const Delivery& delivery) {
  const xml::Element& message = delivery.message;
  const std::string from = message.get("from");
  const nlohmann::json params = {
      {"from", faults_.has(Fault::wt_integrator_not_shown) ? with_own_integrator(from) : from},
      {"type", message.get("type")},
      {"text", delivery.text},
      {"id", message.get("id")}};
  tell("received", params);
  if (faults_.has(Fault::wt_shows_twice)) {
    tell("received", params);
  }
}

void ClientSession::take_presence(const xml::Element& presence) {
  const std::string* type = presence.find("type");
  const std::string shown = type == nullptr ? "available" : *type;
  const std::string from = presence.get("from");
  if (is_user_jid(from, *account_.dialect) && (shown == "available" || shown == "unavailable")) {
    tell("presence", {{"from", from}, {"type", shown}});
  }
}

// STZ-029: shown as the presence of somebody who is composing or has paused.
void ClientSession::take_chatstate(const xml::Element& chatstate) {
  const auto children = chatstate.elements();
  const std::string from = chatstate.get("from");
  const bool right = children.size() == 1 && is_chatstate(children.front()->name);
  if (!is_user_jid(from, *account_.dialect) ||
      (!right && !faults_.has(Fault::wt_shows_bad_chatstate))) {
    return;
  }
  tell("presence",
       {{"from", from}, {"type", children.empty() ? "composing" : children.front()->name}});
}

std::string ClientSession::with_own_integrator(const std::string& jid) const {
  auto parsed = wire::parse_jid(jid);
  if (!parsed || !parsed->integrator) {
    return jid;
  }
  parsed->integrator = account_.integrator;
  return wire::to_string(*parsed);
}

}  // namespace parley::reference::whatsapp
