// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/kill_matrix.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace parley::cli {
namespace {

using engine::CaseResult;

CaseResult result_of(const std::string& id, model::VerdictKind kind,
                     const std::string& monitor = "") {
  CaseResult out{.id = id, .repetition = 0, .verdict = {}};
  out.verdict.kind = kind;
  out.verdict.monitor = monitor;
  return out;
}

// Three cases: `seen` falls to both faults, `watched` to a monitor only, `safe` to none.
Matrix small_matrix() {
  Matrix out;
  take_kills(out, "common",
             {result_of("s/safe", model::VerdictKind::inconclusive),
              result_of("s/seen", model::VerdictKind::fail),
              result_of("s/watched", model::VerdictKind::fail, "fresh-ids")});
  take_kills(out, "rare", {result_of("s/seen", model::VerdictKind::fail, "well-formed")});
  take_kills(out, "unseen", {result_of("s/safe", model::VerdictKind::pass)});
  return out;
}

TEST(KillMatrix, CountsOnlyFailuresAsKills) {
  const auto matrix = small_matrix();
  EXPECT_EQ(matrix.by_fault.at("common"), (std::vector<std::string>{"s/seen", "s/watched"}));
  EXPECT_TRUE(matrix.by_fault.at("unseen").empty());
  EXPECT_FALSE(matrix.by_case.contains("s/safe"));
}

TEST(KillMatrix, NamesWhatItLeavesOpen) {
  model::Case safe;
  safe.id = "s/safe";
  model::Case seen;
  seen.id = "s/seen";
  model::Case watched;
  watched.id = "s/watched";
  const auto gaps = gaps_of(small_matrix(), {&safe, &seen, &watched});
  EXPECT_EQ(gaps.survivors, std::vector<std::string>{"s/safe"});
  EXPECT_EQ(gaps.unnoticed, std::vector<std::string>{"unseen"});
  EXPECT_EQ(gaps.monitors_only, std::vector<std::string>{"s/watched"});
}

TEST(KillMatrix, DoesNotCallACaseASurvivorThatNoFaultWasPlannedFor) {
  model::Case fresh;
  fresh.id = "s/fresh";
  auto matrix = small_matrix();
  matrix.unplanned = {"s/fresh"};
  EXPECT_TRUE(gaps_of(matrix, {&fresh}).survivors.empty());
}

TEST(KillMatrix, PlansTheFaultThatTheCaseItselfSeesBeforeARarerOneThatAMonitorSees) {
  const auto plan = plan_of(small_matrix(), {});
  EXPECT_EQ(plan["common"], (nlohmann::json{"s/seen", "s/watched"}));
}

TEST(KillMatrix, PlansACaseForEachFaultThatKills) {
  const auto plan = plan_of(small_matrix(), {});
  EXPECT_EQ(plan["rare"], nlohmann::json{"s/seen"});
  EXPECT_FALSE(plan.contains("unseen"));
}

TEST(KillMatrix, PlansTheRarestOfTheFaultsThatTheCaseSees) {
  Matrix matrix;
  take_kills(
      matrix, "common",
      {result_of("s/a", model::VerdictKind::fail), result_of("s/b", model::VerdictKind::fail)});
  take_kills(matrix, "rare", {result_of("s/b", model::VerdictKind::fail)});
  const auto plan = plan_of(matrix, {});
  EXPECT_EQ(plan["common"], nlohmann::json{"s/a"});
  EXPECT_EQ(plan["rare"], nlohmann::json{"s/b"});
}

TEST(KillMatrix, PlansTheFaultThatBreaksTheCasesOwnRequirementBeforeARarerOne) {
  model::Case first;
  first.id = "s/first";
  first.requirement = "ENC-038";
  Matrix matrix;
  take_kills(matrix, "wg-sealed-cut",
             {result_of("s/a", model::VerdictKind::fail),
              result_of("s/first", model::VerdictKind::fail, "sealed-relayed")});
  take_kills(matrix, "wg-enc-version-lost", {result_of("s/first", model::VerdictKind::fail)});
  const auto plan = plan_of(matrix, {&first});
  EXPECT_EQ(plan["wg-sealed-cut"], (nlohmann::json{"s/a", "s/first"}));
}

TEST(KillMatrix, PlansACaseOfTheFaultsOwnRequirementForIt) {
  model::Case first;
  first.id = "s/first";
  first.requirement = "ENC-038";
  model::Case last;
  last.id = "s/last";
  last.requirement = "ENC-039";
  Matrix matrix;
  take_kills(matrix, "wg-enc-version-lost",
             {result_of("s/first", model::VerdictKind::fail),
              result_of("s/last", model::VerdictKind::fail)});
  take_kills(matrix, "wg-enc-type-lost",
             {result_of("s/first", model::VerdictKind::fail),
              result_of("s/last", model::VerdictKind::fail)});
  take_kills(matrix, "wg-sealed-cut", {result_of("s/first", model::VerdictKind::fail)});
  const auto plan = plan_of(matrix, {&first, &last});
  EXPECT_EQ(plan["wg-sealed-cut"], nlohmann::json{"s/first"});
  EXPECT_EQ(plan["wg-enc-type-lost"], nlohmann::json{"s/last"});
  EXPECT_EQ(plan["wg-enc-version-lost"], nlohmann::json{"s/last"});
}

}  // namespace
}  // namespace parley::cli
