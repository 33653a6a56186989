// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/session.h"

#include <gtest/gtest.h>

#include <csignal>

#include "harness/cli/stop_signals.h"

namespace parley::cli {
namespace {

using model::VerdictKind;

engine::CaseResult result(std::string id, int repetition, VerdictKind kind) {
  engine::CaseResult out{.id = std::move(id), .repetition = repetition, .verdict = {}};
  out.verdict.kind = kind;
  return out;
}

struct Ended {
  const char* name;
  std::vector<VerdictKind> verdicts;
  std::size_t planned;
  ExitCode code;
};
class ExitCodeOf : public testing::TestWithParam<Ended> {};

TEST_P(ExitCodeOf, TellsTheWorstThatCame) {
  engine::RunSummary summary;
  summary.planned = GetParam().planned;
  for (const auto kind : GetParam().verdicts) {
    summary.results.push_back(result("a/b", 0, kind));
  }
  testing::internal::CaptureStderr();
  EXPECT_EQ(exit_code_of(summary), GetParam().code);
  testing::internal::GetCapturedStderr();
}

INSTANTIATE_TEST_SUITE_P(
    Runs, ExitCodeOf,
    testing::Values(
        Ended{"Clean", {VerdictKind::pass, VerdictKind::not_applicable}, 2, ExitCode::ok},
        Ended{"Fail", {VerdictKind::pass, VerdictKind::fail}, 2, ExitCode::findings},
        Ended{"Inconclusive", {VerdictKind::inconclusive}, 1, ExitCode::findings},
        Ended{"Flaky", {VerdictKind::flaky}, 1, ExitCode::findings},
        Ended{"Error", {VerdictKind::fail, VerdictKind::error}, 2, ExitCode::harness_error},
        Ended{"Excluded", {VerdictKind::not_applicable}, 1, ExitCode::nothing_judged},
        Ended{"Missing", {VerdictKind::pass}, 2, ExitCode::harness_error}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(MarkFlaky, CallsAPassFlakyWhereAnotherRepetitionDidNotPass) {
  std::vector results{result("a/b", 0, VerdictKind::pass), result("a/b", 1, VerdictKind::fail),
                      result("a/c", 0, VerdictKind::pass), result("a/c", 1, VerdictKind::pass)};
  EXPECT_EQ(mark_flaky(results), std::vector<std::string>{"a/b"});
  EXPECT_EQ(results[0].verdict.kind, VerdictKind::flaky);
  EXPECT_EQ(results[1].verdict.kind, VerdictKind::fail);
  EXPECT_EQ(results[2].verdict.kind, VerdictKind::pass);
}

TEST(MarkFlaky, CallsTheOtherRepetitionsOfWhatFellSilentFlaky) {
  std::vector results{result("a/b", 0, VerdictKind::pass), result("a/b", 1, VerdictKind::pass)};
  results[1].silent_beside = engine::SilentBeside{.reason = "nothing came", .machine_busy = false};
  EXPECT_EQ(mark_flaky(results), std::vector<std::string>{"a/b"});
  EXPECT_EQ(results[0].verdict.kind, VerdictKind::flaky);
  EXPECT_EQ(results[1].verdict.kind, VerdictKind::flaky);
}

struct Silent {
  const char* name;
  VerdictKind second;
  bool machine_busy;
  VerdictKind called;
};
class MarkFlakySilent : public testing::TestWithParam<Silent> {};

TEST_P(MarkFlakySilent, BesideOthersUnlessTheMachineWasBusy) {
  std::vector results{result("a/b", 0, GetParam().second)};
  results[0].silent_beside =
      engine::SilentBeside{.reason = "nothing came", .machine_busy = GetParam().machine_busy};
  EXPECT_TRUE(mark_flaky(results).empty());
  EXPECT_EQ(results[0].verdict.kind, GetParam().called);
  const bool flaky = GetParam().called == VerdictKind::flaky;
  EXPECT_EQ(results[0].verdict.reason.contains("nothing came"), flaky);
  EXPECT_EQ(results[0].verdict.blame == model::Blame::sut, flaky);
}

INSTANTIATE_TEST_SUITE_P(
    All, MarkFlakySilent,
    testing::Values(Silent{"Passed", VerdictKind::pass, false, VerdictKind::flaky},
                    Silent{"PassedWhereItWasBusy", VerdictKind::pass, true, VerdictKind::pass},
                    Silent{"Failed", VerdictKind::fail, false, VerdictKind::fail}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Quoted, IsOneWordOfAShell) {
  EXPECT_EQ(quoted("out/run-1"), "out/run-1");
  EXPECT_EQ(quoted("a b"), "'a b'");
  EXPECT_EQ(quoted("it's"), R"('it'\''s')");
  EXPECT_EQ(quoted(""), "''");
}

TEST(ResumeCommand, NamesTheSuitesOnlyWhereTheUserDid) {
  RunArguments arguments;
  arguments.suites_folder = "my suites";
  EXPECT_EQ(resume_command(arguments, "out/1"), "parley run --resume out/1");
  arguments.given.insert("--suites");
  EXPECT_EQ(resume_command(arguments, "out/1"), "parley run --suites 'my suites' --resume out/1");
}

// The driver interrupts its parent, as a terminal does, and never answers.
TEST(PreflightOf, EndsWhenItIsInterrupted) {
  model::Declaration hangs;
  hangs.party = model::Party::third_party_client;
  hangs.driver = {"/bin/sh", "-c", "kill -INT $PPID; exec cat"};
  hangs.folder = "/";
  const auto checks = preflight_of(hangs, model::Profile{}, 1);
  ASSERT_FALSE(checks);
  EXPECT_EQ(checks.error().code, Errc::refused);
  testing::internal::CaptureStderr();
  EXPECT_EQ(print_no_checks(hangs, checks.error()), ExitCode::stopped);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("nothing was judged"), std::string::npos);
}

class StopSignal : public testing::TestWithParam<int> {};

TEST_P(StopSignal, IsNotedOnceAndThenHasItsUsualEffect) {
  const StopSignals signals;
  EXPECT_FALSE(StopSignals::requested());
  std::raise(GetParam());
  EXPECT_TRUE(StopSignals::requested());
  EXPECT_EXIT(std::raise(GetParam()), testing::KilledBySignal(GetParam()), "");
}
INSTANTIATE_TEST_SUITE_P(All, StopSignal, testing::Values(SIGINT, SIGTERM));

}  // namespace
}  // namespace parley::cli
