// SPDX-License-Identifier: GPL-3.0-or-later
// SHA-256 and SHA-512 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and HKDF-SHA-256 (RFC 5869).
// Sizes are octets. Pure functions: safe from any thread.
#pragma once

#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto {

inline constexpr std::size_t kSha1Octets = 20;
inline constexpr std::size_t kSha256Octets = 32;
inline constexpr std::size_t kSha512Octets = 64;

Bytes sha1(std::string_view text);  // only where the dialect still has it
Bytes sha256(std::string_view text);
Bytes sha512(std::string_view text);
Bytes hmac_sha256(std::string_view key, std::string_view text);

// What HKDF takes: `salt` may be empty, `octets` is at most 255 times 32.
struct HkdfInput {
  std::string_view salt;
  std::string_view key_material;
  std::string_view info;
  std::size_t octets = kSha256Octets;
};
SecretBytes hkdf_sha256(const HkdfInput& input);

}  // namespace parley::crypto
