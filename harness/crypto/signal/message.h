// SPDX-License-Identifier: GPL-3.0-or-later
// The protocol's two messages as they lie on the wire, read and written by field and independent of
// the library. Source: observed (libsignal, message version 3):
//   SignalMessage        version | { ratchetKey = 1; counter = 2; previousCounter = 3;
//                                    ciphertext = 4 } | MAC (8 octets)
//   PreKeySignalMessage  version | { preKeyId = 1; baseKey = 2; identityKey = 3; message = 4;
//                                    registrationId = 5; signedPreKeyId = 6 }
// The version's upper half is the message's, its lower half the newest that the sender speaks.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/protobuf_wire.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::signal {

inline constexpr std::uint8_t kVersion = 0x33;
inline constexpr unsigned kMessageVersion = 3;

// Field numbers.
namespace msg {
inline constexpr std::uint32_t kRatchetKey = 1;
inline constexpr std::uint32_t kCounter = 2;
inline constexpr std::uint32_t kPreviousCounter = 3;
inline constexpr std::uint32_t kCiphertext = 4;
}  // namespace msg
namespace pkmsg {
inline constexpr std::uint32_t kPrekeyId = 1;
inline constexpr std::uint32_t kBaseKey = 2;
inline constexpr std::uint32_t kIdentityKey = 3;
inline constexpr std::uint32_t kMessage = 4;
inline constexpr std::uint32_t kRegistrationId = 5;
inline constexpr std::uint32_t kSignedPrekeyId = 6;
}  // namespace pkmsg

struct SignalMessage {
  std::uint8_t version = kVersion;
  Bytes ratchet_key;  // raw, as types.h has them
  std::uint32_t counter = 0;
  std::uint32_t previous_counter = 0;
  Bytes ciphertext;
  Bytes mac;
};

struct PrekeyMessage {
  std::uint8_t version = kVersion;
  std::optional<std::uint32_t> prekey_id;
  Bytes base_key;      // raw
  Bytes identity_key;  // raw
  Bytes message;       // a SignalMessage
  std::uint32_t registration_id = 0;
  std::uint32_t signed_prekey_id = 0;
};

// Strict: what must be there is, with its type and within 32 bits; the last of a repeated field
// counts, unknown ones are passed over, as protobuf prescribes. The MAC is not checked here.
// Errors: truncated; unsupported for another version; malformed; refused for a public key without
// its type octet or of another length; too_large for a number above 32 bits. Offsets are those
// within the protobuf.
Result<SignalMessage> read_signal_message(std::string_view octets);
Result<PrekeyMessage> read_prekey_message(std::string_view octets);

// A message before it is sealed, to be bent by whoever forges one.
struct MessageDraft {
  std::uint8_t version = kVersion;
  std::vector<protobuf::Field> fields;
  Bytes tail;  // raw octets after the fields, under the MAC
  SecretBytes mac_key;
  Bytes identities;  // what the MAC covers before the message: sender's and receiver's
  std::size_t mac_octets = 8;
};
Bytes body_of(const MessageDraft& draft);  // without the MAC
Bytes seal(const MessageDraft& draft);

struct PrekeyDraft {
  std::uint8_t version = kVersion;
  std::vector<protobuf::Field> fields;
  Bytes tail;
};
Bytes write(const PrekeyDraft& draft);

std::vector<protobuf::Field> fields_of(const SignalMessage& message);
std::vector<protobuf::Field> fields_of(const PrekeyMessage& message);

}  // namespace parley::crypto::signal
