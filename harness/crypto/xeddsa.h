// SPDX-License-Identifier: GPL-3.0-or-later
// XEdDSA: signatures with X25519 keys. Source: "The XEdDSA and VXEdDSA Signature Schemes"
// (signal.org) sections 2.3 to 3; the sign bit inside the signature as libsignal keeps it.
// Signing is not constant-time: for the keys of test runs only. Pure functions.
#pragma once

#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto {

inline constexpr std::size_t kXeddsaOctets = 64;

// Where the sign of the signer's Edwards point goes. Both verify under either kind of signer.
enum class SignBit {
  zero,     // the specification: the private scalar is negated so that the sign is 0
  carried,  // libsignal: the sign travels in bit 7 of the signature's last octet
};

// R || s. Errors: malformed unless `private_key` has 32 octets.
Result<Bytes> xeddsa_sign(const SecretBytes& private_key, std::string_view message, Rng& rng,
                          SignBit sign_bit = SignBit::zero);

// Takes the sign bit from the signature's last octet, so accepts both kinds.
// Errors: malformed for a key or signature of another size or a key that is not below p; refused
// for a key of small order; bad_signature, also when s is not below L or the key is off the curve.
Result<void> xeddsa_verify(std::string_view public_key, std::string_view message,
                           std::string_view signature);

}  // namespace parley::crypto
