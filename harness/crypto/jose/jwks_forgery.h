// SPDX-License-Identifier: GPL-3.0-or-later
// Published key sets that are wrong in one named way, made of an honest one: what a gatekeeper has
// to bear (IDP-027, IDP-028). Each is found by lint_jwks(), whose clause is the row's. Pure
// functions: safe from any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/crypto/jose/jwks_lint.h"
#include "harness/crypto/jose/key.h"

namespace parley::crypto::jose {

struct JwksForgery {
  std::string_view name;         // "private-members", as a case writes it
  std::string_view explanation;  // what is wrong with the set
  Defect defect;
};

std::span<const JwksForgery> jwks_forgeries();

// The set of `keys` with the forgery's defect, at the first key where it is one of a key.
// Errors: not_found, with the nearest names; unsupported without keys, or where the first key's
// type cannot have the defect.
Result<std::string> forge_jwks(std::string_view name, std::span<const PrivateKey> keys);

}  // namespace parley::crypto::jose
