// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "harness/base/text.h"

namespace parley::crypto::jose {
namespace {

constexpr double kLastTime = 9007199254740992.0;  // 2^53: what a double counts exactly

using Failure = std::optional<Refused>;

Failure failure(Refusal reason, std::string detail) {
  return Refused{.reason = reason, .detail = std::move(detail)};
}

template <class T>
bool holds(const std::vector<T>& list, const T& wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

// RFC 7515 section 4.1.9: "application/" may be left out; media types have no case.
std::string media_type(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  constexpr std::string_view prefix = "application/";
  return out.starts_with(prefix) ? out.substr(prefix.size()) : out;
}

Failure check_algorithm(const Token& token, const Policy& policy) {
  const auto algorithm = algorithm_from(token.algorithm);
  if (algorithm && holds(policy.algorithms, *algorithm)) {
    return std::nullopt;
  }
  if (algorithm && is_symmetric(*algorithm) &&
      std::ranges::none_of(policy.algorithms, is_symmetric)) {
    return failure(Refusal::alg_symmetric, "a symmetric algorithm where public keys sign");
  }
  return failure(Refusal::alg_not_allowed, "the algorithm is not one of the policy's");
}

Failure check_header(const Token& token, const Policy& policy) {
  if (auto found = check_algorithm(token, policy)) {
    return found;
  }
  if (!policy.type.empty()) {
    const Json* type = token.header.find("typ");
    if (type == nullptr || type->text() == nullptr ||
        media_type(*type->text()) != media_type(policy.type)) {
      return failure(Refusal::type_wrong, "\"typ\" is not the policy's");
    }
  }
  if (policy.header_keys == HeaderKeys::refused) {
    for (const auto* name : {"jku", "jwk", "x5u", "x5c"}) {
      if (token.header.find(name) != nullptr) {
        return failure(Refusal::key_in_header, fmt::format("the header has \"{}\"", name));
      }
    }
  }
  return std::nullopt;
}

using Chosen = std::expected<const VerificationKey*, Refused>;

Chosen choose_key(const Token& token, const KeyRing& ring, const Policy& policy) {
  const auto refuse = [](Refusal reason, std::string detail) {
    return std::unexpected(Refused{.reason = reason, .detail = std::move(detail)});
  };
  const Json* kid = token.header.find("kid");
  if (kid != nullptr && kid->text() == nullptr) {
    return refuse(Refusal::kid_wrong_type, "\"kid\" is no string");
  }
  if (kid == nullptr && policy.key_ids == KeyIds::required) {
    return refuse(Refusal::kid_missing, "the header has no \"kid\"");
  }
  const auto algorithm = *algorithm_from(token.algorithm);
  const VerificationKey* chosen = nullptr;
  std::size_t named = 0;
  std::size_t fitting = 0;
  for (const auto& key : ring.keys()) {
    if (kid == nullptr || key.key().kid == *kid->text()) {
      ++named;
      if (fits(algorithm, key.key())) {
        ++fitting;
        chosen = &key;
      }
    }
  }
  if (kid != nullptr && named == 0) {
    return refuse(Refusal::kid_unknown, "no key has that \"kid\"");
  }
  if (fitting == 0) {
    return refuse(Refusal::key_unfit, "the key is not one for the algorithm");
  }
  if (fitting > 1) {
    return refuse(kid == nullptr ? Refusal::kid_missing : Refusal::kid_ambiguous,
                  "more than one key would do");
  }
  return chosen;
}

bool in_range(std::string_view number, std::string_view order) {
  return number.find_first_not_of('\0') != std::string_view::npos && number < order;
}

Failure check_signature(std::string_view text, const Token& token, const VerificationKey& key) {
  const auto algorithm = *algorithm_from(token.algorithm);
  if (token.signature.empty()) {
    return failure(Refusal::signature_missing, "the signature is empty");
  }
  if (token.signature.size() != signature_octets(algorithm, key.key())) {
    return failure(Refusal::signature_length,
                   "the signature has not the length that the algorithm gives it");
  }
  if (key.key().type == KeyType::ec) {
    const auto half = token.signature.size() / 2;
    const Bytes order = order_of(key.key().curve);
    const std::string_view octets = token.signature;
    // Octets compare as unsigned, so text order is that of equally long big-endian numbers.
    if (!in_range(octets.substr(0, half), order) || !in_range(octets.substr(half), order)) {
      return failure(Refusal::signature_range, "r or s is zero or not below the order");
    }
  }
  if (!key.verify(algorithm, text)) {
    return failure(Refusal::signature_wrong, "the signature is wrong");
  }
  return std::nullopt;
}

Failure check_texts(const Json& claims) {
  for (const auto* name : {"iss", "sub", "jti"}) {
    const Json* claim = claims.find(name);
    if (claim != nullptr && claim->text() == nullptr) {
      return failure(Refusal::claim_wrong_type, fmt::format("\"{}\" is no string", name));
    }
  }
  for (const auto* name : {"exp", "nbf", "iat"}) {
    const Json* claim = claims.find(name);
    if (claim != nullptr && claim->number() == nullptr) {
      return failure(Refusal::claim_wrong_type, fmt::format("\"{}\" is no number", name));
    }
  }
  return std::nullopt;
}

Failure check_audience(const Json& claims, const Policy& policy) {
  const Json* audience = claims.find("aud");
  if (audience == nullptr) {
    return failure(Refusal::claim_missing, "\"aud\" is missing");
  }
  std::vector<std::string> names;
  if (const auto* text = audience->text()) {
    names.push_back(*text);
  } else if (const auto* list = audience->array()) {
    for (const auto& name : *list) {
      if (name.text() == nullptr) {
        return failure(Refusal::claim_wrong_type, "\"aud\" lists what is no string");
      }
      names.push_back(*name.text());
    }
  } else {
    return failure(Refusal::claim_wrong_type, "\"aud\" is neither string nor list");
  }
  const bool alone = names.size() == 1 || policy.other_audiences == OtherAudiences::accepted;
  if (!alone || !holds(names, policy.audience)) {
    return failure(Refusal::audience_wrong, "\"aud\" is not the verifier's");
  }
  return std::nullopt;
}

Failure check_names(const Json& claims, const Policy& policy) {
  if (!policy.issuer.empty()) {
    const Json* issuer = claims.find("iss");
    if (issuer == nullptr) {
      return failure(Refusal::claim_missing, "\"iss\" is missing");
    }
    if (*issuer->text() != policy.issuer) {
      return failure(Refusal::issuer_wrong, "\"iss\" is not the issuer, byte for byte");
    }
  }
  if (!policy.audience.empty()) {
    if (auto found = check_audience(claims, policy)) {
      return found;
    }
  }
  if (policy.subject) {
    const Json* subject = claims.find("sub");
    if (subject == nullptr) {
      return failure(Refusal::claim_missing, "\"sub\" is missing");
    }
    if (*subject->text() != *policy.subject) {
      return failure(Refusal::subject_wrong, "\"sub\" is not the identifier that is claimed");
    }
  }
  return std::nullopt;
}

std::optional<double> time_of(const Json& claims, const char* name) {
  const Json* claim = claims.find(name);
  return claim == nullptr ? std::nullopt : std::optional(claim->number()->value);
}

Failure check_times(const Json& claims, const Policy& policy, std::chrono::sys_seconds now) {
  for (const auto* name : {"exp", "nbf", "iat"}) {
    const auto time = time_of(claims, name);
    if (time && (*time < 0 || *time > kLastTime)) {
      return failure(Refusal::time_out_of_range, fmt::format("\"{}\" is no time", name));
    }
    if (time && policy.fractional_times == FractionalTimes::refused && *time != std::trunc(*time)) {
      return failure(Refusal::time_fraction, fmt::format("\"{}\" is no whole second", name));
    }
  }
  const auto seconds = static_cast<double>(now.time_since_epoch().count());
  const auto leeway = static_cast<double>(policy.leeway.count());
  const auto expiry = time_of(claims, "exp");
  const auto from = time_of(claims, "nbf");
  const auto issued = time_of(claims, "iat");
  // RFC 7519 section 4.1.4: on the second of "exp" the token is expired already.
  if (expiry && seconds >= *expiry + leeway) {
    return failure(Refusal::expired, "\"exp\" is past");
  }
  if (from && *from > seconds + leeway) {
    return failure(Refusal::not_yet_valid, "\"nbf\" is to come");
  }
  if (issued && *issued > seconds + leeway) {
    return failure(Refusal::issued_in_future, "\"iat\" is to come");
  }
  if (expiry && issued && *expiry - *issued > static_cast<double>(policy.max_lifetime.count())) {
    return failure(Refusal::lifetime_too_long, "the token lives longer than the policy lets it");
  }
  return std::nullopt;
}

Failure check_binding(const Json& claims, const Policy& policy) {
  if (!policy.binding) {
    return std::nullopt;
  }
  const Json* claim = &claims;
  for (const auto& name : split(policy.binding->claim, '/')) {
    claim = claim->find(name);
    if (claim == nullptr) {
      return failure(Refusal::claim_missing,
                     fmt::format("\"{}\" is missing", policy.binding->claim));
    }
  }
  if (claim->text() == nullptr) {
    return failure(Refusal::claim_wrong_type,
                   fmt::format("\"{}\" is no string", policy.binding->claim));
  }
  if (*claim->text() != policy.binding->value) {
    return failure(Refusal::binding_wrong, "the token is bound to another key");
  }
  return std::nullopt;
}

Failure check_claims(const Json& claims, const Policy& policy, std::chrono::sys_seconds now) {
  for (const auto& name : policy.required_claims) {
    if (claims.find(name) == nullptr) {
      return failure(Refusal::claim_missing, fmt::format("\"{}\" is missing", name));
    }
  }
  if (auto found = check_texts(claims)) {
    return found;
  }
  if (auto found = check_names(claims, policy)) {
    return found;
  }
  if (auto found = check_times(claims, policy, now)) {
    return found;
  }
  return check_binding(claims, policy);
}

std::string text_of(const Json& object, std::string_view name) {
  const Json* member = object.find(name);
  return member == nullptr || member->text() == nullptr ? std::string() : *member->text();
}

}  // namespace

std::expected<Verified, Refused> verify(std::string_view text, const KeyRing& ring,
                                        const Policy& policy, std::chrono::sys_seconds now) {
  auto token = read_token(text, policy.limits);
  if (!token) {
    return std::unexpected(std::move(token.error()));
  }
  if (auto found = check_header(*token, policy)) {
    return std::unexpected(std::move(*found));
  }
  const auto key = choose_key(*token, ring, policy);
  if (!key) {
    return std::unexpected(key.error());
  }
  if (auto found = check_signature(text, *token, **key)) {
    return std::unexpected(std::move(*found));
  }
  auto claims = read_claims(*token, policy.limits);
  if (!claims) {
    return std::unexpected(std::move(claims.error()));
  }
  if (auto found = check_claims(*claims, policy, now)) {
    return std::unexpected(std::move(*found));
  }
  return Verified{.header = std::move(token->header),
                  .claims = *claims,
                  .key_id = (*key)->key().kid,
                  .subject = text_of(*claims, "sub"),
                  .token_id = text_of(*claims, "jti")};
}

}  // namespace parley::crypto::jose
