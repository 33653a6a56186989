// SPDX-License-Identifier: GPL-3.0-or-later
// The strict reader in front of cjose: what a compact token must look like before anybody looks at
// keys. Sources: RFC 7515 sections 2 to 5 and 7.1; RFC 7519 sections 5 to 7; RFC 8725 section 3.
// Each way to refuse has a reason of its own, so that a judge can tell them apart.
// Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/crypto/jose/json.h"

namespace parley::crypto::jose {

// In the order in which they are looked for, the first alone is reported.
enum class Refusal {
  too_large,
  wrong_parts,  // not three; RFC 7515 section 7.1
  encrypted,    // five: a JWE
  // base64url of a part; RFC 7515 section 2
  base64_padding,
  base64_white_space,
  base64_alphabet,
  base64_octet,
  base64_length,
  base64_trailing_bits,
  // The header's JSON; RFC 7515 section 4
  header_too_large,
  header_byte_order_mark,
  header_not_utf8,
  header_syntax,
  header_number,
  header_too_deep,
  header_duplicate,
  header_not_object,
  // What the header says
  alg_missing,
  alg_wrong_type,
  alg_none,         // in any letters
  crit_malformed,   // empty, no list of names, a registered name or one that is not there
  crit_unknown,     // every extension is
  unencoded,        // b64 false without crit: RFC 7797 section 6
  nested,           // cty JWT: RFC 7519 section 5.2
  alg_symmetric,    // the policy has no symmetric algorithm
  alg_not_allowed,  // or not known
  type_wrong,
  key_in_header,  // jku, jwk, x5u or x5c: RFC 8725 section 3.10
  // Which key
  kid_wrong_type,
  kid_missing,
  kid_unknown,
  kid_ambiguous,
  key_unfit,  // its type, curve, use or alg is another
  // The signature; RFC 7518 section 3.4
  signature_missing,
  signature_length,
  signature_range,  // r or s is zero or not below the order
  signature_wrong,
  // The claims' JSON; RFC 7519 section 7.2
  claims_too_large,
  claims_byte_order_mark,
  claims_not_utf8,
  claims_syntax,
  claims_number,
  claims_too_deep,
  claims_duplicate,
  claims_not_object,
  // What they say; RFC 7519 section 4.1
  claim_missing,
  claim_wrong_type,
  issuer_wrong,
  audience_wrong,
  subject_wrong,
  time_out_of_range,  // negative, or beyond 2^53 seconds
  time_fraction,      // where the policy takes whole seconds alone
  expired,
  not_yet_valid,
  issued_in_future,
  lifetime_too_long,
  binding_wrong,
};
inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::binding_wrong) + 1;

// "alg-none", as in reports.
std::string_view to_string(Refusal reason);

struct Refused {
  Refusal reason;
  std::string detail;                   // English, no trailing full stop, nothing of the token
  std::optional<std::size_t> offset{};  // in the token, or in the part that is decoded
};

struct TokenLimits {
  std::size_t max_octets = std::size_t{16} << 10U;
  std::size_t max_depth = 8;
  std::size_t max_values = 500;
};

struct Token {
  Json header;
  std::string algorithm;  // the header's "alg"
  Bytes claims;           // the second part, decoded but not read
  Bytes signature;
  std::string_view signed_text;  // of the text that was read: the caller keeps it
};

// Down to `nested`. `text` may be any octets; it is bounded before it is read.
std::expected<Token, Refused> read_token(std::string_view text, const TokenLimits& limits = {});
// The second part as JSON.
std::expected<Json, Refused> read_claims(const Token& token, const TokenLimits& limits = {});

}  // namespace parley::crypto::jose
