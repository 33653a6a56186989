// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/applicable.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/engine/expression.h"
#include "harness/model/setting.h"

namespace parley::engine {
namespace {

using Declarations = std::map<model::Party, model::Declaration>;

// With Parley between them both must; of two that do one thing together either has its part.
bool declare(const model::Case& one, const std::vector<model::Party>& suts,
             const Declarations& declarations, const std::string& need) {
  const auto has = [&](model::Party party) {
    return std::ranges::count(declarations.at(party).features, need) > 0;
  };
  return one.together ? std::ranges::any_of(suts, has) : std::ranges::all_of(suts, has);
}

}  // namespace

std::string why_not_applicable(const model::Case& one, const model::Profile& profile,
                               const std::vector<model::Party>& suts,
                               const Declarations& declarations) {
  if (!std::ranges::all_of(suts, [&](auto party) { return declarations.contains(party); })) {
    return fmt::format("it judges {} together: give the declarations of both",
                       model::names_of(suts));
  }
  if (auto other = model::other_dialect(one, profile); !other.empty()) {
    return other;
  }
  std::vector<std::string> missing;
  for (const auto& need : one.needs) {
    if (model::setting_needed(need)) {
      continue;
    }
    if (need == "last-tokens-unassigned" &&
        profile.tokens.last_unassigned(kUnassignedTokens).size() < kUnassignedTokens) {
      return "the token dictionary assigns all the last tokens";
    }
    const auto setting = profile.settings.find(need);
    if (setting != profile.settings.end() && setting->second.value == "off") {
      return fmt::format("the profile has {} off", need);
    }
    if (!declare(one, suts, declarations, need)) {
      missing.push_back(need);
    }
  }
  return missing.empty() ? "" : "the SUT does not declare " + join(missing, ", ");
}

}  // namespace parley::engine
