// SPDX-License-Identifier: GPL-3.0-or-later
// The chaining key and the handshake hash. Source: Noise revision 34 section 5.2.
// Keeps a hash for each form of payload hashing that the peer may be using, until an authentication
// check tells which. No I/O, no randomness. Not thread-safe.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"
#include "harness/crypto/noise/cipher_state.h"
#include "harness/crypto/noise/dialect.h"

namespace parley::crypto::noise {

class SymmetricState {
 public:
  SymmetricState(std::string_view protocol_name, const Dialect& dialect);

  void mix_key(const SecretBytes& key_material);
  void mix_hash(std::string_view text);
  bool has_key() const { return cipher_.has_key(); }

  // Under the first form that is still possible. Errors as CipherState; then nothing has changed.
  Result<Bytes> encrypt_and_hash(std::string_view plaintext);
  // Tries the forms in order; those that fail are given up once one succeeds.
  Result<Bytes> decrypt_and_hash(std::string_view ciphertext);

  // The form that an authentication check has proven; nullopt while none has, and for patterns
  // whose forms do not differ.
  std::optional<PayloadHashing> hashing_seen() const { return seen_; }

  // h of the first form that is still possible (GetHandshakeHash, section 5.2).
  const Bytes& handshake_hash() const { return transcripts_.front().hash; }

  struct Split {
    CipherState initiator_sends;
    CipherState responder_sends;
  };
  Split split() const;

 private:
  struct Transcript {
    PayloadHashing hashing;
    Bytes hash;
  };
  void mix_payload(std::string_view ciphertext);

  Dialect dialect_;
  CipherState cipher_;
  SecretBytes chaining_key_;
  std::vector<Transcript> transcripts_;  // never empty
  bool forms_differ_ = false;            // a payload was sent in the clear
  std::optional<PayloadHashing> seen_;
};

}  // namespace parley::crypto::noise
