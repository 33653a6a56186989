// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "harness/crypto/jose/jwk.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
using enum jose::Refusal;

constexpr std::chrono::seconds kLongestLife = std::chrono::hours(24);

// A gatekeeper with the fault does not look at what would be refused for that reason.
struct Overlooked {
  jose::Refusal reason;
  Fault fault;
};
constexpr auto kOverlooked = std::to_array<Overlooked>({
    {too_large, Fault::wg_token_oversized},
    {wrong_parts, Fault::wg_token_parts},
    {encrypted, Fault::wg_token_encrypted},
    {base64_padding, Fault::wg_token_padded},
    {base64_white_space, Fault::wg_token_white_space},
    {base64_alphabet, Fault::wg_token_standard_alphabet},
    {base64_octet, Fault::wg_token_other_octets},
    {base64_length, Fault::wg_token_other_octets},
    {header_not_utf8, Fault::wg_token_not_utf8},
    {header_syntax, Fault::wg_token_header_syntax},
    {header_not_object, Fault::wg_token_header_syntax},
    {header_duplicate, Fault::wg_token_header_twice},
    {alg_missing, Fault::wg_token_no_algorithm},
    {alg_wrong_type, Fault::wg_token_algorithm_type},
    {alg_none, Fault::wg_token_unsigned},
    {crit_malformed, Fault::wg_token_crit_malformed},
    {crit_unknown, Fault::wg_token_crit_unknown},
    {unencoded, Fault::wg_token_unencoded},
    {nested, Fault::wg_token_nested},
    {alg_symmetric, Fault::wg_token_symmetric},
    {alg_not_allowed, Fault::wg_token_any_algorithm},
    {type_wrong, Fault::wg_token_any_type},
    {key_in_header, Fault::wg_token_key_in_header},
    {kid_wrong_type, Fault::wg_token_kid_type},
    {kid_unknown, Fault::wg_token_kid_unknown},
    {key_unfit, Fault::wg_token_key_unfit},
    {signature_missing, Fault::wg_token_signature_missing},
    {signature_length, Fault::wg_token_signature_length},
    {signature_range, Fault::wg_token_signature_range},
    {signature_wrong, Fault::wg_token_signature_wrong},
    {claims_not_utf8, Fault::wg_token_not_utf8},
    {claims_syntax, Fault::wg_token_claims_syntax},
    {claims_number, Fault::wg_token_claims_syntax},
    {claims_duplicate, Fault::wg_token_claims_twice},
    {claims_not_object, Fault::wg_token_claims_syntax},
    {claim_missing, Fault::wg_token_claim_missing},
    {claim_wrong_type, Fault::wg_token_claim_type},
    {issuer_wrong, Fault::wg_token_any_issuer},
    {audience_wrong, Fault::wg_token_any_audience},
    {subject_wrong, Fault::wg_token_any_subject},
    {time_out_of_range, Fault::wg_token_time_range},
    {expired, Fault::wg_token_expired},
    {not_yet_valid, Fault::wg_token_not_yet_valid},
    {issued_in_future, Fault::wg_token_of_tomorrow},
    {lifetime_too_long, Fault::wg_token_long_lived},
});

bool overlooks(const FaultSet& faults, jose::Refusal reason) {
  const auto row = std::ranges::find(kOverlooked, reason, &Overlooked::reason);
  return row != kOverlooked.end() && faults.has(row->fault);
}

// Whether a gatekeeper with a fault refuses what is right.
bool minds(const jose::Json& claims, const FaultSet& faults) {
  static const std::set<std::string, std::less<>> known{"iss", "sub", "aud", "iat",
                                                        "exp", "nbf", "jti"};
  const bool foreign = std::ranges::any_of(
      *claims.object(), [](const jose::Member& member) { return !known.contains(member.name); });
  const auto* audience = claims.find("aud");
  const bool list = audience != nullptr && audience->array() != nullptr;
  return (foreign && faults.has(Fault::wg_token_unknown_claim_refused)) ||
         (list && faults.has(Fault::wg_token_audience_list_refused));
}

}  // namespace

Result<void> Partners::set(const nlohmann::json& partner) {
  const auto text = [&](const char* name) {
    const auto found = partner.find(name);
    return found != partner.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto id = partner.find("integrator");
  if (id == partner.end() || !id->is_number_integer() || *id < 1 || *id > 999) {
    return fail(Errc::malformed, "integrator is a number from 1 to 999");
  }
  for (const char* name : {"issuer", "audience", "jwks"}) {
    if (text(name).empty()) {
      return fail(Errc::malformed, fmt::format("there is no text '{}'", name));
    }
  }
  const auto published = jose::read_jwks(text("jwks"));
  auto keys = published ? jose::KeyRing::make(published->keys)
                        : Result<jose::KeyRing>(std::unexpected(published.error()));
  if (!keys) {
    return fail(Errc::malformed, "jwks: " + keys.error().detail);
  }
  jose::Policy policy;
  policy.type = "JWT";
  policy.issuer = text("issuer");
  policy.audience = text("audience");
  policy.max_lifetime = kLongestLife;
  partners_.insert_or_assign(id->get<std::uint16_t>(),
                             Partner{.policy = std::move(policy), .keys = std::move(*keys)});
  return {};
}

bool Partners::proves(std::uint16_t integrator, const std::string& number, const std::string& token,
                      const FaultSet& faults) const {
  const auto found = partners_.find(integrator);
  if (found == partners_.end()) {
    return false;
  }
  jose::Policy policy = found->second.policy;
  policy.subject = number;
  policy.leeway =
      faults.has(Fault::wg_may_have_no_leeway) ? std::chrono::seconds(0) : policy.leeway;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto verified = jose::verify(token, found->second.keys, policy, now);
  if (!verified) {
    return overlooks(faults, verified.error().reason);
  }
  return !faults.has(Fault::wg_token_refuses_all) && !minds(verified->claims, faults);
}

}  // namespace parley::reference::whatsapp
