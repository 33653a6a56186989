// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/careless_session.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "harness/base/protobuf_wire.h"
#include "harness/crypto/aes_cbc.h"
#include "harness/crypto/signal/keys.h"
#include "harness/crypto/signal/message.h"

namespace parley::reference::whatsapp {
namespace {

namespace signal = crypto::signal;
using signal::ReceiverChain;
using signal::Session;

ReceiverChain* chain_of(Session& session, std::string_view ratchet_key) {
  const auto at = std::ranges::find(session.receivers, ratchet_key, &ReceiverChain::ratchet_key);
  return at == session.receivers.end() ? nullptr : &*at;
}

// ENC-014: who never renews its ratchet key sends on in the chain that it has.
Result<void> turn(Session& session, std::string_view ratchet_key, Rng& rng,
                  const FaultSet& faults) {
  const auto agreed =
      crypto::x25519(session.ratchet.private_key, ratchet_key, crypto::LowOrder::tolerate);
  const auto fresh = signal::make_key_pair(rng);
  if (!agreed || !fresh) {
    return std::unexpected(agreed ? fresh.error() : agreed.error());
  }
  auto received = signal::root_step(session.root, *agreed, session.dialect);
  if (faults.has(Fault::wt_signal_earlier_chain_lost)) {
    session.receivers.clear();
  }
  session.root = std::move(received.root);
  session.receivers.push_back({.ratchet_key = Bytes(ratchet_key),
                               .chain = {.key = std::move(received.chain)},
                               .skipped = {}});
  if (faults.has(Fault::wt_signal_ratchet_never_turns)) {
    return {};
  }
  session.previous_counter = session.sender.counter > 0 ? session.sender.counter - 1 : 0;
  return signal::turn_sender_chain(session, *fresh);
}

Result<signal::MessageKeys> take_keys(ReceiverChain& receiver, std::uint32_t counter,
                                      const signal::Dialect& dialect, const FaultSet& faults) {
  auto& chain = receiver.chain;
  const bool stay = faults.has(Fault::wt_signal_read_twice);
  if (counter < chain.counter) {
    const auto kept = receiver.skipped.find(counter);
    if (kept == receiver.skipped.end() || faults.has(Fault::wt_signal_late_message_refused)) {
      return fail(Errc::refused, "a message that was read before");
    }
    const signal::MessageKeys keys = kept->second;
    if (!stay) {
      receiver.skipped.erase(kept);
    }
    return keys;
  }
  const std::uint32_t most =
      faults.has(Fault::wt_signal_counter_unlimited) ? kCarelessJump : signal::kMaxForwardJump;
  if (counter - chain.counter > most) {
    return fail(Errc::too_large, "a message too far ahead");
  }
  signal::MessageKeys keys;
  while (chain.counter <= counter) {
    keys = signal::message_keys(signal::message_seed(chain.key, dialect), chain.counter, dialect);
    if (chain.counter < counter || stay) {
      receiver.skipped.emplace(chain.counter, keys);
    }
    chain.key = signal::next_chain_key(chain.key, dialect);
    ++chain.counter;
  }
  return keys;
}

bool is_authentic(const Session& session, const signal::MessageKeys& keys,
                  const signal::SignalMessage& message, std::string_view octets,
                  const FaultSet& faults) {
  if (faults.has(Fault::wt_signal_mac_unchecked)) {
    return true;
  }
  constexpr std::size_t kHalf = signal::kMacOctets / 2;
  const std::size_t compared =
      faults.has(Fault::wt_signal_mac_of_four_octets) ? kHalf : signal::kMacOctets;
  const auto body = octets.substr(0, octets.size() - signal::kMacOctets);
  const auto agrees = [&](const Bytes& identities) {
    return signal::message_mac(keys.mac, identities, body).substr(0, compared) ==
           message.mac.substr(0, compared);
  };
  if (agrees(signal::identities(session.peer_identity, session.own_identity))) {
    return true;
  }
  // ENC-007
  return faults.has(Fault::wt_signal_identities_unbound) &&
         (agrees({}) || agrees(signal::identities(session.own_identity, session.peer_identity)));
}

}  // namespace

signal::Dialect dialect_under(const FaultSet& faults) {
  signal::Dialect out;
  if (faults.has(Fault::wt_signal_other_text_info)) {
    out.text_info = "WhisperTexts";
  }
  if (faults.has(Fault::wt_signal_other_ratchet_info)) {
    out.ratchet_info = "WhisperRatchets";
  }
  if (faults.has(Fault::wt_signal_other_keys_info)) {
    out.keys_info = "WhisperMessageKey";
  }
  if (faults.has(Fault::wt_signal_without_discontinuity)) {
    out.discontinuity.clear();
  }
  if (faults.has(Fault::wt_signal_salt_of_ones)) {
    out.salt = Bytes(32, '\x01');
  }
  return out;
}

namespace {

// With the version that readers take, where the faults let another pass.
Bytes with_right_version(std::string_view octets, const FaultSet& faults) {
  Bytes out(octets);
  if (out.empty()) {
    return out;
  }
  const unsigned version = static_cast<std::uint8_t>(out[0]) >> 4U;
  const bool passes =
      (version < signal::kMessageVersion && faults.has(Fault::wt_signal_older_versions_accepted)) ||
      (version > signal::kMessageVersion && faults.has(Fault::wt_signal_newer_versions_accepted));
  if (passes) {
    out[0] = static_cast<char>(signal::kVersion);
  }
  return out;
}

// ENC-034: with the keys in the fields `keys` cut to their length; the last `tail` octets are no
// field.
Bytes with_short_keys(Bytes octets, std::initializer_list<std::uint32_t> keys, std::size_t tail,
                      const FaultSet& faults) {
  if (!faults.has(Fault::wt_signal_key_tails_ignored) || octets.size() <= 1 + tail) {
    return octets;
  }
  const std::size_t end = octets.size() - tail;
  auto fields = protobuf::read_fields(std::string_view(octets).substr(1, end - 1));
  if (!fields) {
    return octets;
  }
  for (auto& field : *fields) {
    if (std::ranges::find(keys, field.number) != keys.end() &&
        field.octets.size() > signal::kSerializedKeyOctets) {
      field.octets.resize(signal::kSerializedKeyOctets);
    }
  }
  return octets.substr(0, 1) + protobuf::write_fields(*fields) + octets.substr(end);
}

Bytes as_message(std::string_view octets, const FaultSet& faults) {
  return with_short_keys(with_right_version(octets, faults), {signal::msg::kRatchetKey},
                         signal::kMacOctets, faults);
}

}  // namespace

Bytes as_first_message(std::string_view octets, const FaultSet& faults) {
  return with_short_keys(with_right_version(octets, faults),
                         {signal::pkmsg::kBaseKey, signal::pkmsg::kIdentityKey}, 0, faults);
}

Result<Bytes> read_carelessly(Session& session, std::string_view octets, Rng& rng,
                              const FaultSet& faults) {
  const auto message = signal::read_signal_message(as_message(octets, faults));
  if (!message) {
    return std::unexpected(message.error());
  }
  Session changed = session;
  if (chain_of(changed, message->ratchet_key) == nullptr) {
    if (auto turned = turn(changed, message->ratchet_key, rng, faults); !turned) {
      return std::unexpected(turned.error());
    }
  }
  auto& receiver = *chain_of(changed, message->ratchet_key);
  const auto keys = take_keys(receiver, message->counter, changed.dialect, faults);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  if (!is_authentic(changed, *keys, *message, octets, faults)) {
    // ENC-010: the ratchet has moved on for nothing.
    if (faults.has(Fault::wt_signal_mac_checked_late)) {
      session = std::move(changed);
    }
    return fail(Errc::bad_signature, "the message's MAC is wrong");
  }
  auto text =
      crypto::aes256_cbc_decrypt({.key = keys->cipher, .iv = keys->iv}, message->ciphertext);
  if (text) {
    if (!faults.has(Fault::wt_signal_always_pkmsg)) {
      changed.pending.reset();
    }
    session = std::move(changed);
  }
  return text;
}

}  // namespace parley::reference::whatsapp
