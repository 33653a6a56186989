// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_tokens.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include "harness/crypto/jose/forgery.h"
#include "harness/crypto/jose/json.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;

constexpr std::int64_t kLife = 300;  // seconds
constexpr std::int64_t kMonth = 30 * 24 * 3600;
constexpr std::int64_t kMilliseconds = 1000;
constexpr std::size_t kIdLetters = 16;

// What no honest signer makes.
struct Forged {
  Fault fault;
  std::string_view forgery;
};
constexpr auto kForged = std::to_array<Forged>({
    {Fault::wp_token_unsigned, "alg-none"},
    {Fault::wp_token_hmac, "hmac-public-pem"},
    {Fault::wp_token_padded, "padding-claims"},
    {Fault::wp_token_line_break, "line-break-inside"},
    {Fault::wp_token_der_signature, "signature-der"},
    {Fault::wp_token_claims_twice, "sub-twice-own-last"},
    {Fault::wp_token_key_in_header, "jwk"},
});

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void set(jose::Json& object, std::string_view name, std::string text) {
  jose::set_member(object, name, jose::json_of(std::move(text)));
}

void set(jose::Json& object, std::string_view name, std::int64_t number) {
  jose::set_member(object, name, jose::json_of(number));
}

jose::Json header_of(const jose::PrivateKey& key, jose::Algorithm algorithm,
                     const FaultSet& faults) {
  jose::Json out{jose::Json::Object()};
  set(out, "alg", std::string(jose::to_string(algorithm)));
  if (!faults.has(Fault::wp_token_without_key_name)) {
    set(out, "kid", key.public_key.kid);
  }
  if (!faults.has(Fault::wp_token_untyped)) {
    set(out, "typ", faults.has(Fault::wp_token_other_type) ? "at+jwt" : "JWT");
  }
  return out;
}

void set_times(jose::Json& claims, const FaultSet& faults) {
  const bool past = faults.has(Fault::wp_token_expired);
  const std::int64_t from = now().time_since_epoch().count() - (past ? 2 * kLife : 0);
  const std::int64_t unit = faults.has(Fault::wp_token_in_milliseconds) ? kMilliseconds : 1;
  if (!faults.has(Fault::wp_token_without_issue_time)) {
    set(claims, "iat", from * unit);
  }
  if (faults.has(Fault::wp_token_not_yet)) {
    set(claims, "nbf", from + kLife - 1);
  }
  if (!faults.has(Fault::wp_token_without_expiry)) {
    set(claims, "exp", (from + (faults.has(Fault::wp_token_long_lived) ? kMonth : kLife)) * unit);
  }
}

jose::Json claims_of(const TokenWanted& wanted, const FaultSet& faults, Rng& rng) {
  jose::Json out{jose::Json::Object()};
  set(out, "iss", wanted.issuer + (faults.has(Fault::wp_token_other_issuer) ? "/" : ""));
  set(out, "sub", faults.has(Fault::wp_token_of_another) ? wanted.subject + "0" : wanted.subject);
  if (faults.has(Fault::wp_may_list_audiences)) {
    jose::set_member(out, "aud", {jose::Json::Array{jose::json_of(wanted.audience)}});
  } else if (!faults.has(Fault::wp_token_without_audience)) {
    set(out, "aud",
        faults.has(Fault::wp_token_for_another) ? "https://another.parley.test" : wanted.audience);
  }
  set_times(out, faults);
  set(out, "jti", rng.token(kIdLetters));
  if (faults.has(Fault::wp_may_add_claims)) {
    jose::set_member(out, "device", {jose::Json::Array{jose::json_of(std::int64_t{0}), {}}});
  }
  return out;
}

}  // namespace

Result<std::string> service_token(const TokenWanted& wanted, const ServiceKeys& keys,
                                  const FaultSet& faults, Rng& rng) {
  const auto* named = keys.signer(wanted.algorithm, faults);
  if (named == nullptr) {
    return fail(Errc::unsupported, "no key signs with that algorithm");
  }
  const auto algorithm = wanted.algorithm.value_or(jose::usual_algorithm(named->public_key));
  if (faults.has(Fault::wp_token_unknown_key)) {
    named = &keys.stranger();
  }
  const bool foreign =
      faults.has(Fault::wp_token_of_client) && jose::fits(algorithm, keys.stranger().public_key);
  const auto& signer = foreign ? keys.stranger() : *named;
  const auto header = jose::write_json(header_of(*named, algorithm, faults));
  const auto claims = jose::write_json(claims_of(wanted, faults, rng));
  for (const auto& [fault, forgery] : kForged) {
    if (faults.has(fault)) {
      return jose::forge(forgery, {.header = header,
                                   .claims = claims,
                                   .signer = signer,
                                   .stranger = keys.stranger(),
                                   .now = now()});
    }
  }
  return jose::sign_token(header, claims, algorithm, signer);
}

}  // namespace parley::reference::whatsapp
