// SPDX-License-Identifier: GPL-3.0-or-later
// Tokens by which the third party's service vouches for its users (RFC 7519), as a played third
// party issues them and as a change bends them. What they say the profile's settings `token-*` and
// the scope's values `identity.seed` (whose the keys are) and `noise.now` decide. Pure: a replay
// makes the same octets.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/engine/expression.h"
#include "harness/model/model.h"

namespace parley::engine {

// What a gatekeeper must know of the third party's service: {"integrator", "issuer", "audience",
// "jwks"}, the last a JWK Set (RFC 7517 section 5). Errors: as honest_token().
Result<nlohmann::json> partner_of(const Scope& scope);

// The service's keys have names, and whatever name there is a key of its own; the one without is
// what it signs with where nothing else is said.

// What an honest token says beside the time.
struct TokenContents {
  std::string subject;
  std::string issuer;
  std::string audience;
  std::string type;
  std::string lifetime;  // as from_now() takes it
  std::string key{};     // that signs it: any name, "rsa-1024" that of one which is too short
};
// Errors: not_found for a value that the scope has not; malformed for a lifetime that is none.
Result<std::string> honest_token(const Scope& scope, const TokenContents& contents);

// The JWK Set of these keys, whose names are separated by commas; `forgery` is one of
// crypto::jose::jwks_forgeries(), or empty. Errors: as honest_token(); as forge_jwks().
Result<std::string> published_keys(const Scope& scope, const std::string& names,
                                   const std::string& forgery);

// `token` with the change made, signed anew. Errors: malformed for what is no token, or a change
// that cannot be made; as evaluate().
Result<std::string> changed_token(const std::string& token, const model::TokenEdit& edit,
                                  const Scope& scope);

// Seconds since 1970: now and "-90s", "+5m", "1h", "30d" or "10y".
// Errors: malformed.
Result<std::string> from_now(const Scope& scope, std::string_view offset);

}  // namespace parley::engine
