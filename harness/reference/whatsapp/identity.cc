// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/jose/jwk.h"
#include "harness/reference/certificate_folder.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
using enum jose::Refusal;

constexpr std::chrono::seconds kLongestLife = std::chrono::hours(24);
constexpr std::size_t kMostPartners = 1000;  // of those whose keys are fetched

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

// A gatekeeper with the fault takes any token of a service whose keys it cannot get.
struct Open {
  Outage outage;
  Fault fault;
};
constexpr auto kOpen = std::to_array<Open>({
    {Outage::refused, Fault::wg_keys_open_when_unreachable},
    {Outage::unreachable, Fault::wg_keys_open_when_unreachable},
    {Outage::silent, Fault::wg_keys_open_when_silent},
    {Outage::status, Fault::wg_keys_open_on_status},
    {Outage::media_type, Fault::wg_keys_open_on_media_type},
    {Outage::unreadable, Fault::wg_keys_open_on_unreadable},
    {Outage::empty, Fault::wg_keys_open_on_empty},
});

// What a token says of itself, unproven; empty where it says nothing that counts.
struct Saying {
  std::string issuer;
  std::string kid;
};
Saying saying_of(const std::string& text) {
  const jose::TokenLimits limits;
  const auto token = jose::read_token(text, limits);
  const auto claims = token ? jose::read_claims(*token, limits)
                            : std::expected<jose::Json, jose::Refused>(jose::Json());
  const auto* issuer = claims ? claims->find("iss") : nullptr;
  const auto* kid = token ? token->header.find("kid") : nullptr;
  Saying out;
  if (issuer != nullptr && issuer->text() != nullptr) {
    out.issuer = *issuer->text();
  }
  if (kid != nullptr && kid->text() != nullptr) {
    out.kid = *kid->text();
  }
  return out;
}

}  // namespace

