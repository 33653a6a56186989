// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/caller_proof.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/reference/json_rpc.h"
#include "harness/wire/http_message.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

Result<CallerProof> caller_proof_of(const nlohmann::json& params) {
  const auto said = params.find("authentication");
  if (said == params.end()) {
    return params.contains("secret") ? CallerProof::signature : CallerProof::certificate;
  }
  const auto word = said->is_string() ? said->get<std::string>() : "";
  if (word == "signature") {
    return CallerProof::signature;
  }
  if (word == "bearer") {
    return CallerProof::bearer;
  }
  if (word == "mutual-tls") {
    return CallerProof::certificate;
  }
  return fail(Errc::malformed, "authentication is signature, bearer or mutual-tls");
}

std::optional<std::string_view> bearer_credential(std::string_view authorization) {
  if (!wire::same_name(authorization.substr(0, kBearer.size()), kBearer)) {
    return std::nullopt;
  }
  const auto begin = authorization.find_first_not_of(' ', kBearer.size());
  return begin == std::string_view::npos ? std::nullopt
                                         : std::optional(authorization.substr(begin));
}

std::string borne(const SecretBytes& secret) { return to_hex(secret.reveal()); }

bool is_secret(std::string_view credential, const SecretBytes& secret) {
  const SecretBytes wanted(borne(secret));
  return !wanted.empty() && credential.size() == wanted.size() &&
         CRYPTO_memcmp(credential.data(), wanted.reveal().data(), wanted.size()) == 0;
}

}  // namespace parley::reference::whatsapp
