// SPDX-License-Identifier: GPL-3.0-or-later
// What a client asks of the server, and what is passed on but not stored: requests,
// acknowledgements, receipts, presence, typing. Sources: STZ-013 to STZ-018, STZ-029; observed
// client behaviour.
#include <algorithm>
#include <utility>

#include "harness/reference/whatsapp/careless_relay.h"
#include "harness/reference/whatsapp/enlistment.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kNotImplemented = 501;

bool is_consent_namespace(const std::string& name) {
  return name == "w:interop" || name == "tos" || name == "privacy";
}

bool is_known_namespace(const std::string& name) {
  return name == "w:p" || name == "passive" || name == "encrypt" || name == kEnlistmentNamespace ||
         is_consent_namespace(name);
}

bool is_typing(const xml::Element& child) {
  return child.name == "composing" || child.name == "paused";
}

}  // namespace

void Session::on_stanza(const xml::Element& stanza) {
  store_late();
  if (stanza.name == "iq") {
    on_iq(stanza);
  } else if (stanza.name == "message") {
    on_message(stanza);
  } else if (stanza.name == "receipt") {
    on_receipt(stanza);
  } else if (stanza.name == "presence") {
    on_presence(stanza);
  } else if (stanza.name == "chatstate") {
    on_chatstate(stanza);
  } else if (stanza.name == "ack") {
    on_ack(stanza);
  } else if (stanza.name == "xmlstreamend") {
    close_with(make_element("xmlstreamend"));
  }
}

// STZ-013 and STZ-014: each request is answered once, an answer never.
void Session::on_iq(const xml::Element& iq) {
  const std::string type = iq.get("type");
  const bool answers = (type == "result" && has(Fault::wg_answers_result)) ||
                       (type == "error" && has(Fault::wg_answers_error));
  if (answers) {
    return error(iq, kBadRequest, "bad-request");
  }
  if (type == "result" || type == "error") {
    return;
  }
  if (iq.get("id").empty()) {
    return close_undecodable();
  }
  if (type != "get" && type != "set") {
    return error(iq, kBadRequest, "bad-request");
  }
  on_request(iq);
}

void Session::on_request(const xml::Element& iq) {
  if (has(Fault::wg_may_refuse_forged_request) &&
      !sender_of(iq, Fault::wg_upload_for_claimed_user)) {
    return error(iq, kBadRequest, "bad-request");
  }
  if (!is_server(iq.find("to"))) {
    return error(iq, kNotImplemented, "feature-not-implemented");
  }
  if (!payload_counts(iq)) {
    return error(iq, kBadRequest, "bad-request");
  }
  const std::string name = iq.get("xmlns");
  if (!is_known_namespace(name)) {
    if (has(Fault::wg_unknown_xmlns_unanswered)) {
      return;
    }
    if (!has(Fault::wg_accepts_unknown_xmlns)) {
      return error(iq, kNotImplemented, "feature-not-implemented");
    }
  }
  if (is_consent_namespace(name)) {
    return on_consent(iq);
  }
  if (name == "encrypt") {
    return on_encrypt(iq);
  }
  if (name == kEnlistmentNamespace) {
    return on_enlistment(iq);
  }
  return name == "passive" ? on_passive(iq) : result(iq);
}

// A third party's users may ask it alone, each for itself: the token says for whom.
void Session::on_enlistment(const xml::Element& iq) {
  Enlistment api(keeper_, faults_);
  if (!account_->address.integrator) {
    return error(iq, kForbidden, "forbidden");
  }
  const auto request = api.request_of(iq);
  const auto answer = api.answer(request);
  const int status = answer.message.response()->status;
  if (status < kBadRequest) {
    return result(iq, Enlistment::payload_of(answer));
  }
  auto out = make_element("iq");
  out.set("id", iq.get("id"));
  out.set("type", "error");
  out.children.emplace_back(Enlistment::payload_of(answer));
  auto condition = make_element("error");
  condition.set("code", std::to_string(status));
  out.children.emplace_back(std::move(condition));
  this->answer(std::move(out));
}

// STZ-015. A keepalive is empty, or has a ping; an upload of keys has several parts.
bool Session::payload_counts(const xml::Element& iq) {
  if (iq.get("xmlns") == "encrypt" && iq.get("type") == "set") {
    return true;
  }
  const auto count = iq.children.size();
  if (count == 0) {
    return iq.get("xmlns") == "w:p" || has(Fault::wg_accepts_zero_payloads);
  }
  if (count > 1) {
    return has(Fault::wg_accepts_two_payloads);
  }
  return iq.get("xmlns") != "w:p" || iq.child("ping") != nullptr;
}

