// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_cipher.h"

#include <utility>

#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/records.h"
#include "harness/reference/whatsapp/careless_provider.h"
#include "harness/reference/whatsapp/fragile_binary.h"
#include "harness/reference/whatsapp/peer_bundle.h"
#include "harness/wire/jid.h"

namespace parley::reference::whatsapp {
namespace {

namespace signal = crypto::signal;
using signal::MessageKind;
using signal::Outcome;
using signal::Refusal;

// Two users with one number at two integrators are two users.
signal::Address address_of(const std::string& jid) {
  auto parsed = wire::parse_jid(jid);
  if (!parsed) {
    return {.name = jid, .device = signal::DeviceId(0)};
  }
  const signal::DeviceId device{std::exchange(parsed->device, std::uint16_t{0})};
  return {.name = wire::to_string(*parsed), .device = device};
}

// ENC-022: what <enc/> says counts, not what it looks like.
MessageKind kind_of(const std::string& type, const Bytes& octets, const FaultSet& faults) {
  if (faults.has(Fault::wt_signal_enc_type_ignored)) {
    return signal::read_prekey_message(octets) ? MessageKind::pkmsg : MessageKind::msg;
  }
  return type == to_string(MessageKind::pkmsg) ? MessageKind::pkmsg : MessageKind::msg;
}

std::unique_ptr<signal::Provider> make_provider(signal::Store& store, const FaultSet& faults,
                                                Rng rng) {
  auto made = needs_careless_provider(faults) ? make_careless_provider(store, faults, rng)
                                              : signal::make_library_provider(store, rng);
  return std::move(*made);  // the store has an identity
}

}  // namespace

ClientCipher::ClientCipher(const FaultSet& faults, std::string version, Rng rng)
    : faults_(faults),
      version_(std::move(version)),
      rng_(rng),
      keys_(faults, rng_.child("keys")),
      provider_(make_provider(keys_.store(), faults, rng_.child("sessions"))) {}

bool ClientCipher::has_session(const std::string& peer) const {
  const auto record = keys_.store().load(signal::session_record_of(address_of(peer)));
  return record && *record;
}

Outcome<void> ClientCipher::begin(const std::string& peer, const xml::Element& user) {
  const auto bundle = read_bundle(user, faults_);
  if (!bundle) {
    return std::unexpected(bundle.error());
  }
  const auto address = address_of(peer);
  auto begun = provider_->start_session(address, *bundle);
  // ENC-025
  if (!begun && begun.error().reason == Refusal::identity &&
      faults_.has(Fault::wt_signal_identity_change_taken)) {
    (void)provider_->set_identity(address, std::nullopt);
    begun = provider_->start_session(address, *bundle);
  }
  if (begun) {
    greeted_.erase(address);
    remember(address);
  }
  return begun;
}

Outcome<Sealed> ClientCipher::seal(const std::string& peer, const Bytes& content) {
  const auto address = address_of(peer);
  const auto record = keys_.store().load(signal::session_record_of(address));
  if (record && *record && faults_.has(Fault::wt_signal_message_key_reused)) {
    before_sealing_[address] = **record;
  }
  auto message = provider_->encrypt(address, padded_content(content, version_, rng_, faults_));
  if (!message) {
    return std::unexpected(message.error());
  }
  const bool again = !greeted_.insert(address).second;
  if (message->kind == MessageKind::pkmsg && (faults_.has(Fault::wt_signal_msg_at_once) ||
                                              (again && faults_.has(Fault::wt_signal_one_pkmsg)))) {
    const auto first = signal::read_prekey_message(message->octets);
    *message = {.kind = MessageKind::msg, .octets = first ? first->message : Bytes()};
  }
  MessageKind said = message->kind;
  if (faults_.has(Fault::wt_signal_other_enc_type)) {
    said = said == MessageKind::msg ? MessageKind::pkmsg : MessageKind::msg;
  }
  return Sealed{.type = std::string(to_string(said)), .octets = std::move(message->octets)};
}

// ENC-015: a message that goes out once more has a key of its own.
Outcome<Sealed> ClientCipher::seal_again(const std::string& peer, const Bytes& content) {
  const auto before = before_sealing_.find(address_of(peer));
  if (before != before_sealing_.end() && faults_.has(Fault::wt_signal_message_key_reused)) {
    (void)keys_.store().save(signal::session_record_of(before->first), before->second);
  }
  return seal(peer, content);
}

Opened ClientCipher::open(const std::string& peer, const std::string& type, const Bytes& octets) {
  const Message message{.kind = kind_of(type, octets, faults_), .octets = octets};
  if (const auto sound = check_keys(message, faults_); !sound) {
    return {};
  }
  const auto plaintext = decrypt(address_of(peer), message);
  if (!plaintext) {
    const bool duplicate = plaintext.error().reason == Refusal::duplicate;
    return {.reading = duplicate ? Opened::Reading::duplicate : Opened::Reading::undecryptable};
  }
  auto content = read_content(*plaintext, version_, faults_);
  if (!content) {
    return {.reading = Opened::Reading::no_content, .group = begins_with_group(*plaintext)};
  }
  return {.reading = Opened::Reading::content, .content = std::move(*content)};
}

// What is left of a session when only what was read is written down.
void ClientCipher::resume() {
  for (const auto& [peer, record] : restored_) {
    (void)keys_.store().save(signal::session_record_of(peer), record);
  }
}

void ClientCipher::remember(const Address& peer) {
  peers_.insert(peer);
  const auto record = keys_.store().load(signal::session_record_of(peer));
  if (record && *record && faults_.has(Fault::wt_signal_sent_counters_forgotten)) {
    restored_[peer] = **record;
  }
}

Outcome<Bytes> ClientCipher::decrypt(const Address& peer, const Message& message) {
  auto text = decrypt_once(peer, message);
  if (!text) {
    text = decrypt_carelessly(peer, message, text.error());
  }
  if (text) {
    remember(peer);
  }
  return text;
}

// ENC-005: a one-time prekey is gone once a session has begun with it.
Outcome<Bytes> ClientCipher::decrypt_once(const Address& peer, const Message& message) {
  if (!faults_.has(Fault::wt_signal_one_time_prekey_kept) &&
      !faults_.has(Fault::wt_signal_session_reset_by_replay)) {
    return provider_->decrypt(peer, message);
  }
  const auto first = signal::read_prekey_message(message.octets);
  const auto used = first && first->prekey_id
                        ? signal::load_prekey(keys_.store(), signal::PrekeyId(*first->prekey_id))
                        : fail(Errc::not_found, "no one-time prekey");
  auto text = provider_->decrypt(peer, message);
  if (text && used) {
    (void)signal::save_prekey(keys_.store(), *used);
  }
  return text;
}

Outcome<Bytes> ClientCipher::decrypt_carelessly(const Address& peer, const Message& message,
                                                const signal::Failure& failure) {
  if (failure.reason == Refusal::identity && faults_.has(Fault::wt_signal_identity_change_taken)) {
    (void)provider_->set_identity(peer, std::nullopt);
    return decrypt_once(peer, message);
  }
  // ENC-006
  if (failure.reason == Refusal::duplicate && message.kind == MessageKind::pkmsg &&
      faults_.has(Fault::wt_signal_session_reset_by_replay)) {
    (void)keys_.store().remove(signal::session_record_of(peer));
    return decrypt_once(peer, message);
  }
  // ENC-007
  if (faults_.has(Fault::wt_signal_session_of_anybody)) {
    for (const Address& other : peers_) {
      if (auto text = provider_->decrypt(other, message)) {
        return text;
      }
    }
  }
  return std::unexpected(failure);
}

}  // namespace parley::reference::whatsapp
