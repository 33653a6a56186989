// SPDX-License-Identifier: GPL-3.0-or-later
// AES-256-GCM with a 96-bit nonce, or one of 128 bits, and a 128-bit tag (NIST SP 800-38D, RFC 5116
// section 5.2), and AES-128-GCM with a nonce of any length. Sizes are octets. Pure functions: safe
// from any thread.
#pragma once

#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto {

inline constexpr std::size_t kAesKeyOctets = 32;
inline constexpr std::size_t kAes128KeyOctets = 16;
inline constexpr std::size_t kGcmNonceOctets = 12;
inline constexpr std::size_t kLongGcmNonceOctets = 16;  // of AES-256-GCM, where a peer has it so
inline constexpr std::size_t kGcmTagOctets = 16;
inline constexpr std::size_t kMaxGcmNonceOctets = 128;  // of AES-128-GCM; 1 at least

// What goes into one operation beside the text. `key` must outlive the call.
struct GcmInput {
  const SecretBytes& key;
  std::string_view nonce;
  std::string_view associated;
};

// Ciphertext followed by the tag. Errors: malformed for a key or nonce of another size; too_large
// above 2^31 - 1 octets.
Result<Bytes> aes256_gcm_seal(const GcmInput& input, std::string_view plaintext);
// Errors: as above; truncated when there is no room for a tag; bad_signature when the tag is wrong.
Result<Bytes> aes256_gcm_open(const GcmInput& input, std::string_view ciphertext);

Result<Bytes> aes128_gcm_seal(const GcmInput& input, std::string_view plaintext);
Result<Bytes> aes128_gcm_open(const GcmInput& input, std::string_view ciphertext);

}  // namespace parley::crypto