void Session::on_passive(const xml::Element& iq) {
  const bool active = iq.child("active") != nullptr;
  if (!active && iq.child("passive") == nullptr && !iq.children.empty()) {
    return error(iq, kBadRequest, "bad-request");
  }
  result(iq);
  const bool was_passive = std::exchange(passive_, !active && !iq.children.empty());
  if (was_passive && !passive_) {
    deliver_offline();
  }
}

void Session::answer(xml::Element iq) {
  if (has(Fault::wg_iq_unanswered)) {
    return;
  }
  if (has(Fault::wg_iq_wrong_id)) {
    iq.set("id", iq.get("id") + "x");
  }
  iq.set("from", std::string(kServer));
  send(iq);
  if (has(Fault::wg_iq_answered_twice)) {
    send(iq);
  }
}

void Session::result(const xml::Element& request, std::optional<xml::Element> payload) {
  auto out = make_element("iq");
  out.set("id", request.get("id"));
  out.set("type", "result");
  if (payload) {
    out.children.emplace_back(std::move(*payload));
  }
  answer(std::move(out));
}

void Session::error(const xml::Element& request, int code, std::string_view text) {
  auto out = make_element("iq");
  out.set("id", request.get("id"));
  out.set("type", "error");
  auto condition = make_element("error");
  condition.set("code", std::to_string(code));
  condition.set("text", std::string(text));
  out.children.emplace_back(std::move(condition));
  answer(std::move(out));
}

// Tells the sender that the server has `stanza`, or why not.
void Session::ack(const xml::Element& stanza, std::string_view kind, int error) {
  auto out = make_element("ack");
  const bool message = kind == "message";
  out.set("class", message && has(Fault::wg_ack_wrong_class) ? "receipt" : std::string(kind));
  out.set("id", stanza.get("id") + (message && has(Fault::wg_ack_wrong_id) ? "x" : ""));
  if (const auto* to = stanza.find("to")) {
    out.set("from", *to);
  }
  if (!message && stanza.find("type") != nullptr) {
    out.set("type", stanza.get("type"));
  }
  if (error != 0) {
    out.set("error", std::to_string(error));
  } else {
    out.set("t", now_s());
  }
  send(out);
}

// STZ-018: nobody speaks as another user, or as the same user of another integrator.
std::optional<std::string> Session::sender_of(const xml::Element& stanza,
                                              Fault not_enforced) const {
  const auto* from = stanza.find("from");
  if (from == nullptr || *from == own()) {
    return own();
  }
  const auto claimed = parse_address(*from, FaultSet(), keeper_.dialect());
  if (claimed && claimed->bare() == own()) {
    return has(Fault::wg_from_device_shown) ? *from : own();
  }
  const bool namesake = claimed && claimed->integrator && account_->address.integrator &&
                        claimed->number == account_->address.number;
  const bool existing = has(Fault::wg_from_existing_not_enforced) && claimed &&
                        keeper_.find(claimed->bare()) != nullptr;
  if (has(not_enforced) || existing || (namesake && has(Fault::wg_from_integrator_not_enforced))) {
    return *from;
  }
  return has(Fault::wg_may_deliver_forged_as_own) ? std::optional(own()) : std::nullopt;
}

// What another user is shown as the sender (STZ-011, STZ-012).
std::string Session::shown(const std::string& bare) const {
  const auto address = parse_address(bare, FaultSet(), keeper_.dialect());
  if (address && !address->integrator && has(Fault::mg_shows_foreign_server)) {
    return address->number + "@" + std::string(kWhatsAppDialect.native_server);
  }
  if (!address || !address->integrator) {
    return bare;
  }
  if (has(Fault::wg_integrator_lost)) {
    return address->number + "@interop";
  }
  if (has(Fault::wg_integrator_swapped)) {
    auto swapped = *address;
    swapped.integrator = static_cast<std::uint16_t>(*address->integrator << 8);
    return swapped.bare();
  }
  if (has(Fault::wg_device_zero_shown)) {
    return std::to_string(*address->integrator) + "-" + address->number + ":0@interop";
  }
  return bare;
}

void Session::on_receipt(const xml::Element& receipt) {
  if (has(Fault::wg_acks_of_anybody)) {
    forget("message", receipt);
  }
  const auto from = sender_of(receipt, Fault::wg_from_receipt_not_enforced);
  if (receipt.get("id").empty() || !from) {
    return;
  }
  Account* to = recipient(receipt.get("to"), true);
  if (!has(Fault::wg_receipt_unacked)) {
    ack(receipt, "receipt", to == nullptr ? kNotFound : 0);
  }
  if (to == nullptr || has(Fault::wg_receipt_lost) ||
      !passes(*to, Fault::wg_receipts_while_out, Fault::wg_receipts_of_blocked)) {
    return;
  }
  // What is asked for again comes once more under its id, sealed anew.
  if (receipt.get("type") == "retry" && !has(Fault::wg_resealed_lost)) {
    to->sent.erase(receipt.get("id"));
  }
  auto out = make_element("receipt");
  out.set("id", receipt.get("id"));
  out.set("from", shown(*from));
  out.set("t", now_s());
  if (const auto* type = receipt.find("type")) {
    out.set("type", *type);
  }
  out.children = receipt.children;
  ask_again_carelessly(out, faults_);
  deliver(to->address.bare(), std::move(out));
}

