// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/begin_order.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley::engine {
namespace {

using std::chrono::seconds;

model::Step lasting(seconds within) {
  model::Step out;
  out.within = within;
  return out;
}

void add(model::Library& library, const std::string& id, std::vector<model::Step> steps) {
  library.flows["p/" + id].steps = std::move(steps);
  auto& one = library.cases.emplace_back();
  one.id = id;
  one.profile = "p";
  one.flow = id;
}

TEST(LongestFirst, BeginsWhatGivesTheSutMoreTimeAndKeepsTheOrderOfTheRest) {
  model::Library library;
  library.profiles["p"].settings["slow"] = {"40", "assumed", "", {}};
  auto by_setting = lasting(seconds(1));
  by_setting.within_setting = "slow";
  add(library, "a", {});
  add(library, "b", {lasting(seconds(0))});
  add(library, "setting", {by_setting});
  add(library, "two-waits", {lasting(seconds(9)), lasting(seconds(9))});
  add(library, "wait", {lasting(seconds(10))});
  std::ranges::sort(library.cases, {}, &model::Case::id);
  const std::vector<PlannedCase> plan{{"b", 0},    {"gone", 0}, {"wait", 0},      {"a", 0},
                                      {"wait", 1}, {"b", 1},    {"two-waits", 0}, {"setting", 0}};
  std::vector<std::string> order;
  for (const auto& planned : longest_first(plan, library)) {
    order.push_back(planned.id + "/" + std::to_string(planned.repetition));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"setting/0", "two-waits/0", "wait/0", "wait/1", "b/0",
                                             "gone/0", "a/0", "b/1"}));
}

}  // namespace
}  // namespace parley::engine
