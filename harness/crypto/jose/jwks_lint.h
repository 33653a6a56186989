// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong with a published key set (IDP-028). Sources: RFC 7517 sections 4, 5 and 9; RFC 7518
// sections 3.3 and 6; RFC 8037 section 2; RFC 8725 sections 3.4 and 3.5; RFC 7515 section 2.
// It judges what read_jwks() passes over in silence. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/crypto/jose/jwk.h"

namespace parley::crypto::jose {

enum class Defect {
  not_json,
  duplicate_member,  // in any object: readers differ in which one they take
  no_keys,           // no array "keys"
  too_many_keys,
  empty_set,
  key_not_object,
  kty_missing,
  kty_unknown,  // to be ignored by readers: advice alone
  member_missing,
  member_wrong_type,
  private_member,
  symmetric_key,
  kid_missing,
  kid_duplicate,
  same_key_twice,
  use_wrong,      // not "sig"
  key_ops_wrong,  // no verify, sign among them, repeats, or beside "use"
  alg_wrong,      // none, symmetric or for another type of key
  curve_unknown,
  coordinate_length,
  off_curve,
  leading_zero,  // of an RSA integer
  weak_rsa,
  rsa_modulus,   // even or zero
  rsa_exponent,  // even, or below 3
  base64_padding,
  base64_standard_alphabet,
  base64_other,  // white space, other octets, length, unused bits
};
inline constexpr std::size_t kDefects = static_cast<std::size_t>(Defect::base64_other) + 1;

std::string_view to_string(Defect defect);  // "private-member"
std::string_view clause_of(Defect defect);  // "RFC 7517 section 9.2"

struct JwksFinding {
  Defect defect;
  std::optional<std::size_t> key;  // index in "keys"; none: the set
  std::string member;              // empty: the key or the set as a whole
  std::string detail;              // English; nothing of a secret member's value

  friend bool operator==(const JwksFinding&, const JwksFinding&) = default;
};

struct LintRules {
  std::size_t min_rsa_bits = 2048;
  JwksLimits limits{};
};

// All of them, by key. `text` may be any octets; it is bounded before it is read.
std::vector<JwksFinding> lint_jwks(std::string_view text, const LintRules& rules = {});

// Those that whoever publishes `text` has to mend. A key of a type or on a curve that is not known
// here is none of them, and what it is for neither: readers pass it over (RFC 7517 section 5), and
// more are registered than are known here (RFC 8812 section 3.1, RFC 8037 section 2). That a key is
// for encryption is none where all say what they are for and another one is for signatures (OpenID
// Connect Discovery 1.0 section 3): that it signs shows in a token alone.
std::vector<JwksFinding> lint_published_jwks(std::string_view text);

}  // namespace parley::crypto::jose
