// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/key_set.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/jwks_lint.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
using jose::Defect;
using jose::Json;

constexpr std::size_t kAnySize = std::size_t{64} << 20U;  // wg-keys-any-size
constexpr std::size_t kFewKeys = 4;                       // wg-keys-few
constexpr std::array<std::string_view, 4> kNumbers{"x", "y", "n", "e"};

// A gatekeeper with the fault takes a key that has the defect.
struct Overlooked {
  Defect defect;
  Fault fault;
};
constexpr auto kOverlooked = std::to_array<Overlooked>({
    {Defect::private_member, Fault::wg_keys_private},
    {Defect::use_wrong, Fault::wg_keys_encryption},
    {Defect::key_ops_wrong, Fault::wg_keys_operations},
    {Defect::alg_wrong, Fault::wg_keys_algorithm},
    {Defect::weak_rsa, Fault::wg_keys_short_rsa},
    {Defect::base64_padding, Fault::wg_keys_padded},
    {Defect::base64_other, Fault::wg_keys_line_break},
    {Defect::coordinate_length, Fault::wg_keys_coordinate_long},
});

// What costs a key nothing: libraries write it, and it is clear what is meant.
bool is_harmless(const jose::JwksFinding& finding, const Json& key) {
  if (finding.defect == Defect::key_ops_wrong) {
    const Json* operations = key.find("key_ops");
    const Json verify = jose::json_of(std::string("verify"));
    return operations->array() != nullptr &&
           std::ranges::find(*operations->array(), verify) != operations->array()->end();
  }
  return finding.defect == Defect::leading_zero || finding.defect == Defect::same_key_twice ||
         finding.defect == Defect::kid_duplicate;  // judged below, for both of them
}

bool overlooks(const FaultSet& faults, Defect defect) {
  const auto row = std::ranges::find(kOverlooked, defect, &Overlooked::defect);
  return row != kOverlooked.end() && faults.has(row->fault);
}

// The members as a careless reader takes them.
Json read_carelessly(Json key, const FaultSet& faults) {
  for (const auto name : kNumbers) {
    const Json* member = key.find(name);
    if (member == nullptr || member->text() == nullptr) {
      continue;
    }
    std::string text = *member->text();
    if (faults.has(Fault::wg_keys_padded)) {
      text.erase(text.find_last_not_of('=') + 1);
    }
    if (faults.has(Fault::wg_keys_line_break)) {
      std::erase(text, '\n');
    }
    const auto octets = jose::from_base64url(text);
    if (octets && octets->starts_with('\0') && faults.has(Fault::wg_keys_coordinate_long)) {
      text = jose::to_base64url(octets->substr(1));
    }
    jose::set_member(key, name, jose::json_of(std::move(text)));
  }
  if (faults.has(Fault::wg_keys_algorithm)) {
    jose::remove_member(key, "alg");
  }
  if (faults.has(Fault::wg_keys_encryption)) {
    jose::remove_member(key, "use");
  }
  return key;
}

// RFC 7517 section 4.5: a name that two keys have names neither.
std::vector<jose::PublicKey> alone_under_their_names(std::vector<jose::PublicKey> keys,
                                                     const FaultSet& faults) {
  const auto others = [&](const jose::PublicKey& key) {
    return std::ranges::count(keys, key.kid, &jose::PublicKey::kid) - 1;
  };
  std::vector<jose::PublicKey> out;
  for (const auto& key : keys) {
    const auto before = std::ranges::count(out, key.kid, &jose::PublicKey::kid);
    if (others(key) == 0 || (before == 0 && faults.has(Fault::wg_keys_twice_first))) {
      out.push_back(key);
    } else if (faults.has(Fault::wg_keys_twice_last)) {
      std::erase_if(out, [&](const jose::PublicKey& one) { return one.kid == key.kid; });
      out.push_back(key);
    }
  }
  return out;
}

