// SPDX-License-Identifier: GPL-3.0-or-later
// What is found in a library once it is loaded.
#include <algorithm>

#include "harness/model/library.h"

namespace parley::model {

const Flow* Library::flow(const std::string& profile, const std::string& name) const {
  const auto at = flows.find(profile + "/" + name);
  return at == flows.end() ? nullptr : &at->second;
}

const Case* Library::find_case(const std::string& id) const {
  const auto at = std::ranges::lower_bound(cases, id, {}, &Case::id);
  return at != cases.end() && at->id == id ? &*at : nullptr;
}

const Requirement* Library::watched_by(const std::string& profile,
                                       const std::string& monitor) const {
  for (const auto& [id, requirement] : requirements) {
    const auto at = profiles.find(profile);
    const bool holds =
        at == profiles.end() ? requirement.profile == profile : at->second.is(requirement.profile);
    if (holds && requirement.monitor == monitor) {
      return &requirement;
    }
  }
  return nullptr;
}

std::vector<std::string> Library::case_ids() const {
  std::vector<std::string> out;
  for (const auto& one : cases) {
    out.push_back(one.id);
  }
  return out;
}

}  // namespace parley::model
