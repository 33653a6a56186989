// SPDX-License-Identifier: GPL-3.0-or-later
// A key and its counter. Source: Noise revision 34 section 5.1; AESGCM section 12.4.
// No I/O, no randomness. Not thread-safe: one owner a value.
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"
#include "harness/crypto/noise/dialect.h"

namespace parley::crypto::noise {

class CipherState {
 public:
  // Without a key: text passes through as it is.
  explicit CipherState(const Dialect& dialect)
      : counter_(dialect.counter), max_octets_(dialect.max_message_octets) {}

  // Sets the counter to 0. `key` has 32 octets, or is empty for no key.
  void initialize_key(SecretBytes key);
  bool has_key() const { return !key_.empty(); }
  const SecretBytes& key() const { return key_; }  // for the decrypted view of a transcript

  std::uint64_t nonce() const { return nonce_; }
  // Any value. WhatsApp's clients step over a frame that failed to decrypt: nonce() + 1 does that.
  void set_nonce(std::uint64_t nonce) { nonce_ = nonce; }

  // The counter steps by one on success; on failure nothing changes.
  // Errors: refused when the counter is used up; too_large when the ciphertext exceeds the
  // dialect's message; decrypt also truncated and bad_signature.
  Result<Bytes> encrypt_with_ad(std::string_view associated, std::string_view plaintext);
  Result<Bytes> decrypt_with_ad(std::string_view associated, std::string_view ciphertext);

  // Section 4.2; the counter stays. Errors: refused without a key.
  Result<void> rekey();

 private:
  Result<void> may_use_counter() const;

  CounterWidth counter_;
  std::size_t max_octets_;
  SecretBytes key_;
  std::uint64_t nonce_ = 0;
};

}  // namespace parley::crypto::noise
