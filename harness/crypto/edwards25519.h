// SPDX-License-Identifier: GPL-3.0-or-later
// What XEdDSA needs of edwards25519 beyond what OpenSSL offers: one map and some arithmetic.
// Source: RFC 8032 section 5.1; the birational map of RFC 7748 section 4.1.
// All encodings have 32 octets, little-endian. NOT constant-time: for the keys of test runs only.
// Pure functions: safe from any thread.
#pragma once

#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::edwards {

inline constexpr std::size_t kOctets = 32;

// The encoding, with sign bit 0, of the Edwards point whose Montgomery coordinate is `u`; of a
// coordinate on the twist one that is no point's, which OpenSSL refuses.
// Errors: malformed unless `u` has 32 octets and is below p; refused for a point of small order.
Result<Bytes> from_montgomery(std::string_view u);

// Arithmetic modulo the group's order L. The inputs have any number of octets.
SecretBytes reduce(std::string_view scalar);
SecretBytes negate(const SecretBytes& scalar);
// a * b + c.
Bytes multiply_add(std::string_view a, const SecretBytes& b, const SecretBytes& c);
// Whether `scalar` is below L.
bool is_reduced(std::string_view scalar);

}  // namespace parley::crypto::edwards
