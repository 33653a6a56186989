// SPDX-License-Identifier: GPL-3.0-or-later
// Noise handshakes XX, IK and XXfallback with 25519, AESGCM and SHA256.
// Source: Noise revision 34 sections 5.3, 7.4, 7.5 and 10.2; observed client behaviour for
// WhatsApp's form. A pure state machine: no I/O, no clock, randomness as argument. Sizes are
// octets. Not thread-safe: one owner a value. A call that fails leaves the state as it was.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/noise/cipher_state.h"
#include "harness/crypto/noise/dialect.h"
#include "harness/crypto/noise/symmetric_state.h"
#include "harness/crypto/x25519.h"

namespace parley::crypto::noise {

enum class Pattern { xx, ik, xx_fallback };

// The client is the initiator in all three: in XXfallback its first message has become a
// pre-message, the server writes first, and the keys of Split() are still client to server, server
// to client.
enum class Role { initiator, responder };

// What a message is made of (section 7.1). Of an agreement the first letter is the initiator's key.
enum class Token { e, s, ee, es, se, ss };

std::string_view protocol_name(Pattern pattern);  // "Noise_XX_25519_AESGCM_SHA256", …

// One handshake message in the pieces in which WhatsApp carries it. A piece that the message does
// not have is empty. The specification's form is their concatenation, in this order.
struct MessageParts {
  Bytes ephemeral;   // 32, in the clear
  Bytes static_key;  // 48: 32 encrypted and a tag
  Bytes payload;     // with a tag where a key is set

  friend bool operator==(const MessageParts&, const MessageParts&) = default;
};
Bytes joined(const MessageParts& parts);

struct Config {
  Pattern pattern = Pattern::xx;
  Role role = Role::initiator;
  Bytes prologue;
  Dialect dialect = kSpecification;
  X25519KeyPair local_static;
  // Instead of a fresh one: what XXfallback takes over, and what known answers need.
  std::optional<X25519KeyPair> local_ephemeral;
  std::optional<Bytes> remote_static;     // IK's initiator needs it
  std::optional<Bytes> remote_ephemeral;  // XXfallback's responder needs it
};

// What both sides have when the handshake is over.
struct Transport {
  CipherState send;
  CipherState receive;
  Bytes handshake_hash;
};

class HandshakeState {
 public:
  // Errors: malformed for a key of another size; not_found for a key that the pattern needs.
  static Result<HandshakeState> make(const Config& config);

  // Whether the next message is this side's to write; false when finished.
  bool writes_next() const;
  bool finished() const;

  // Draws the ephemeral key from `rng` where the message has one and none was given.
  // Errors: refused when it is not this side's turn or the peer's key is of small order; too_large.
  Result<MessageParts> write(std::string_view payload, Rng& rng);
  // The payload. Errors: as write(); malformed for a piece of a wrong size, or one that the message
  // does not have; truncated; bad_signature.
  Result<Bytes> read(const MessageParts& parts);

  // The same in the specification's form: the pieces in one.
  Result<Bytes> write_message(std::string_view payload, Rng& rng);
  Result<Bytes> read_message(std::string_view message);

  // The XXfallback state that takes over from an IK state whose first message was refused.
  // `initiator_ephemeral` is that message's. Errors: refused when this is not an IK state, or when
  // the initiator has not written that message.
  Result<HandshakeState> fall_back(std::string_view initiator_ephemeral) const;

  // The transport's keys. Errors: refused before the end.
  Result<Transport> split() const;

  // nullopt until an authentication check has told (SymmetricState::hashing_seen).
  // A responder that sees the form under which it did not write message 2 has a peer that went on
  // although message 2 could not be authentic to it.
  std::optional<PayloadHashing> hashing_seen() const { return symmetric_.hashing_seen(); }
  // Known from the configuration or read; nullopt before.
  const std::optional<Bytes>& remote_static() const { return config_.remote_static; }
  const std::optional<Bytes>& remote_ephemeral() const { return config_.remote_ephemeral; }
  const Bytes& handshake_hash() const { return symmetric_.handshake_hash(); }

 private:
  explicit HandshakeState(const Config& config);
  Result<void> mix_pre_messages();
  Result<MessageParts> write_tokens(std::string_view payload, Rng& rng);
  Result<Bytes> read_tokens(const MessageParts& parts);
  Result<void> write_ephemeral(MessageParts& parts, Rng& rng);
  Result<void> read_ephemeral(const MessageParts& parts);
  Result<void> read_static(const MessageParts& parts);
  Result<void> mix_agreement(Token token);

  Config config_;
  SymmetricState symmetric_;
  std::size_t message_ = 0;  // index of the next message in the pattern
};

}  // namespace parley::crypto::noise
