// SPDX-License-Identifier: GPL-3.0-or-later
// Keys as JSON. Sources: RFC 7517 sections 4 and 5 (JWK, JWK Set), RFC 7518 section 6 and RFC 8037
// section 2 (members of each type), RFC 7638 section 3 (thumbprint).
// A reader for verifying: what RFC 7517 section 5 lets it ignore (unknown types, keys that lack a
// member or have a wrong one) it passes over and says why. Judging a set is jwks_lint.h.
// Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/crypto/jose/json.h"
#include "harness/crypto/jose/key.h"

namespace parley::crypto::jose {

// kty, crv, x, y or n, e; then kid, use and alg where given. Private members are never written.
Json jwk_of(const PublicKey& key);
// The same with d, p and q, or k: for a set that publishes what it must not.
Json private_jwk_of(const PrivateKey& key);
std::string write_jwks(std::span<const PublicKey> keys);

// BASE64URL(SHA-256) over the required members. Empty for oct, whose required member is secret.
std::string thumbprint(const PublicKey& key);

struct JwksLimits {
  std::size_t max_octets = std::size_t{256} << 10U;
  std::size_t max_depth = 8;
  std::size_t max_keys = 100;
};

struct PassedOver {
  std::size_t index;  // in "keys"
  std::string why;

  friend bool operator==(const PassedOver&, const PassedOver&) = default;
};

struct Jwks {
  std::vector<PublicKey> keys;
  std::vector<PassedOver> passed_over;

  friend bool operator==(const Jwks&, const Jwks&) = default;
};

// Errors: too_large beyond `limits`; malformed, with an offset where there is one, for what is no
// JSON object with an array "keys" or has a name twice; a key that is no object is passed over.
Result<Jwks> read_jwks(std::string_view text, const JwksLimits& limits = {});

// Errors name the member: malformed for a member that is missing, of the wrong type, not base64url
// or not of that key; unsupported for an unknown type or curve and for oct.
Result<PublicKey> read_jwk(const Json& jwk);
// Takes oct too. Errors: as read_jwk().
Result<PrivateKey> read_private_jwk(const Json& jwk);

}  // namespace parley::crypto::jose