xml::Element Session::presence_of(const std::string& bare, bool available) const {
  auto out = make_element("presence");
  out.set("from", shown(bare));
  if (!available) {
    out.set("type", "unavailable");
  }
  return out;
}

void Session::on_presence(const xml::Element& presence) {
  const auto from = sender_of(presence, Fault::wg_from_presence_not_enforced);
  const std::string type = presence.get("type");
  const bool unknown_refused =
      has(Fault::wg_unknown_children_refused) && !presence.children.empty();
  if (unknown_refused) {
    return close_undecodable();
  }
  if (!from) {
    return;
  }
  if (type == "subscribe") {
    return subscribe(presence.get("to"));
  }
  if (type != "available" && type != "unavailable" && !type.empty()) {
    return;
  }
  if (*from != own()) {
    Account* victim = recipient(*from, true);
    for (const auto& to : victim == nullptr ? std::set<std::string>() : victim->subscribers) {
      Account* account = keeper_.find(to);
      if (account != nullptr && account->session != nullptr) {
        account->session->send(presence_of(*from, type != "unavailable"));
      }
    }
    return;
  }
  available_ = type != "unavailable";
  if (const auto* name = presence.find("name")) {
    push_name_ = *name;
  }
  announce(available_);
}

void Session::subscribe(const std::string& to) {
  Account* account = recipient(to);
  if (account == nullptr) {
    return;
  }
  account->subscribers.insert(own());
  if (!presence_passes(*account, *account_)) {
    return;
  }
  const bool available = account->session != nullptr && account->session->available();
  if (!available && has(Fault::wg_may_keep_absence_quiet)) {
    return;
  }
  send(presence_of(account->address.bare(), available));
}

void Session::announce(bool available) {
  for (const auto& to : account_->subscribers) {
    Account* account = keeper_.find(to);
    if (account != nullptr && account->session != nullptr && account != account_ &&
        presence_passes(*account_, *account)) {
      account->session->send(presence_of(own(), available));
    }
  }
}

// STZ-029: one known child, or nothing happens.
bool Session::chatstate_counts(const xml::Element& chatstate) const {
  const auto children = chatstate.elements();
  if (children.empty()) {
    return has(Fault::wg_chatstate_without_child);
  }
  if (children.size() > 1 && !has(Fault::wg_chatstate_two_children)) {
    return false;
  }
  return has(Fault::wg_chatstate_unknown_child) ||
         std::ranges::all_of(children, [](const auto* child) { return is_typing(*child); });
}

void Session::on_chatstate(const xml::Element& chatstate) {
  const auto from = sender_of(chatstate, Fault::wg_from_chatstate_not_enforced);
  Account* to = recipient(chatstate.get("to"), true);
  if (!from || to == nullptr || to->session == nullptr || !chatstate_counts(chatstate) ||
      !passes(*to, Fault::wg_typing_while_out, Fault::wg_typing_of_blocked)) {
    return;
  }
  auto out = make_element("chatstate");
  out.set("from", shown(*from));
  out.children = chatstate.children;
  to->session->send(out);
}

// What was stored is delivered: its receiver has it, or has said that it cannot use it.
void Session::on_ack(const xml::Element& ack) {
  if (!has(Fault::wg_redelivers_acked)) {
    forget(ack.get("class"), ack);
  }
}

// Takes out what `answer` of this user says to be delivered: another's may have the same id.
void Session::forget(const std::string& kind, const xml::Element& answer) {
  const std::string id = answer.get("id");
  const std::string to = has(Fault::wg_acks_by_id_alone) ? "" : answer.get("to");
  const auto delivered = [&](const xml::Element& one) {
    return one.name == kind && one.get("id") == id && (to.empty() || one.get("from") == to);
  };
  const bool of_anybody = has(Fault::wg_acks_of_anybody);
  for (Account* account : of_anybody ? keeper_.all() : std::vector{account_}) {
    const auto found = std::ranges::find_if(account->stored, delivered);
    if (found != account->stored.end()) {
      account->stored.erase(found);
    }
  }
}

}  // namespace parley::reference::whatsapp
