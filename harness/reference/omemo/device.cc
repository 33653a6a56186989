// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/omemo/device.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/crypto/aes_gcm.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/message.h"
#include "harness/crypto/signal/session.h"
#include "harness/reference/whatsapp/careless_provider.h"

namespace parley::reference::omemo {
namespace {

namespace signal = crypto::signal;
using signal::MessageKind;

constexpr std::uint64_t kMaxDeviceId = 0x7FFFFFFF;
constexpr std::size_t kPrekeys = 40;
constexpr std::size_t kFewPrekeys = 5;  // under tp-omemo-few-prekeys
constexpr std::size_t kLongIv = 16;
constexpr std::size_t kMaterialOctets = crypto::kAes128KeyOctets + crypto::kGcmTagOctets;

// A mistake within the Signal protocol is the same one whose stanzas carry it.
struct SameMistake {
  Fault here;
  Fault there;
};
constexpr std::array kSignalMistakes{
    SameMistake{Fault::tp_omemo_signature_unchecked, Fault::wt_signal_signature_unchecked},
    SameMistake{Fault::tp_omemo_missing_signature_taken, Fault::wt_signal_signature_unchecked},
    SameMistake{Fault::tp_omemo_mac_unchecked, Fault::wt_signal_mac_unchecked},
    SameMistake{Fault::tp_omemo_late_message_refused, Fault::wt_signal_late_message_refused},
    SameMistake{Fault::tp_omemo_counter_unlimited, Fault::wt_signal_counter_unlimited},
    SameMistake{Fault::tp_omemo_ratchet_never_turns, Fault::wt_signal_ratchet_never_turns},
    SameMistake{Fault::tp_omemo_older_versions_taken, Fault::wt_signal_older_versions_accepted},
};

FaultSet signal_faults(const FaultSet& faults) {
  FaultSet out;
  for (const auto& mistake : kSignalMistakes) {
    if (faults.has(mistake.here)) {
      out.add(mistake.there);
    }
  }
  return out;
}

// Of a store in memory that has an identity neither fails.
std::unique_ptr<signal::Provider> make_provider(signal::Store& store, const FaultSet& faults,
                                                Rng rng) {
  const auto careless = signal_faults(faults);
  auto made = whatsapp::needs_careless_provider(careless)
                  ? whatsapp::make_careless_provider(store, careless, rng)
                  : signal::make_library_provider(store, rng);
  return std::move(*made);
}

}  // namespace

Device::Device(const FaultSet& faults, Rng rng)
    : faults_(faults), rng_(rng), id_(static_cast<std::uint32_t>(1 + rng_.below(kMaxDeviceId))) {
  const bool few = faults_.has(Fault::tp_omemo_few_prekeys);
  keys_ = *signal::make_device(store_, few ? kFewPrekeys : kPrekeys, 0, rng_);
  next_prekey_ = static_cast<std::uint32_t>(keys_.one_time.size()) + 1;
  provider_ = make_provider(store_, faults_, rng_.child("sessions"));
}

xml::Element Device::bundle() const {
  xml::Element out = element(kNs, "bundle");
  xml::Element signed_prekey = octets_element(
      "signedPreKeyPublic", signal::serialized_key(keys_.signed_prekey.keys.public_key));
  signed_prekey.set("signedPreKeyId",
                    std::to_string(static_cast<std::uint32_t>(keys_.signed_prekey.id)));
  out.children.emplace_back(std::move(signed_prekey));
  const bool wrong = faults_.has(Fault::tp_omemo_own_signature_wrong);
  out.children.emplace_back(octets_element(
      "signedPreKeySignature",
      wrong ? Bytes(keys_.signed_prekey.signature.size(), '\0') : keys_.signed_prekey.signature));
  out.children.emplace_back(
      octets_element("identityKey", signal::serialized_key(keys_.identity.keys.public_key)));
  xml::Element prekeys = element(kNs, "prekeys");
  for (const auto& one : keys_.one_time) {
    xml::Element prekey =
        octets_element("preKeyPublic", signal::serialized_key(one.keys.public_key));
    prekey.set("preKeyId", std::to_string(static_cast<std::uint32_t>(one.id)));
    prekeys.children.emplace_back(std::move(prekey));
  }
  out.children.emplace_back(std::move(prekeys));
  return out;
}

bool Device::has_session(const std::string& jid, std::uint32_t device) const {
  return peers_.contains({.name = jid, .device = signal::DeviceId(device)});
}

bool Device::begin(const std::string& jid, std::uint32_t device, const xml::Element& bundle) {
  auto keys = read_bundle(bundle, rng_.next(), faults_);
  if (!keys) {
    return false;
  }
  const bool signature_taken = faults_.has(Fault::tp_omemo_signature_unchecked) ||
                               faults_.has(Fault::tp_omemo_missing_signature_taken);
  if (!signature_taken && !signal::check_bundle(*keys)) {
    return false;  // a careless provider takes every bundle
  }
  keys->device = signal::DeviceId(device);
  const Address peer{.name = jid, .device = keys->device};
  auto begun = provider_->start_session(peer, *keys);
  if (!begun && begun.error().reason == signal::Refusal::identity &&
      faults_.has(Fault::tp_omemo_identity_change_taken)) {
    (void)provider_->set_identity(peer, std::nullopt);
    begun = provider_->start_session(peer, *keys);
  }
  if (begun) {
    peers_.insert(peer);
  }
  return begun.has_value();
}

std::optional<xml::Element> Device::seal(const std::string& jid,
                                         const std::vector<std::uint32_t>& devices,
                                         const std::string& text) {
  Bytes fresh = rng_.octets(crypto::kAes128KeyOctets + crypto::kGcmNonceOctets);
  if (faults_.has(Fault::tp_omemo_payload_key_reused)) {
    fresh = key_and_iv_.value_or(fresh);
    key_and_iv_ = fresh;
  }
  Bytes material = fresh.substr(0, crypto::kAes128KeyOctets);
  const SecretBytes key(material);
  Envelope envelope{.sid = faults_.has(Fault::tp_omemo_other_sid) ? id_ ^ 1U : id_,
                    .keys = {},
                    .iv = fresh.substr(crypto::kAes128KeyOctets),
                    .payload = std::nullopt};
  auto sealed = crypto::aes128_gcm_seal({.key = key, .nonce = envelope.iv, .associated = {}}, text);
  if (!sealed) {
    return std::nullopt;
  }
  if (!faults_.has(Fault::tp_omemo_tag_on_payload)) {
    material += sealed->substr(text.size());
    sealed->resize(text.size());
  }
  envelope.payload = std::move(*sealed);
  for (const auto device : devices) {
    if (!has_session(jid, device)) {
      continue;
    }
    const auto message =
        provider_->encrypt({.name = jid, .device = signal::DeviceId(device)}, material);
    if (message) {
      envelope.keys.push_back({.rid = device,
                               .prekey = message->kind == MessageKind::pkmsg &&
                                         !faults_.has(Fault::tp_omemo_prekey_flag_missing),
                               .octets = message->octets});
    }
    if (faults_.has(Fault::tp_omemo_first_device_only) && !envelope.keys.empty()) {
      break;
    }
  }
  return envelope.keys.empty() ? std::nullopt : std::optional(envelope_element(envelope));
}

std::optional<Bytes> Device::decrypt(const Address& peer, const Message& message) {
  const auto first = signal::read_prekey_message(message.octets);
  const auto used = first && first->prekey_id
                        ? signal::load_prekey(store_, signal::PrekeyId(*first->prekey_id))
                        : fail(Errc::not_found, "no one-time prekey");
  auto text = provider_->decrypt(peer, message);
  if (!text && text.error().reason == signal::Refusal::identity &&
      faults_.has(Fault::tp_omemo_identity_change_taken)) {
    (void)provider_->set_identity(peer, std::nullopt);
    text = provider_->decrypt(peer, message);
  }
  if (!text) {
    return std::nullopt;
  }
  if (used && faults_.has(Fault::tp_omemo_one_time_prekey_kept)) {
    (void)signal::save_prekey(store_, *used);
  }
  peers_.insert(peer);
  return std::move(*text);
}

// What the sender's device has encrypted for this one.
std::optional<Bytes> Device::material_of(const std::string& jid, const Envelope& envelope) {
  for (const auto& key : envelope.keys) {
    if (key.rid != id_ && !faults_.has(Fault::tp_omemo_rid_ignored)) {
      continue;
    }
    const Message message{.kind = key.prekey ? MessageKind::pkmsg : MessageKind::msg,
                          .octets = key.octets};
    if (const auto seen = read_.find(key.octets); seen != read_.end()) {
      return seen->second;
    }
    auto material = decrypt({.name = jid, .device = signal::DeviceId(envelope.sid)}, message);
    const auto others = peers_;
    for (const auto& other : others) {
      const bool tried = other.name == jid ? faults_.has(Fault::tp_omemo_sid_ignored)
                                           : faults_.has(Fault::tp_omemo_sender_ignored);
      if (!material && tried) {
        material = decrypt(other, message);
      }
    }
    if (material && faults_.has(Fault::tp_omemo_replay_shown)) {
      read_[key.octets] = *material;
    }
    if (material) {
      return material;
    }
  }
  return std::nullopt;
}

// The bundle has another prekey in its place.
void Device::replace_prekey(std::uint32_t used) {
  if (faults_.has(Fault::tp_omemo_used_prekey_offered)) {
    return;
  }
  std::erase_if(keys_.one_time, [&](const signal::OneTimePrekey& one) {
    return static_cast<std::uint32_t>(one.id) == used;
  });
  for (auto& fresh : *signal::make_one_time_prekeys(signal::PrekeyId(next_prekey_), 1, rng_)) {
    (void)signal::save_prekey(store_, fresh);
    keys_.one_time.push_back(std::move(fresh));
    ++next_prekey_;
  }
}

std::optional<std::string> Device::read_payload(const Envelope& envelope,
                                                const Bytes& material) const {
  if (!envelope.payload || material.size() < crypto::kAes128KeyOctets) {
    return std::nullopt;
  }
  const bool long_iv = envelope.iv.size() == kLongIv;
  if (faults_.has(Fault::tp_omemo_long_iv_refused) && long_iv) {
    return std::nullopt;
  }
  if (faults_.has(Fault::tp_omemo_short_iv_refused) && !long_iv) {
    return std::nullopt;
  }
  const SecretBytes key(std::string_view(material).substr(0, crypto::kAes128KeyOctets));
  const crypto::GcmInput input{.key = key, .nonce = envelope.iv, .associated = {}};
  const auto tag = material.substr(crypto::kAes128KeyOctets);
  const bool whole = material.size() == kMaterialOctets;
  if (whole) {
    if (auto text = crypto::aes128_gcm_open(input, *envelope.payload + tag)) {
      return std::move(*text);
    }
  }
  // The cipher is its own inverse: sealing what came shows the text, and sealing that its tag.
  const auto clear = crypto::aes128_gcm_seal(input, *envelope.payload);
  if (!clear) {
    return std::nullopt;
  }
  auto text = clear->substr(0, envelope.payload->size());
  const auto resealed = crypto::aes128_gcm_seal(input, text);
  const auto right = resealed ? resealed->substr(text.size()) : Bytes();
  const bool begins = tag.size() < right.size() && right.starts_with(tag);
  const bool longer = tag.size() > right.size() && tag.starts_with(right);
  const bool taken = faults_.has(Fault::tp_omemo_tag_unchecked) ||
                     (faults_.has(Fault::tp_omemo_short_tag_taken) && begins && !tag.empty()) ||
                     (faults_.has(Fault::tp_omemo_missing_tag_taken) && tag.empty()) ||
                     (faults_.has(Fault::tp_omemo_long_key_taken) && longer);
  return taken ? std::optional(std::move(text)) : std::nullopt;
}

Device::Opened Device::open(const std::string& jid, const xml::Element& encrypted) {
  const auto envelope = read_envelope(encrypted);
  if (!envelope) {
    return {};
  }
  const auto before = signal::prekeys_left(store_);
  std::optional<std::uint32_t> named;
  for (const auto& key : envelope->keys) {
    const auto first = signal::read_prekey_message(key.octets);
    if (key.rid == id_ && first && first->prekey_id) {
      named = *first->prekey_id;
    }
  }
  const auto material = material_of(jid, *envelope);
  Opened out;
  if (!material) {
    return out;
  }
  const auto after = signal::prekeys_left(store_);
  const bool kept = faults_.has(Fault::tp_omemo_one_time_prekey_kept);
  if (named && ((before && after && *after < *before) || kept)) {
    replace_prekey(*named);
    out.prekey_used = true;
  }
  out.text = read_payload(*envelope, *material);
  return out;
}

}  // namespace parley::reference::omemo
