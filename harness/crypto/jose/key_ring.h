// SPDX-License-Identifier: GPL-3.0-or-later
// The keys that a verifier trusts, and the one place that calls cjose: it verifies tokens that
// token.h has read. Source: RFC 7515 section 5.2; which key: RFC 7517 section 4.5.
// OpenSSL verifies where cjose 0.6 cannot: EdDSA (RFC 8037), and headers that its JSON reader takes
// for none though they are some (NUL in a string, an integer beyond 64 bits). cjose counts
// references without locks, so a ring belongs to one thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/crypto/jose/key.h"
#include "harness/crypto/jose/signature.h"

namespace parley::crypto::jose {

class VerificationKey {
 public:
  // Errors: as check() of key.h; unsupported when cjose refuses the key.
  static Result<VerificationKey> make(const PublicKey& key);
  // For HMAC. Errors: unsupported unless the key is symmetric.
  static Result<VerificationKey> make_symmetric(const PrivateKey& key);
  VerificationKey(VerificationKey&& other) noexcept;
  VerificationKey& operator=(VerificationKey&& other) noexcept;
  ~VerificationKey();

  const PublicKey& key() const { return key_; }
  // `token` is a compact serialisation whose header names `algorithm`.
  // Errors: unsupported when the key does not fit; malformed or bad_signature.
  Result<void> verify(Algorithm algorithm, std::string_view token) const;

 private:
  struct Imported;
  VerificationKey(PublicKey key, std::unique_ptr<Imported> imported);
  PublicKey key_;
  std::unique_ptr<Imported> imported_;  // null for Ed25519
};

class KeyRing {
 public:
  // Errors: as VerificationKey::make(), of the first key that is refused.
  static Result<KeyRing> make(std::span<const PublicKey> keys);

  void add(VerificationKey key) { keys_.push_back(std::move(key)); }
  std::span<const VerificationKey> keys() const { return keys_; }

 private:
  std::vector<VerificationKey> keys_;
};

}  // namespace parley::crypto::jose
