// SPDX-License-Identifier: GPL-3.0-or-later
// How the gatekeeper's server and a third party's know each other's calls, as the driver says it in
// "authentication": by a signature (RFC 9421), by the secret itself (RFC 6750 section 2.1) or by
// the caller's certificate (RFC 8446 section 4.4.2). Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/secret_bytes.h"

namespace parley::reference::whatsapp {

enum class CallerProof { signature, bearer, certificate };

// Where "authentication" is not said, a "secret" signs, and without one there is a certificate.
// Errors: malformed for a word that is none of "signature", "bearer" and "mutual-tls".
Result<CallerProof> caller_proof_of(const nlohmann::json& params);

// What stands behind the scheme Bearer, whose letters' case does not matter (RFC 9110 sections
// 11.1, 11.4); nothing for a field of another scheme, or without a credential.
std::optional<std::string_view> bearer_credential(std::string_view authorization);
// The secret as it is borne: its octets in lower-case hex.
std::string borne(const SecretBytes& secret);
// In a time that does not depend on where the two differ.
bool is_secret(std::string_view credential, const SecretBytes& secret);

}  // namespace parley::reference::whatsapp
