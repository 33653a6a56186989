// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/command_line.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <utility>

#include "harness/base/text.h"
#include "harness/cli/exit_code.h"

namespace parley::cli {
namespace {

struct Called {
  int code = 0;
  std::string said;                   // on the standard error
  std::optional<RunArguments> given;  // what run or selftest was called with
};

// Carries out nothing.
Called call(const std::vector<std::string>& words) {
  Called out;
  const auto keep = [&out](const RunArguments& arguments) {
    out.given = arguments;
    return ExitCode::ok;
  };
  const auto nothing = [](const RunArguments&, const std::string&) { return ExitCode::ok; };
  const auto fuzzed = [](const FuzzArguments&) { return ExitCode::ok; };
  const Commands commands{
      .run = keep,
      .selftest = keep,
      .list = nothing,
      .show = nothing,
      .init = [](const RunArguments&, const std::string&,
                 const std::string&) { return ExitCode::ok; },
      .doctor = keep,
      .replay = nothing,
      .report = nothing,
      .reference = [](const reference::Options&) { return ExitCode::ok; },
      .fuzz = {.list = fuzzed,
               .run = fuzzed,
               .replay = fuzzed,
               .minimize = fuzzed,
               .triage = fuzzed,
               .coverage = fuzzed,
               .seeds = fuzzed},
      .live = [&](const RunArguments& arguments, const LiveArguments&) { return keep(arguments); }};
  std::vector<const char*> arguments{"parley"};
  for (const auto& word : words) {
    arguments.push_back(word.c_str());
  }
  testing::internal::CaptureStderr();
  out.code = run_command_line(static_cast<int>(arguments.size()), arguments.data(), commands);
  out.said = testing::internal::GetCapturedStderr();
  return out;
}

struct Wrong {
  const char* name;
  std::vector<std::string> words;
  const char* option;  // that the complaint names
};
class WrongUsage : public testing::TestWithParam<Wrong> {};

TEST_P(WrongUsage, EndsWithExitCodeTwoAndNamesTheOption) {
  const auto called = call(GetParam().words);
  EXPECT_EQ(called.code, 2);
  EXPECT_FALSE(called.given);
  EXPECT_NE(called.said.find(GetParam().option), std::string::npos) << called.said;
}

INSTANTIATE_TEST_SUITE_P(
    Options, WrongUsage,
    testing::Values(Wrong{"NoJobs", {"run", "--jobs", "0"}, "--jobs"},
                    Wrong{"NegativeJobs", {"run", "--jobs", "-1"}, "--jobs"},
                    Wrong{"ManyJobs", {"run", "--jobs", "1025"}, "--jobs"},
                    Wrong{"NegativeWorkers", {"run", "--workers", "-2"}, "--workers"},
                    Wrong{"NegativeRepeat", {"run", "--repeat", "-1"}, "--repeat"},
                    Wrong{"NoRepeat", {"run", "--repeat=0"}, "--repeat"},
                    Wrong{"EmptySeed", {"run", "--seed", ""}, "--seed"},
                    Wrong{"EmptySeedAfterAnEqualsSign", {"run", "--seed="}, "--seed"},
                    Wrong{"NegativeSeed", {"run", "--seed", "-1"}, "--seed"},
                    Wrong{"LargeSeed", {"run", "--seed", "18446744073709551616"}, "--seed"},
                    Wrong{"SeedOfWords", {"run", "--seed", "one"}, "--seed"},
                    Wrong{"EmptyOut", {"run", "--out", ""}, "--out"},
                    Wrong{"EmptyCase", {"run", "--case", ""}, "--case"},
                    Wrong{"EmptySuite", {"run", "--suite", ""}, "--suite"},
                    Wrong{"EmptySut", {"run", "--sut", ""}, "--sut"},
                    Wrong{"EmptyResume", {"run", "--resume", ""}, "--resume"},
                    Wrong{"EmptyJunit", {"run", "--junit", ""}, "--junit"},
                    Wrong{"EmptyFault", {"run", "--fault", ""}, "--fault"},
                    Wrong{"EmptySuites", {"--suites", "", "run"}, "--suites"},
                    Wrong{"NoPatience", {"run", "--patience-ms", "0"}, "--patience-ms"},
                    Wrong{"UnknownNull", {"run", "--null", "loud"}, "--null"},
                    Wrong{"NoParallel", {"selftest", "--parallel", "0"}, "--parallel"},
                    Wrong{"EmptyPath", {"replay", ""}, "path"},
                    Wrong{"LargePort",
                          {"reference", "--party", "gatekeeper.server", "--port", "65536"},
                          "--port"},
                    Wrong{"NoFuzzCommand", {"fuzz"}, "subcommand"},
                    Wrong{"UnknownFuzzCommand", {"fuzz", "bogus"}, "subcommand of fuzz 'bogus'"},
                    Wrong{"NearFuzzCommand", {"fuzz", "rn"}, "did you mean 'run'"},
                    Wrong{"UnknownCommand", {"bogus"}, "unknown command 'bogus'"},
                    Wrong{"NoFuzzTime", {"fuzz", "run", "--seconds", "0"}, "--seconds"},
                    Wrong{"NegativeFuzzSeed", {"fuzz", "run", "--seed", "-1"}, "--seed"},
                    Wrong{"NoRunForSeeds", {"fuzz", "seeds"}, "--from"},
                    Wrong{"NoSuchRun", {"fuzz", "seeds", "--from", "/nowhere"}, "/nowhere"},
                    Wrong{"NoInput", {"fuzz", "replay", "xml_reader"}, "file"},
                    Wrong{"NoSuchInput", {"fuzz", "replay", "xml_reader", "/nowhere"}, "/nowhere"},
                    Wrong{"NoCommand", {}, "subcommand"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(CommandLine, HandsOverWhatWasGiven) {
  const auto called = call({"run", "--case", "a/b,c/*", "--case", "d", "--seed",
                            "18446744073709551615", "--jobs", "1024", "--patience-ms", "250"});
  EXPECT_EQ(called.code, 0) << called.said;
  ASSERT_TRUE(called.given);
  EXPECT_EQ(called.given->selection.cases, (std::vector<std::string>{"a/b", "c/*", "d"}));
  EXPECT_EQ(called.given->seed, 18'446'744'073'709'551'615U);
  EXPECT_EQ(called.given->jobs, 1024u);
  EXPECT_EQ(called.given->patience, std::chrono::milliseconds(250));
  EXPECT_EQ(called.given->given,
            (std::set<std::string>{"--case", "--seed", "--jobs", "--patience-ms"}));
}

TEST(CommandLine, HandsOverTheSettingsThatWereGiven) {
  const auto called = call({"run", "--set", "product=7", "--set", "a=b=c,d", "--set", "bare"});
  ASSERT_TRUE(called.given) << called.said;
  EXPECT_EQ(called.given->settings,
            (std::map<std::string, std::string>{{"a", "b=c,d"}, {"bare", ""}, {"product", "7"}}));
  EXPECT_TRUE(called.given->given.contains("--set"));
}

TEST(CommandLine, HasNoWishesOfItsOwn) {
  const auto called = call({"run"});
  ASSERT_TRUE(called.given);
  EXPECT_TRUE(called.given->given.empty());
  EXPECT_TRUE(contradiction(*called.given).empty());
}

struct Together {
  const char* name;
  std::vector<std::string> words;
  const char* said;  // a part of it; empty: they go together
};
class Contradiction : public testing::TestWithParam<Together> {};

TEST_P(Contradiction, IsSaid) {
  const auto called = call(GetParam().words);
  ASSERT_TRUE(called.given) << called.said;
  const auto wrong = contradiction(*called.given);
  EXPECT_EQ(wrong.empty(), std::string(GetParam().said).empty()) << wrong;
  EXPECT_NE(wrong.find(GetParam().said), std::string::npos) << wrong;
}

INSTANTIATE_TEST_SUITE_P(
    Options, Contradiction,
    testing::Values(
        Together{"ResumeAndCase", {"run", "--resume", "r", "--case", "a"}, "leave out --case"},
        Together{"ResumeAndSeed", {"run", "--resume", "r", "--seed", "1"}, "leave out --seed"},
        Together{"ResumeAndOut", {"run", "--resume", "r", "--out", "o"}, "leave out --out"},
        Together{"ResumeAndSut", {"run", "--resume", "r", "--sut", "s"}, "leave out --sut"},
        Together{"ResumeAndRepeat", {"run", "--resume", "r", "--repeat", "2"}, "--repeat"},
        Together{"ResumeAndSetting", {"run", "--resume", "r", "--set", "a=b"}, "leave out --set"},
        Together{"ResumeAndJobs", {"run", "--resume", "r", "--jobs", "1"}, ""},
        Together{"ResumeAndPatience", {"run", "--resume", "r", "--patience-ms", "9"}, ""},
        Together{"SutAndFault", {"run", "--sut", "s", "--fault", "f"}, "embedded reference"},
        Together{"SutAndNull", {"run", "--sut", "s", "--null", "silent"}, "embedded reference"},
        Together{"UnknownFault", {"run", "--fault", "gk-unheard-of"}, "'gk-unheard-of'"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ExitCodes, AreEachSaidOnce) {
  std::istringstream table(exit_code_table());
  std::vector<std::string> codes;
  std::string line;
  std::getline(table, line);
  EXPECT_EQ(line, "Exit codes:");
  while (std::getline(table, line)) {
    codes.push_back(replace_all(line.substr(0, 5), " ", ""));
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "130"}));
}

TEST(Doctor, TakesTwoDeclarations) {
  const auto called = call({"doctor", "--sut", "a.yaml", "--sut", "b.yaml"});
  EXPECT_EQ(called.code, 0) << called.said;
  ASSERT_TRUE(called.given);
  EXPECT_EQ(called.given->sut_files, (std::vector<std::string>{"a.yaml", "b.yaml"}));
}

}  // namespace
}  // namespace parley::cli
