// SPDX-License-Identifier: GPL-3.0-or-later
// The words of the Signal protocol: addresses, prekeys, bundles, messages, and why one is refused.
// Sources: "The X3DH Key Agreement Protocol" sections 2 and 3, "The Double Ratchet Algorithm"
// section 3 (both signal.org). A public key is its 32 octets here, as stanzas carry it; inside the
// protocol's own messages it has the octet 05 before it (serialized_key). Plain data.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/crypto/x25519.h"

namespace parley::crypto::signal {

enum class RegistrationId : std::uint32_t {};
enum class DeviceId : std::uint32_t {};
enum class PrekeyId : std::uint32_t {};
enum class SignedPrekeyId : std::uint32_t {};

inline constexpr std::size_t kSerializedKeyOctets = 1 + kX25519Octets;
inline constexpr char kKeyType = '\x05';

// Who a session is with.
struct Address {
  std::string name;
  DeviceId device{};

  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Identity {
  X25519KeyPair keys;
  RegistrationId registration{};
};

struct OneTimePrekey {
  PrekeyId id{};
  X25519KeyPair keys;
};

struct SignedPrekey {
  SignedPrekeyId id{};
  X25519KeyPair keys;
  Bytes signature;  // XEdDSA by the identity key over the serialized public key
  std::uint64_t made_ms = 0;
};

// What a bundle shows of a one-time prekey.
struct OfferedPrekey {
  PrekeyId id{};
  Bytes key;

  friend bool operator==(const OfferedPrekey&, const OfferedPrekey&) = default;
};

// X3DH section 3.2: what a server hands out so that a session can begin.
struct PrekeyBundle {
  RegistrationId registration{};
  DeviceId device{};
  Bytes identity_key;
  SignedPrekeyId signed_prekey_id{};
  Bytes signed_prekey;
  Bytes signature;
  std::optional<OfferedPrekey> one_time;

  friend bool operator==(const PrekeyBundle&, const PrekeyBundle&) = default;
};

// "msg" is a SignalMessage; "pkmsg" a PreKeySignalMessage, which begins a session.
enum class MessageKind { msg, pkmsg };
std::string_view to_string(MessageKind kind);

struct Message {
  MessageKind kind = MessageKind::msg;
  Bytes octets;

  friend bool operator==(const Message&, const Message&) = default;
};

// Why a message or a bundle was not taken.
enum class Refusal {
  encoding,   // not the protobuf or the lengths that it must be, or a field is missing
  version,    // a version that the receiver does not speak
  key,        // a public key without its type octet or of another length
  signature,  // the signed prekey's signature is wrong
  identity,   // not the identity key that the peer had before
  prekey,     // the prekey that it names is not there, or no longer
  session,    // there is none to read it with
  message,    // no session reads it: version of the session, MAC, or a counter too far ahead
  duplicate,  // its counter was read before, or its key is no longer kept
  padding,    // the MAC holds, but the text below it has no padding that fits
  store,      // the store failed: the receiver's own trouble
  other,
};
std::string_view to_string(Refusal refusal);

struct Failure {
  Refusal reason = Refusal::other;
  std::string detail;  // English, no trailing full stop, no secrets
};

template <class T>
using Outcome = std::expected<T, Failure>;

std::unexpected<Failure> refuse(Refusal reason, std::string detail);

// 05 and the key's octets.
Bytes serialized_key(std::string_view public_key);

}  // namespace parley::crypto::signal
