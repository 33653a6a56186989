// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/identities.h"

#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/model/setting.h"

namespace parley::engine {

Identity fresh_identity(const model::Profile& profile, const std::string& kind, Rng rng) {
  Identity out;
  if (profile.numbered_accounts) {
    // Fifteen digits at most, none of them leading zeros, as telephone numbers have (ITU-T E.164).
    out.user = std::to_string(49'000'000'000'000 + rng.below(1'000'000'000'000));
  } else {
    out.user = "u" + rng.token(10);
  }
  out.password = rng.token(20);
  if (const auto at = profile.account_kinds.find(kind); at != profile.account_kinds.end()) {
    out.kind = kind;
    for (const auto& [field, value] : at->second) {
      out.terms[field] = model::with_settings(value, profile);
    }
  }
  return out;
}

std::string address_of(const model::Profile& profile, model::Party party, const Identity& identity,
                       const std::string& domain) {
  const auto at = profile.addresses.find(party);
  auto form = at == profile.addresses.end() ? "${user}@${domain}" : at->second;
  for (const auto& [field, value] : identity.terms) {
    form = replace_all(std::move(form), "${setting." + field + "}", value);
  }
  form = model::with_settings(std::move(form), profile);
  return replace_all(replace_all(form, "${user}", identity.user), "${domain}", domain);
}

std::string device_address_of(std::string bare) {
  return bare.insert(std::min(bare.find('@'), bare.size()), ":0");
}

}  // namespace parley::engine
