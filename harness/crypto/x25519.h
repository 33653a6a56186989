// SPDX-License-Identifier: GPL-3.0-or-later
// X25519 key pairs and key agreement. Source: RFC 7748 sections 5 and 6.1.
// Pure functions: safe from any thread.
#pragma once

#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto {

inline constexpr std::size_t kX25519Octets = 32;

struct X25519KeyPair {
  SecretBytes private_key;  // as given, not clamped; X25519 clamps where it is used
  Bytes public_key;
};

// What to do with a peer's point of small order, whose product is all zero whatever our key is.
enum class LowOrder { refuse, tolerate };

// Errors: malformed unless `private_key` has 32 octets.
Result<X25519KeyPair> x25519_key_pair(std::string_view private_key);
Result<X25519KeyPair> x25519_key_pair(Rng& rng);
// The shared secret. Errors: malformed for a key of another size; refused when the product is all
// zero and `low_order` says so.
Result<SecretBytes> x25519(const SecretBytes& private_key, std::string_view public_key,
                           LowOrder low_order);

}  // namespace parley::crypto
