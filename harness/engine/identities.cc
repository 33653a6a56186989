// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/identities.h"

#include "harness/base/text.h"
#include "harness/model/setting.h"

namespace parley::engine {

Identity fresh_identity(const model::Profile& profile, Rng rng) {
  if (!profile.numbered_accounts) {
    return {.user = "u" + rng.token(10), .password = rng.token(20)};
  }
  // Fifteen digits at most, none of them leading zeros, as telephone numbers have (ITU-T E.164).
  return {.user = std::to_string(49'000'000'000'000 + rng.below(1'000'000'000'000)),
          .password = rng.token(20)};
}

std::string address_of(const model::Profile& profile, model::Party party, const std::string& user,
                       const std::string& domain) {
  const auto at = profile.addresses.find(party);
  const auto form = at == profile.addresses.end() ? "${user}@${domain}"
                                                  : model::with_settings(at->second, profile);
  return replace_all(replace_all(form, "${user}", user), "${domain}", domain);
}

}  // namespace parley::engine
