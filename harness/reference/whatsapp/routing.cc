// SPDX-License-Identifier: GPL-3.0-or-later
// Messages: what is accepted, stored, delivered and delivered again. Sources: STZ-011, STZ-018 to
// STZ-022, STZ-025; observed client behaviour.
#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include "harness/reference/whatsapp/careless_relay.h"
#include "harness/reference/whatsapp/session.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;
constexpr std::size_t kMaxStored = 10'000;
constexpr std::size_t kFewStored = 3;  // wg-offline-three
constexpr std::size_t kMaxKeptIds = 100'000;

// Of a type or a version that need not be known, or empty.
bool is_odd(const xml::Element* enc) {
  return enc != nullptr && ((enc->get("type") != "msg" && enc->get("type") != "pkmsg") ||
                            (enc->get("v") != "2" && enc->get("v") != "3") || enc->text().empty());
}

bool is_known_child(const std::string& name) { return name == "enc" || name == "participants"; }

}  // namespace

// Null for what is no address of a user here.
Account* Session::recipient(const std::string& to, bool any_device) {
  // A receipt may name device 0, which the text of an address leaves out.
  const auto zero = any_device ? to.find(":0@") : std::string::npos;
  const auto address =
      parse_address(zero == std::string::npos ? to : to.substr(0, zero) + to.substr(zero + 2),
                    faults_, keeper_.dialect());
  if (!address || (address->device != 0 && !any_device)) {
    return nullptr;
  }
  if (has(Fault::wg_integrators_merged) && address->integrator) {
    for (Account* one : keeper_.of_number(address->number)) {
      if (one->address.integrator) {
        return one;
      }
    }
  }
  return keeper_.find(address->bare());
}

// STZ-025: exactly one flat enc. STZ-016: children that it does not know do not matter.
int Session::shape_error(const xml::Element& message) const {
  const auto children = message.elements();
  const auto encs =
      std::ranges::count_if(children, [](const auto* child) { return child->name == "enc"; });
  const bool is_wrapped = message.child("participants") != nullptr;
  if (is_wrapped && !has(Fault::wg_accepts_participants)) {
    return kBadRequest;
  }
  if (encs > 1 && !has(Fault::wg_accepts_two_enc)) {
    return kBadRequest;
  }
  if (encs == 0 && !is_wrapped && !has(Fault::wg_accepts_no_enc)) {
    return kBadRequest;
  }
  if (has(Fault::wg_may_refuse_odd_enc) && is_odd(message.child("enc"))) {
    return kBadRequest;
  }
  const bool has_unknown =
      std::ranges::any_of(children, [](const auto* child) { return !is_known_child(child->name); });
  return has_unknown && has(Fault::wg_unknown_children_refused) ? kBadRequest : 0;
}

int Session::message_error(const xml::Element& message) const {
  if (!sender_of(message, Fault::wg_from_message_not_enforced)) {
    return kBadRequest;
  }
  const auto to = parse_address(message.get("to"), faults_, keeper_.dialect());
  if (!to && to.error().code != Errc::not_found) {
    return kBadRequest;
  }
  return shape_error(message);
}

void Session::on_message(const xml::Element& message) {
  if (message.get("id").empty()) {
    return close_undecodable();
  }
  if (has(Fault::wg_may_drop_forged) && !sender_of(message, Fault::wg_from_message_not_enforced)) {
    return;
  }
  int refusal = message_error(message);
  Account* to = refusal == 0 ? recipient(message.get("to")) : nullptr;
  if (refusal == 0 && to == nullptr) {
    refusal = kNotFound;
  }
  if (refusal == 0 && to->stored.size() >= kMaxStored) {
    refusal = kUnavailable;
  }
  if (refusal != 0) {
    return ack(message, "message", refusal);
  }
  if (stopped_by_consent(message, *to)) {
    return;
  }
  if (const auto novelty = novelty_of(message); novelty != Novelty::fresh) {
    if (!has(Fault::wg_resend_unacked)) {
      const bool refused = novelty == Novelty::other && has(Fault::wg_may_refuse_reused_id);
      ack(message, "message", refused ? kBadRequest : 0);
    }
    return;
  }
  const auto from = sender_of(message, Fault::wg_from_message_not_enforced);
  const std::string bare = to->address.bare();
  account_->correspondents.insert(bare);
  to->correspondents.insert(own());
  auto delivered = as_delivered(message, shown(*from));
  // STZ-021: acknowledged once it is stored.
  const bool late = has(Fault::wg_acks_before_storing);
  if (!late) {
    accept_message(bare, std::move(delivered));
  } else {
    unstored_ = Waiting{bare, std::move(delivered)};
  }
  if (!has(Fault::wg_no_ack)) {
    ack(message, "message");
  }
}

