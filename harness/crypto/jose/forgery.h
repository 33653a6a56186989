// SPDX-License-Identifier: GPL-3.0-or-later
// Tokens that must not be believed, made of an honest one. Sources: RFC 8725 (best practices and
// the attacks behind them), RFC 7515, RFC 7518, RFC 7519; each row names its clause.
// A forgery is data: a case's change names it. What can be said by setting or removing a member and
// signing honestly is no forgery but an edit: sign_edited(). Pure functions: safe from any thread.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/crypto/jose/key.h"
#include "harness/crypto/jose/token.h"

namespace parley::crypto::jose {

enum class Acceptance {
  never,  // a verifier that accepts it breaks the clause
  legal,  // specifications or profiles may accept it; `refusal` is the reason of those that do not
};

struct Forgery {
  std::string_view name;         // "alg-none", as a case writes it
  std::string_view clause;       // "RFC 8725 section 3.1"
  std::string_view explanation;  // what is forged and what it plays on
  Refusal refusal;               // by which verify() refuses it, signed with ES256 or RS256
  Acceptance acceptance = Acceptance::never;
};

// By subject, each name once.
std::span<const Forgery> forgeries();
const Forgery* find_forgery(std::string_view name);  // null: no such

struct ForgeryInput {
  std::string header;  // JSON texts, as an honest issuer would sign them
  std::string claims;
  PrivateKey signer;                                  // the honest key
  PrivateKey stranger;                                // the attacker's, of the same type
  std::string url = "https://attacker.invalid/keys";  // where jku and x5u point
  std::chrono::sys_seconds now;
  std::chrono::seconds age{3600};  // by how much the time claims are off
};

// The token's octets. Errors: not_found, with the nearest names, for an unknown forgery; malformed
// unless header and claims are JSON objects; unsupported where the keys do not allow it (halves of
// a signature need ECDSA).
Result<Bytes> forge(std::string_view name, const ForgeryInput& input);

// What a case's `set` and `remove` say. JSON objects; a member whose value is null is removed.
struct TokenEdit {
  std::string header = "{}";
  std::string claims = "{}";
};
// Errors: malformed for what is no JSON object; as sign_honestly() of signature.h.
Result<Bytes> sign_edited(const ForgeryInput& input, const TokenEdit& edit);

}  // namespace parley::crypto::jose
