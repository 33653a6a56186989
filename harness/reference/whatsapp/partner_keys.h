// SPDX-License-Identifier: GPL-3.0-or-later
// The keys of the reference third party's service: what is published of them, which one signs, and
// how one follows another. Sources: RFC 7517 section 5; OpenID Connect Core 1.0 section 10.1.1
// (IDP-025, IDP-028). One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/rng.h"
#include "harness/crypto/jose/key.h"
#include "harness/crypto/jose/signature.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

class ServiceKeys {
 public:
  // Errors: io when OpenSSL fails.
  static Result<ServiceKeys> make(Rng rng);

  // The stages of a rotation: "publish" (a new key beside all others), "sign" (the newest signs,
  // all are published) and "withdraw" (the others are gone). A stage that has nothing to do does
  // nothing. Errors: not_found for another stage; io.
  Result<void> rotate(std::string_view stage, const FaultSet& faults);
  // The JWK Set. Errors: unsupported for a fault that the keys do not allow.
  Result<std::string> published(const FaultSet& faults) const;
  // The key that signs with `algorithm`, or by itself; null for an algorithm without a key.
  const crypto::jose::PrivateKey* signer(std::optional<crypto::jose::Algorithm> algorithm,
                                         const FaultSet& faults) const;
  // Of the same type as the one that signs by itself, and nobody has published it.
  const crypto::jose::PrivateKey& stranger() const { return stranger_; }

 private:
  explicit ServiceKeys(Rng rng) : rng_(std::move(rng)) {}
  std::vector<crypto::jose::PrivateKey> all(const FaultSet& faults) const;

  Rng rng_;
  crypto::jose::PrivateKey signing_;
  std::optional<crypto::jose::PrivateKey> next_;
  std::vector<crypto::jose::PrivateKey> old_;
  std::optional<crypto::jose::PrivateKey> withdrawn_;  // the last of them
  std::vector<crypto::jose::PrivateKey> others_;       // of the other algorithms
  crypto::jose::PrivateKey stranger_;
  crypto::jose::PrivateKey
      encryption_;  // nothing is encrypted to it: wp-may-publish-encryption-key
};

}  // namespace parley::reference::whatsapp
