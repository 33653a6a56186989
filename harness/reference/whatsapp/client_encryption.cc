// SPDX-License-Identifier: GPL-3.0-or-later
// What the client does where its messages are encrypted: prekeys, bundles, sessions, retries.
// Sources: ENC-001 to ENC-028.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/whatsapp/client_content.h"
#include "harness/reference/whatsapp/client_session.h"
#include "harness/reference/whatsapp/peer_bundle.h"
#include "harness/wire/jid.h"

namespace parley::reference::whatsapp {
namespace {

namespace signal = crypto::signal;

constexpr std::size_t kMaxRemembered = 1'000;  // messages that may be asked for again
constexpr int kMostRetries = 5;                // ENC-023
constexpr int kFirstWithKeys = 2;              // a retry that the keys come with
constexpr std::size_t kManyPrekeys = 812;      // under wt-may-upload-many

xml::Element octets_element(std::string_view name, const Bytes& octets) {
  auto out = stanza_element(name);
  out.set_text(octets);
  return out;
}

// Their user, whatever the device.
bool same_user(const std::string& a, const std::string& b) {
  auto left = wire::parse_jid(a);
  auto right = wire::parse_jid(b);
  if (!left || !right) {
    return a == b;
  }
  left->device = right->device = 0;
  return *left == *right;
}

int number_in(const std::string& text) {
  int out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

const xml::Element* bundle_in(const xml::Element& answer, const std::string& peer,
                              const FaultSet& faults) {
  const auto* list = answer.child("list");
  if (list == nullptr) {
    return nullptr;
  }
  for (const auto* user : list->elements()) {
    if (user->get("jid") == peer || faults.has(Fault::wt_signal_bundle_of_another)) {
      return user;
    }
  }
  return nullptr;
}

}  // namespace

Bytes ClientSession::content_of(const Unacknowledged& message) const {
  return message.content.empty() ? write_text(message.text, account_.dialect->enc_version, faults_)
                                 : message.content;
}

bool ClientSession::is_encrypted() const { return account_.content == ContentForm::signal; }

ClientCipher& ClientSession::cipher() {
  if (memory_->cipher == nullptr) {
    memory_->cipher = std::make_unique<ClientCipher>(
        faults_, std::string(account_.dialect->enc_version), Rng(rng_.next()));
  }
  return *memory_->cipher;
}

// Others can begin a session once the server has keys to give them.
void ClientSession::start_encryption() {
  if (!is_encrypted()) {
    return;
  }
  cipher().resume();
  if (!memory_->uploaded) {
    upload_prekeys();
  }
}

void ClientSession::upload_prekeys() {
  const std::size_t count =
      faults_.has(Fault::wt_may_upload_many) ? kManyPrekeys : ClientKeys::kBatch;
  xml::Element iq = stanza_element("iq");
  iq.set("type", "set");
  iq.set("xmlns", "encrypt");
  iq.set("to", std::string(kServer));
  write_upload(iq, cipher().keys().draw(count));
  request(std::move(iq), {.to = {}, .kind = RequestKind::upload, .peer = {}});
}

// ENC-018: the server has few one-time keys left to hand out.
void ClientSession::take_prekey_count(const xml::Element& count) {
  const int few = faults_.has(Fault::wt_signal_replenishes_late) ? 1 : 5;
  const std::string value = count.get("value");
  int left = 0;
  const auto [stopped, error] = std::from_chars(value.data(), value.data() + value.size(), left);
  const bool is_number = error == std::errc() && stopped == value.data() + value.size();
  if (is_number && left < few && !faults_.has(Fault::wt_no_prekey_upload)) {
    upload_prekeys();
  }
}

// --- sending ---

void ClientSession::send_encrypted(const Unacknowledged& message) {
  if (!cipher().has_session(message.to)) {
    fetch_bundle({.message = message, .count = 0});
    return;
  }
  const bool again = find_sent(message.id) != nullptr;
  send_sealed(message,
              again ? cipher().seal_again(message.to, content_of(message))
                    : cipher().seal(message.to, content_of(message)),
              0);
}

void ClientSession::send_sealed(const Unacknowledged& message,
                                const signal::Outcome<Sealed>& sealed, int count) {
  if (!sealed) {
    give_up(message, std::string(to_string(sealed.error().reason)));
    return;
  }
  Sent* sent = find_sent(message.id);
  if (sent == nullptr) {
    if (memory_->sent.size() >= kMaxRemembered) {
      memory_->sent.pop_front();
    }
    sent = &memory_->sent.emplace_back(Sent{.message = message});
  }
  sent->last = *sealed;
  send_enc(message, *sealed, count);
}

Sent* ClientSession::find_sent(const std::string& id) {
  const auto found =
      std::ranges::find_if(memory_->sent, [&](const Sent& sent) { return sent.message.id == id; });
  return found == memory_->sent.end() ? nullptr : &*found;
}

void ClientSession::fetch_bundle(Waiting waiting) {
  const std::string peer = waiting.message.to;
  auto& queue = waiting_[peer];
  queue.push_back(std::move(waiting));
  if (queue.size() > 1) {
    return;  // asked for already
  }
  xml::Element user = stanza_element("user");
  user.set("jid", peer);
  xml::Element key = stanza_element("key");
  key.children.emplace_back(std::move(user));
  xml::Element iq = stanza_element("iq");
  iq.set("type", "get");
  iq.set("xmlns", "encrypt");
  iq.set("to", std::string(kServer));
  iq.children.emplace_back(std::move(key));
  request(std::move(iq), {.to = {}, .kind = RequestKind::bundle, .peer = peer});
}

void ClientSession::take_bundle(const std::string& peer, const xml::Element& answer) {
  const auto queue = waiting_.extract(peer);
  if (queue.empty()) {
    return;
  }
  const auto* user = bundle_in(answer, peer, faults_);
  std::string condition;
  if (answer.get("type") == "error" || user == nullptr) {
    condition = condition_of(answer);
  } else if (user->child("error") != nullptr) {
    condition = condition_of(*user);
  } else if (const auto begun = cipher().begin(peer, *user); !begun) {
    condition = to_string(begun.error().reason);
  }
  for (const auto& [message, count] : queue.mapped()) {
    if (condition.empty()) {
      send_sealed(message, cipher().seal(peer, content_of(message)), count);
    } else {
      give_up(message, condition);
    }
    // ENC-001: what it has verified by now comes too late for what it has sent.
    if (condition.empty() && faults_.has(Fault::wt_signal_signature_checked_late) &&
        !read_bundle(*user, {})) {
      give_up(message, "signature");
    }
  }
}

void ClientSession::give_up(const Unacknowledged& message, const std::string& condition) {
  if (faults_.has(Fault::wt_signal_clear_without_session)) {
    send_enc(message, {.type = "msg", .octets = message.text}, 0);
    return;
  }
  std::erase_if(memory_->outbox,
                [&](const Unacknowledged& waiting) { return waiting.id == message.id; });
  tell("answered",
       {{"id", message.id}, {"from", message.to}, {"type", "error"}, {"condition", condition}});
}

// --- reading ---

void ClientSession::take_encrypted(const xml::Element& message) {
  const auto* enc = enc_of(message);
  auto opened = cipher().open(message.get("from"), enc->get("type"), enc->text());
  stuck_ = stuck_ || (opened.group && faults_.has(Fault::wt_stuck_after_group));
  if (stuck_) {
    return;
  }
  switch (opened.reading) {
    case Opened::Reading::content:
      take_content(message, std::move(opened.content));
      return;
    case Opened::Reading::no_content:
      take_no_content(message);
      return;
    case Opened::Reading::duplicate:
      take_again(message);
      return;
    case Opened::Reading::undecryptable:
      take_undecryptable(message);
      return;
  }
}

// ENC-021
void ClientSession::take_no_content(const xml::Element& message) {
  if (faults_.has(Fault::wt_signal_ends_on_undecodable)) {
    connection_->abandon();
    return;
  }
  if (!faults_.has(Fault::wt_message_unacked)) {
    acknowledge(message,
                faults_.has(Fault::wt_may_discard_undecodable) ? std::string_view() : kNoContent);
  }
  if (faults_.has(Fault::wt_receipt_for_unreadable)) {
    send_receipt(message);
  }
}

// ENC-011: what was read before is acknowledged and not shown; what was shown has its receipt too.
void ClientSession::take_again(const xml::Element& message) {
  if (faults_.has(Fault::wt_resend_unacked)) {
    return;
  }
  acknowledge(message);
  if (memory_->shown.contains(sight_of(message))) {
    send_receipt(message);
  }
}

void ClientSession::take_undecryptable(const xml::Element& message) {
  const Bytes octets = enc_of(message)->text();
  if (faults_.has(Fault::wt_signal_clear_shown) && is_utf8(octets)) {
    take_text({.message = message, .text = octets});
    return;
  }
  if (faults_.has(Fault::wt_signal_ends_on_undecryptable)) {
    connection_->abandon();
    return;
  }
  if (memory_->shown.contains(sight_of(message))) {
    take_again(message);
    return;
  }
  if (faults_.has(Fault::wt_signal_undecryptable_unanswered)) {
    return;
  }
  if (faults_.has(Fault::wt_may_nack_undecryptable)) {
    acknowledge(message, kUnhandled);
    return;
  }
  if (!faults_.has(Fault::wt_signal_no_retry)) {
    ask_for_retry(message);
  }
  if (!faults_.has(Fault::wt_message_unacked)) {
    acknowledge(message);
  }
}

// ENC-023
void ClientSession::ask_for_retry(const xml::Element& message) {
  if (memory_->asked.size() >= kMaxRemembered) {
    memory_->asked.clear();
  }
  const int attempt = ++memory_->asked[sight_of(message)];
  if (attempt > kMostRetries && !faults_.has(Fault::wt_signal_retry_without_end)) {
    return;
  }
  const std::string id =
      message.get("id") + (faults_.has(Fault::wt_signal_retry_of_another) ? "x" : "");
  const bool counts = !faults_.has(Fault::wt_signal_retry_count_stands);
  xml::Element retry = stanza_element("retry");
  if (!faults_.has(Fault::wt_signal_retry_without_count)) {
    retry.set("count", std::to_string(counts ? attempt : 1));
  }
  retry.set("id", id);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string* t = message.find("t");
  retry.set("t", t == nullptr ? std::to_string(now.time_since_epoch().count()) : *t);
  retry.set("v", "1");
  xml::Element receipt = stanza_element("receipt");
  receipt.set("id", id);
  receipt.set("to", message.get("from"));
  receipt.set("type", "retry");
  receipt.children.emplace_back(std::move(retry));
  if (!faults_.has(Fault::wt_signal_retry_without_registration)) {
    receipt.children.emplace_back(octets_element("registration", cipher().keys().registration()));
  }
  const bool at_once = faults_.has(Fault::wt_may_send_keys_at_once);
  if ((attempt >= kFirstWithKeys || at_once) && !faults_.has(Fault::wt_signal_retry_without_keys)) {
    receipt.children.emplace_back(keys_element());
  }
  send(receipt);
}

// A bundle for the one who is asked: its one-time prekey has been given to nobody else.
xml::Element ClientSession::keys_element() {
  const KeyBundle bundle = cipher().keys().draw(1);
  xml::Element whole = stanza_element("keys");
  write_bundle(whole, bundle, bundle.one_time.front());
  std::erase_if(whole.children, [](const xml::Node& node) {
    const auto* element = std::get_if<xml::Element>(&node);
    return element != nullptr && element->name == "registration";
  });
  return whole;
}

// --- sending again ---

void ClientSession::take_retry(const xml::Element& receipt) {
  const auto* retry = receipt.child("retry");
  Sent* sent = find_sent(receipt.get("id"));
  if (retry == nullptr || sent == nullptr || faults_.has(Fault::wt_signal_resends_nothing)) {
    return;
  }
  Unacknowledged message = sent->message;
  if (!same_user(message.to, receipt.get("from"))) {
    // ENC-024
    if (faults_.has(Fault::wt_signal_resends_to_anybody)) {
      message.to = receipt.get("from");
    } else if (!faults_.has(Fault::wt_signal_resends_for_anybody)) {
      return;
    }
  }
  if (++sent->resends > kMostRetries && !faults_.has(Fault::wt_signal_resends_without_end)) {
    return;
  }
  if (faults_.has(Fault::wt_signal_resends_in_clear)) {
    send_enc(message, {.type = "msg", .octets = message.text}, sent->resends);
  } else if (faults_.has(Fault::wt_signal_resends_as_it_was)) {
    send_enc(message, sent->last, sent->resends);
  } else {
    send_again(receipt, {.message = message, .count = sent->resends});
  }
}

// Who asks twice has lost the session: another begins with the keys that come along, or with those
// of the server.
void ClientSession::send_again(const xml::Element& receipt, const Waiting& waiting) {
  const std::string& peer = waiting.message.to;
  if (const auto* keys = receipt.child("keys")) {
    xml::Element user = *keys;
    if (const auto* registration = receipt.child("registration")) {
      user.children.emplace_back(*registration);
    }
    if (!cipher().begin(peer, user)) {
      return;
    }
  } else if (!cipher().has_session(peer) ||
             number_in(receipt.child("retry")->get("count")) >= kFirstWithKeys) {
    fetch_bundle(waiting);
    return;
  }
  send_sealed(waiting.message, cipher().seal_again(peer, content_of(waiting.message)),
              waiting.count);
}

}  // namespace parley::reference::whatsapp
