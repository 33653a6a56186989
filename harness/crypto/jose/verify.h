// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a token proves what it must. Sources: RFC 7519 section 7.2, RFC 8725 section 3; OpenID
// Connect Core section 3.1.3.7. What the profile decides is the policy; the clock is an argument.
// Replay is the caller's: it remembers `token_id` until the token has expired.
// A call reads its arguments alone; a ring belongs to one thread at a time.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/crypto/jose/key_ring.h"
#include "harness/crypto/jose/signature.h"
#include "harness/crypto/jose/token.h"

namespace parley::crypto::jose {

// jku, jwk, x5u and x5c are never used; a policy may also refuse a token that has one.
enum class HeaderKeys { refused, ignored };
enum class KeyIds { required, optional };
// RFC 7519 section 2 allows 1.5; many a profile does not.
enum class FractionalTimes { accepted, refused };
// Whether "aud" may name others beside the verifier (RFC 7519 section 4.1.3).
enum class OtherAudiences { accepted, refused };

// A claim that binds the token to a key of the connection.
struct Binding {
  std::string claim;  // names from the outside in: "cnf/nk"
  std::string value;
};

struct Policy {
  std::vector<Algorithm> algorithms{Algorithm::es256, Algorithm::rs256};
  std::string type{};      // "typ"; empty: any or none
  std::string issuer{};    // byte for byte
  std::string audience{};  // byte for byte
  std::optional<std::string> subject{};
  std::vector<std::string> required_claims{"iss", "sub", "aud", "exp", "iat"};
  std::chrono::seconds leeway{60};
  std::chrono::seconds max_lifetime{300};
  std::optional<Binding> binding{};
  HeaderKeys header_keys = HeaderKeys::refused;
  KeyIds key_ids = KeyIds::required;
  FractionalTimes fractional_times = FractionalTimes::accepted;
  OtherAudiences other_audiences = OtherAudiences::accepted;
  TokenLimits limits{};
};

struct Verified {
  Json header;
  Json claims;
  std::string key_id;
  std::string subject;   // empty when absent; so is the other
  std::string token_id;  // "jti"
};

std::expected<Verified, Refused> verify(std::string_view text, const KeyRing& ring,
                                        const Policy& policy, std::chrono::sys_seconds now);

}  // namespace parley::crypto::jose
