// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "harness/model/shipped_suites.h"

namespace parley::engine {
namespace {

TEST(Monitors, WatchOneRequirementEach) {
  const auto& library = model::shipped_suites().library;
  std::set<std::string> names;
  for (const auto& monitor : monitors()) {
    names.insert(std::string(monitor.name));
  }
  EXPECT_EQ(names.size(), monitors().size());
  std::set<std::string> all;
  for (const auto& [profile, unused] : library.profiles) {
    std::set<std::string> watched;
    for (const auto& [id, requirement] : library.requirements) {
      if (requirement.profile == profile && !requirement.monitor.empty()) {
        EXPECT_TRUE(names.contains(requirement.monitor)) << id;
        EXPECT_TRUE(watched.insert(requirement.monitor).second) << id;
      }
    }
    all.merge(watched);
  }
  EXPECT_EQ(all, names);
}

}  // namespace
}  // namespace parley::engine
