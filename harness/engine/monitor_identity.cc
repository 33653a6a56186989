// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <set>
#include <string>

#include "harness/base/text.h"
#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwks_lint.h"
#include "harness/engine/identity_service.h"
#include "harness/net/http_url.h"

namespace parley::engine {
namespace {

namespace jose = crypto::jose;
using jose::Refusal;

// What of a token is whose affair.
enum class Concern {
  signature,
  key,
  later_key,  // with a set that was fetched when it had been taken with another
  expiry,
  lifetime,
  purpose,
  encoding,
  issuer,
  spelling,
  identifier
};

struct Row {
  Refusal reason;
  Concern concern;
};
// Whatever is not here is the signature's.
constexpr auto kConcerns = std::to_array<Row>({
    {Refusal::base64_padding, Concern::encoding},
    {Refusal::base64_white_space, Concern::encoding},
    {Refusal::base64_alphabet, Concern::encoding},
    {Refusal::base64_octet, Concern::encoding},
    {Refusal::base64_length, Concern::encoding},
    {Refusal::base64_trailing_bits, Concern::encoding},
    {Refusal::kid_wrong_type, Concern::key},
    {Refusal::kid_missing, Concern::key},
    {Refusal::kid_unknown, Concern::key},
    {Refusal::kid_ambiguous, Concern::key},
    {Refusal::key_unfit, Concern::key},
    {Refusal::type_wrong, Concern::purpose},
    {Refusal::audience_wrong, Concern::purpose},
    {Refusal::subject_wrong, Concern::purpose},
    {Refusal::claim_missing, Concern::purpose},
    {Refusal::claim_wrong_type, Concern::purpose},
    {Refusal::claims_duplicate, Concern::purpose},
    {Refusal::not_yet_valid, Concern::purpose},
    {Refusal::issuer_wrong, Concern::issuer},
    {Refusal::expired, Concern::expiry},
    {Refusal::time_out_of_range, Concern::expiry},
    {Refusal::time_fraction, Concern::expiry},
    {Refusal::issued_in_future, Concern::expiry},  // of milliseconds the unit is wrong
    {Refusal::lifetime_too_long, Concern::lifetime},
});

std::string part_of(const std::string& token, std::size_t index) {
  const auto parts = split(token, '.');
  const auto octets = index < parts.size() ? jose::from_base64url(parts[index]) : Bytes();
  return octets ? *octets : parts[index];
}

// What the token says, for people: header and claims without the signature.
std::string said(const std::string& token) { return part_of(token, 0) + " " + part_of(token, 1); }

std::string subject_of(const std::string& token) {
  const auto claims = jose::read_json(part_of(token, 1));
  const auto* found = claims ? claims->find("sub") : nullptr;
  return found == nullptr || found->text() == nullptr ? "" : *found->text();
}

// The key that a token names.
std::string key_of(const std::string& token) {
  const auto header = jose::read_json(part_of(token, 0));
  const auto* found = header ? header->find("kid") : nullptr;
  return found == nullptr || found->text() == nullptr ? "" : *found->text();
}

Concern concern_of(const IssuedToken& token, const jose::Refused& why) {
  if (why.reason == Refusal::subject_wrong && !token.old.empty()) {
    const auto named = subject_of(token.text);
    return std::ranges::count(token.old, named) > 0 ? Concern::identifier
           : named == token.spelled                 ? Concern::spelling
                                                    : Concern::purpose;
  }
  if (why.reason == Refusal::claim_missing && why.detail.starts_with("\"exp\"")) {
    return Concern::expiry;
  }
  const auto row = std::ranges::find(kConcerns, why.reason, &Row::reason);
  return row == kConcerns.end() ? Concern::signature : row->concern;
}

bool between(const std::vector<Rotation>& rotations, std::string_view stage, std::size_t from,
             std::size_t to) {
  return std::ranges::any_of(rotations, [&](const Rotation& one) {
    return one.stage == stage && one.event > from && one.event < to;
  });
}

// The sets with which a gatekeeper must be able to take a token: the last one fetched before it,
// unless another key has come to sign meanwhile, and those fetched afterwards until keys are
// withdrawn.
std::vector<const PublishedSet*> sets_for(const IssuedToken& token,
                                          const IdentityService& service) {
  std::vector<const PublishedSet*> out;
  for (const auto& set : service.sets) {
    if (set.event < token.event) {
      out.clear();
      if (!between(service.rotations, "sign", set.event, token.event)) {
        out.push_back(&set);
      }
    } else if (!between(service.rotations, "withdraw", token.event, set.event)) {
      out.push_back(&set);
    }
  }
  return out;
}

// The first token that a gatekeeper refuses for such a reason.
std::optional<Finding> unfit(const Watched& watched, std::string_view monitor,
                             std::initializer_list<Concern> concerns) {
  const auto service = identity_service_of(watched);
  for (const auto& token : service.tokens) {
    bool taken = false;
    for (const auto* set : sets_for(token, service)) {
      const auto why = refusal_of_token(watched, token, *set);
      if (!why) {
        taken = true;
        continue;
      }
      const auto concern = taken ? Concern::later_key : concern_of(token, *why);
      if (std::ranges::count(concerns, concern) > 0) {
        return found(monitor,
                     fmt::format("a gatekeeper refuses a token of the SUT: {} ({})", why->detail,
                                 jose::to_string(why->reason)),
                     said(token.text));
      }
    }
  }
  return std::nullopt;
}

std::map<std::string, std::string> thumbprints(const PublishedSet& set) {
  std::map<std::string, std::string> out;  // by name; what has none is its own
  for (const auto& key : set.keys) {
    auto thumbprint = jose::thumbprint(key);
    out.emplace(key.kid.empty() ? thumbprint : key.kid, thumbprint);
  }
  return out;
}

bool holds(const PublishedSet& set, const PublishedSet& other) {
  const auto mine = thumbprints(set);
  return std::ranges::all_of(thumbprints(other), [&](const auto& key) {
    const auto at = mine.find(key.first);
    return at != mine.end() && at->second == key.second;
  });
}

std::string names_in(const PublishedSet& set) {
  std::vector<std::string> names;
  for (const auto& key : set.keys) {
    names.push_back(key.kid);
  }
  return "the keys " + join(names, ", ");
}

// One name, one key, for as long as anybody may have kept a set.
std::optional<Finding> name_reused(const IdentityService& service) {
  std::map<std::string, std::string> known;
  for (const auto& set : service.sets) {
    for (const auto& [name, thumbprint] : thumbprints(set)) {
      const auto [at, fresh] = known.emplace(name, thumbprint);
      if (!fresh && at->second != thumbprint) {
        return found("keys-rotate", "the SUT gave another key the name of an earlier one",
                     names_in(set));
      }
    }
  }
  return std::nullopt;
}

// The last of what stands before an event, and the first of what stands between it and another.
template <class Things, class Wanted>
auto* last_before(const Things& things, std::size_t event, Wanted wanted) {
  const typename Things::value_type* out = nullptr;
  for (const auto& one : things) {
    out = one.event < event && wanted(one) ? &one : out;
  }
  return out;
}
template <class Things, class Wanted>
auto* first_between(const Things& things, std::size_t from, std::size_t to, Wanted wanted) {
  const typename Things::value_type* out = nullptr;
  for (const auto& one : things) {
    out = out == nullptr && one.event > from && one.event < to && wanted(one) ? &one : out;
  }
  return out;
}

// One stage of a rotation, and what was seen on either side of it.
struct Stage {
  std::string name;
  const PublishedSet* before;
  const PublishedSet* after;
  const IssuedToken* last;  // signed before
  const IssuedToken* next;  // signed after it, by whatever key it is
};

std::string wrong_with(const Stage& stage, const std::string& retired) {
  const bool sets = stage.before != nullptr && stage.after != nullptr;
  const bool tokens = stage.last != nullptr && stage.next != nullptr &&
                      !key_of(stage.last->text).empty() && !key_of(stage.next->text).empty();
  const bool same = tokens && key_of(stage.last->text) == key_of(stage.next->text);
  if (stage.name == "publish") {
    return sets && holds(*stage.before, *stage.after) ? "no new key was published before it signs"
           : sets && !holds(*stage.after, *stage.before)
               ? "a key was withdrawn when a new one was published"
           : tokens && !same ? "a new key signs as soon as it is published"
                             : "";
  }
  if (stage.name == "sign") {
    return sets && !holds(*stage.after, *stage.before)
               ? "the old key was withdrawn while its tokens live"
           : same ? "the old key signs on when the new one should"
                  : "";
  }
  if (sets && !retired.empty() && thumbprints(*stage.after).contains(retired)) {
    return "the old key was never withdrawn";
  }
  return stage.next != nullptr && !retired.empty() && key_of(stage.next->text) == retired
             ? "a key signs that was withdrawn"
             : "";
}

std::optional<Finding> rotation_wrong(const IdentityService& service) {
  const auto any = [](const auto&) { return true; };
  const auto own = [](const IssuedToken& token) { return token.own_algorithm; };
  std::string retired;  // the key that the last "sign" has replaced
  for (std::size_t i = 0; i < service.rotations.size(); ++i) {
    const auto& [event, name] = service.rotations[i];
    const auto to = i + 1 < service.rotations.size() ? service.rotations[i + 1].event : SIZE_MAX;
    const Stage stage{.name = name,
                      .before = last_before(service.sets, event, any),
                      .after = first_between(service.sets, event, to, any),
                      .last = last_before(service.tokens, event, own),
                      .next = first_between(service.tokens, event, to, own)};
    if (name == "sign" && stage.last != nullptr) {
      retired = key_of(stage.last->text);
    }
    if (auto wrong = wrong_with(stage, retired); !wrong.empty()) {
      return found("keys-rotate", std::move(wrong),
                   stage.after == nullptr ? "nothing" : names_in(*stage.after));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> published_keys(const Watched& watched) {
  for (const auto& set : identity_service_of(watched).sets) {
    // RFC 7517 section 8.5.2; many serve it as plain JSON.
    if (set.media_type != "application/json" && set.media_type != "application/jwk-set+json") {
      return found("published-keys",
                   fmt::format("the key set is served as '{}'", printable(set.media_type, 60)),
                   set.text);
    }
    for (const auto& finding : jose::lint_published_jwks(set.text)) {
      const auto where =
          finding.key ? fmt::format("key {}{}", *finding.key, finding.member.empty() ? "" : ", ") +
                            finding.member
                      : finding.member;
      return found("published-keys",
                   fmt::format("the key set has the defect {}{}{}: {} ({})",
                               jose::to_string(finding.defect), where.empty() ? "" : " at ", where,
                               finding.detail, jose::clause_of(finding.defect)),
                   set.text);
    }
  }
  return std::nullopt;
}

std::optional<Finding> keys_in_safety(const Watched& watched) {
  for (const auto& document : identity_service_of(watched).documents) {
    const auto url = net::parse_http_url(document.keys_at);
    if (!url || url->scheme != net::HttpUrl::Scheme::https) {
      return found("https-alone", "the SUT says that its keys lie where no HTTPS is",
                   "jwks_uri: " + document.keys_at);
    }
  }
  return std::nullopt;
}

std::optional<Finding> keys_rotate(const Watched& watched) {
  const auto service = identity_service_of(watched);
  if (auto finding = name_reused(service)) {
    return finding;
  }
  if (auto finding = rotation_wrong(service)) {
    return finding;
  }
  return unfit(watched, "keys-rotate", {Concern::key, Concern::later_key});
}

std::optional<Finding> token_signed(const Watched& watched) {
  return unfit(watched, "token-signed", {Concern::signature, Concern::key});
}

std::optional<Finding> token_expires(const Watched& watched) {
  return unfit(watched, "token-expires", {Concern::expiry});
}

std::optional<Finding> token_short_lived(const Watched& watched) {
  return unfit(watched, "token-short-lived", {Concern::lifetime});
}

std::optional<Finding> token_purpose(const Watched& watched) {
  return unfit(watched, "token-purpose", {Concern::purpose});
}

std::optional<Finding> token_encoding(const Watched& watched) {
  return unfit(watched, "token-encoding", {Concern::encoding});
}

std::optional<Finding> token_issuer(const Watched& watched) {
  return unfit(watched, "token-issuer", {Concern::issuer});
}

std::optional<Finding> token_spelling(const Watched& watched) {
  return unfit(watched, "token-spelling", {Concern::spelling});
}

std::optional<Finding> token_identifier(const Watched& watched) {
  return unfit(watched, "token-identifier", {Concern::identifier});
}

}  // namespace parley::engine