// RFC 7517 sections 4, 4.2 to 4.4: a key may say more than it must, and need not say what it is
// for.
bool minds(const Json& key, const FaultSet& faults) {
  static const std::set<std::string, std::less<>> usual{"kty", "kid", "use", "crv",
                                                        "x",   "y",   "n",   "e"};
  const bool unusual =
      key.object() != nullptr && std::ranges::any_of(*key.object(), [](const jose::Member& member) {
        return !usual.contains(member.name);
      });
  return (unusual && faults.has(Fault::wg_keys_unusual_refused)) ||
         (key.find("use") == nullptr && faults.has(Fault::wg_keys_use_required));
}

std::vector<jose::PublicKey> as_far_as_read(std::vector<jose::PublicKey> keys,
                                            const FaultSet& faults) {
  if (keys.size() > kFewKeys && faults.has(Fault::wg_keys_few)) {
    keys.resize(kFewKeys);
  }
  if (keys.size() > 1 && faults.has(Fault::wg_keys_first_only)) {
    keys.resize(1);
  }
  if (keys.size() > 1 && faults.has(Fault::wg_keys_last_only)) {
    keys.erase(keys.begin(), keys.end() - 1);
  }
  return keys;
}

jose::LintRules rules_under(const FaultSet& faults) {
  jose::LintRules rules;
  rules.limits.max_octets = faults.has(Fault::wg_keys_any_size) ? kAnySize : kMaxKeySetOctets;
  return rules;
}

// What is wrong with the set as a whole.
Result<void> check_set(const std::vector<jose::JwksFinding>& findings, const FaultSet& faults) {
  for (const auto& finding : findings) {
    if (finding.defect == Defect::empty_set) {
      return fail(Errc::not_found, "no key is published");
    }
    const bool twice =
        finding.defect == Defect::duplicate_member && faults.has(Fault::wg_keys_members_twice);
    if (!finding.key && !twice) {
      return fail(finding.defect == Defect::too_many_keys ? Errc::too_large : Errc::malformed,
                  std::string(to_string(finding.defect)));
    }
    const bool unknown = finding.defect == Defect::kty_unknown;
    if ((unknown && faults.has(Fault::wg_keys_unknown_type_fatal)) ||
        (!unknown && finding.key && faults.has(Fault::wg_keys_defect_fatal))) {
      return fail(Errc::malformed, std::string(to_string(finding.defect)));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<jose::PublicKey>> trusted_keys(const std::string& text, const FaultSet& faults) {
  const auto rules = rules_under(faults);
  if (text.size() > rules.limits.max_octets) {
    return fail(Errc::too_large, "the set has too many octets");
  }
  const auto findings = jose::lint_jwks(text, rules);
  if (const auto whole = check_set(findings, faults); !whole) {
    return std::unexpected(whole.error());
  }
  const auto set = jose::read_json(
      text, {.max_octets = rules.limits.max_octets, .max_depth = rules.limits.max_depth},
      jose::Repeats::kept);
  if (!set) {
    return fail(Errc::malformed, std::string(to_string(set.error().fault)));
  }
  if (set->object()->size() > 1 && faults.has(Fault::wg_keys_strict)) {
    return fail(Errc::malformed, "the set says more than its keys");
  }
  const auto& published = *set->find("keys")->array();
  std::set<std::size_t> unfit;
  for (const auto& finding : findings) {
    if (finding.key && !is_harmless(finding, published[*finding.key]) &&
        !overlooks(faults, finding.defect)) {
      unfit.insert(*finding.key);
    }
  }
  std::vector<jose::PublicKey> keys;
  for (std::size_t i = 0; i < published.size(); ++i) {
    auto key = unfit.contains(i) || minds(published[i], faults)
                   ? Result<jose::PublicKey>(fail(Errc::refused, "unfit"))
                   : jose::read_jwk(read_carelessly(published[i], faults));
    if (key) {
      keys.push_back(std::move(*key));
    }
  }
  return as_far_as_read(alone_under_their_names(std::move(keys), faults), faults);
}

}  // namespace parley::reference::whatsapp