Result<Partners::Partner> Partners::made(const nlohmann::json& partner) const {
  const auto text = [&](const char* name) {
    const auto found = partner.find(name);
    return found != partner.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const bool fetched = !partner.contains("jwks") && partner.contains("ca");
  for (const char* name : {"issuer", "audience", fetched ? "ca" : "jwks"}) {
    if (text(name).empty()) {
      return fail(Errc::malformed, fmt::format("there is no text '{}'", name));
    }
  }
  Partner out;
  out.policy.type = "JWT";
  out.policy.issuer = text("issuer");
  out.policy.audience = text("audience");
  out.policy.max_lifetime = kLongestLife;
  if (fetched) {
    auto pem = read_pem(text("ca"));
    if (!pem) {
      return std::unexpected(pem.error());
    }
    KeySource source{.issuer = text("issuer"), .ca_pem = std::move(*pem)};
    out.fetched = std::make_shared<KeyCache>(keeping_, std::move(source));
    return out;
  }
  const auto published = jose::read_jwks(text("jwks"));
  auto keys = published ? jose::KeyRing::make(published->keys)
                        : Result<jose::KeyRing>(std::unexpected(published.error()));
  if (!keys) {
    return fail(Errc::malformed, "jwks: " + keys.error().detail);
  }
  out.keys = std::move(*keys);
  return out;
}

Result<void> Partners::set(const nlohmann::json& partner) {
  const auto id = partner.find("integrator");
  if (id == partner.end() || !id->is_number_integer() || *id < 1 || *id > kLastPartner) {
    return fail(Errc::malformed, fmt::format("integrator is a number from 1 to {}", kLastPartner));
  }
  auto out = made(partner);
  if (!out) {
    return std::unexpected(out.error());
  }
  out->number = next_++;
  partners_.insert_or_assign(id->get<std::uint16_t>(), std::move(*out));
  make_room();
  return {};
}

// Those whose keys are fetched come and go.
void Partners::make_room() {
  const auto fetches = [](const auto& one) { return one.second.fetched != nullptr; };
  while (std::cmp_greater(std::ranges::count_if(partners_, fetches), kMostPartners)) {
    const auto age = [&](const auto& one) {
      return fetches(one) ? one.second.number : std::numeric_limits<std::uint64_t>::max();
    };
    partners_.erase(std::ranges::min_element(partners_, {}, age));
  }
}

bool Partners::refresh(std::uint16_t integrator) {
  const auto found = partners_.find(integrator);
  if (found == partners_.end() || found->second.fetched == nullptr) {
    return false;
  }
  found->second.fetched->refresh();
  return true;
}

asio::awaitable<void> Partners::prepare(std::uint16_t integrator, std::string token,
                                        FaultSet faults) {
  std::vector<std::shared_ptr<KeyCache>> others;
  for (const auto& [number, partner] : partners_) {
    if (partner.fetched && partner.fetched->fetching() && faults.has(Fault::wg_keys_block_others)) {
      others.push_back(partner.fetched);
    }
  }
  const auto found = partners_.find(integrator);
  const auto own = found == partners_.end() ? nullptr : found->second.fetched;
  for (const auto& other : others) {
    co_await other->settled();
  }
  const auto said = own ? saying_of(token) : Saying();
  if (own && said.issuer != own->issuer() && faults.has(Fault::wg_keys_issuer_of_token)) {
    const KeySource source{.issuer = said.issuer, .ca_pem = own->ca_pem()};
    const auto named = std::make_shared<KeyCache>(keeping_, source);
    if (named_.size() > kMostPartners) {
      named_.clear();
    }
    named_[said.issuer] = named;
    co_await named->prepare(said.kid, faults);
  }
  if (own && said.issuer == own->issuer()) {
    co_await own->prepare(said.kid, faults);
  }
}

std::optional<std::uint16_t> Partners::named_by(const std::string& token) const {
  const auto issuer = saying_of(token).issuer;
  std::optional<std::uint16_t> out;
  std::uint64_t latest = 0;
  for (const auto& [integrator, partner] : partners_) {
    // An issuer may come again under another number: the latest counts.
    if (partner.fetched && partner.fetched->issuer() == issuer && partner.number >= latest) {
      out = integrator;
      latest = partner.number;
    }
  }
  return out;
}

// Whether the token holds with whoever it says that it is of, for a gatekeeper that goes by that.
bool Partners::trusts_named(const Partner& partner, const std::string& token,
                            const jose::Policy& policy, const FaultSet& faults) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  jose::Policy named = policy;
  named.issuer = saying_of(token).issuer;
  const auto fetched = named_.find(named.issuer);
  if (partner.fetched && fetched != named_.end() && faults.has(Fault::wg_keys_issuer_of_token)) {
    return jose::verify(token, fetched->second->keys(), named, now).has_value();
  }
  return faults.has(Fault::wg_keys_partner_by_issuer) &&
         std::ranges::any_of(partners_, [&](const auto& one) {
           return one.second.policy.issuer == named.issuer &&
                  jose::verify(token, one.second.ring(), named, now).has_value();
         });
}

bool Partners::overlooks(const Partner& partner, const std::string& token,
                         const jose::Policy& policy, const jose::Refused& refused,
                         const FaultSet& faults) const {
  if (whatsapp::overlooks(faults, refused.reason) || trusts_named(partner, token, policy, faults)) {
    return true;
  }
  if (!partner.fetched || refused.reason != kid_unknown) {
    return false;
  }
  if (const auto outage = partner.fetched->outage()) {
    const auto row = std::ranges::find(kOpen, *outage, &Open::outage);
    return row != kOpen.end() && faults.has(row->fault);
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return faults.has(Fault::wg_keys_shared) && std::ranges::any_of(partners_, [&](const auto& one) {
           return jose::verify(token, one.second.ring(), policy, now).has_value();
         });
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
  const auto verified = jose::verify(token, found->second.ring(), policy, now);
  if (!verified) {
    return overlooks(found->second, token, policy, verified.error(), faults);
  }
  return !faults.has(Fault::wg_token_refuses_all) && !minds(verified->claims, faults);
}

}  // namespace parley::reference::whatsapp