// STZ-022: an id is used once by a sender; again it is the same message.
Session::Novelty Session::novelty_of(const xml::Element& message) {
  auto& sent = account_->sent;
  if (sent.size() >= kMaxKeptIds) {
    sent.erase(sent.begin());
  }
  const std::string id = message.get("id");
  const auto* enc = message.child("enc");
  const auto content = std::hash<std::string>()(enc == nullptr ? std::string() : enc->text());
  const auto [at, fresh] = sent.emplace(id, content);
  const bool of_another = has(Fault::wg_ids_of_all_senders) &&
                          std::ranges::any_of(keeper_.all(), [&](const Account* other) {
                            return other != account_ && other->sent.contains(id);
                          });
  const bool last = std::exchange(account_->last_sent, id) == id;
  const bool known = has(Fault::wg_remembers_last_id) ? last : (!fresh || of_another);
  if (!known || has(Fault::wg_resend_delivered_twice)) {
    return Novelty::fresh;
  }
  return at->second == content ? Novelty::again : Novelty::other;
}

xml::Element Session::as_delivered(const xml::Element& message, const std::string& from) const {
  auto out = make_element("message");
  out.set("id", message.get("id"));
  out.set("from", from);
  if (const auto* type = message.find("type")) {
    out.set("type", *type);
  }
  out.set("t", now_s());
  out.set("sts", now_us());
  if (!push_name_.empty()) {
    out.set("display_name", push_name_);
  }
  if (const auto* participant = message.find("participant");
      participant != nullptr && has(Fault::wg_participant_passed_on)) {
    out.set("participant", *participant);
  }
  out.children = message.children;
  for (auto& child : out.children) {
    auto* enc = std::get_if<xml::Element>(&child);
    if (enc != nullptr && enc->name == "enc" && has(Fault::wg_enc_type_changed)) {
      enc->set("type", "pkmsg");
    }
  }
  relay_carelessly(out, keeper_.dialect().enc_version, faults_);
  if (has(Fault::wg_wraps_in_participants)) {
    auto wrapped = make_element("participants");
    wrapped.children = std::exchange(out.children, {});
    out.children.emplace_back(std::move(wrapped));
  }
  return out;
}

void Session::accept_message(const std::string& to, xml::Element delivered) {
  ++messages_;
  if ((has(Fault::wg_drops_messages) && messages_ % 2 == 0) ||
      (has(Fault::wg_drops_every_fifth) && messages_ % 5 == 0)) {
    return;
  }
  if (has(Fault::wg_reorders_messages) && !held_) {
    held_ = Waiting{to, std::move(delivered)};
    return;
  }
  if (has(Fault::wg_delivers_to_stranger)) {
    for (Account* other : keeper_.all()) {
      if (other != account_ && other->session != nullptr && other->address.bare() != to) {
        other->session->send(delivered);
      }
    }
  }
  deliver(to, delivered);
  if (has(Fault::wg_duplicates_messages)) {
    deliver(to, delivered);
  }
  release_held();
}

// wg-reorders-messages: the first of two comes after the second.
void Session::release_held() {
  if (const auto held = std::exchange(held_, std::nullopt)) {
    deliver(held->to, held->stanza);
  }
}

// wg-acks-before-storing: nothing is stored until the sender says something else.
void Session::store_late() {
  if (auto late = std::exchange(unstored_, std::nullopt)) {
    accept_message(late->to, std::move(late->stanza));
  }
}

// To a user who is there, now; and kept until that user acknowledges it.
void Session::deliver(const std::string& to, xml::Element stanza) {
  Account* account = keeper_.find(to);
  if (account == nullptr) {
    return;
  }
  const bool there = account->session != nullptr && account->session->takes_messages();
  if (there) {
    account->session->send(stanza);
  }
  const bool full = account->stored.size() >= kFewStored && has(Fault::wg_offline_three);
  const bool lost = !there && (full || has(Fault::wg_offline_lost));
  if (!there) {
    keep_waiting_carelessly(stanza, faults_);
  }
  const bool forgotten = there && has(Fault::wg_no_redelivery);
  if (!lost && !forgotten && account->stored.size() < kMaxStored) {
    account->stored.push_back(std::move(stanza));
  }
  if (!there) {
    wake(*account, account->stored.empty() ? make_element("") : account->stored.back());
  }
}

// Has the third party's service wake the client of its user, for whom something waits.
void Session::wake(const Account& account, const xml::Element& waiting) {
  const auto caller = keeper_.caller(account.address.integrator);
  if (caller == nullptr || waiting.name != "message") {
    return;
  }
  FaultSet faults = faults_;
  faults.add(account.faults);
  const auto* enc = waiting.child("enc");
  caller->push(
      {.identifier = account.identifier.empty() ? account.address.number : account.identifier,
       .sender = waiting.get("from"),
       .content = enc == nullptr ? "" : enc->text(),
       .is_away =
           [&keeper = keeper_, bare = account.address.bare()] {
             const Account* one = keeper.find(bare);
             return one != nullptr && one->session == nullptr && !one->stored.empty();
           }},
      faults);
}

// In order, before anything new (STZ-019).
void Session::deliver_offline() {
  auto stored = account_->stored;
  if (has(Fault::wg_offline_reversed)) {
    std::ranges::reverse(stored);
  }
  std::size_t number = 0;
  for (xml::Element& stanza : stored) {
    stanza.set("offline", std::to_string(number++));
    send(stanza);
    if (has(Fault::wg_offline_twice)) {
      send(stanza);
    }
  }
  if (has(Fault::wg_no_redelivery)) {
    account_->stored.clear();
  }
}

}  // namespace parley::reference::whatsapp
