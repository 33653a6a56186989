// SPDX-License-Identifier: GPL-3.0-or-later
// Sessions against a real libFuzzer, in a target that misbehaves on demand.
#include "fuzz/supervisor/session.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : folder_(fs::path(testing::TempDir()) /
                fs::path(testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
  }
  ~SessionTest() override {
    unsetenv("PARLEY_MISBEHAVE");
    fs::remove_all(folder_);
  }

  SessionPlan plan(const char* mode) const {
    setenv("PARLEY_MISBEHAVE", mode, 1);
    SessionPlan out{.target = {.name = "misbehaving",
                               .program = PARLEY_MISBEHAVING,
                               .corpus = (folder_ / "none").string()},
                    .time = 3s,
                    .executions = 4'000,
                    .out = folder_.string()};
    out.limits.input = std::string_view(mode) == "hang" ? 1s : 60s;
    out.limits.memory_mib = 512;
    return out;
  }

  static SessionResult run(const SessionPlan& plan, const Listeners& listeners = {}) {
    auto result = fuzz(plan, listeners);
    EXPECT_TRUE(result) << result.error();
    return result ? std::move(*result) : SessionResult{};
  }

  const fs::path folder_;
};

struct Death {
  const char* mode;
  Kind kind;
};

class FindsDeath : public SessionTest, public testing::WithParamInterface<Death> {};

TEST_P(FindsDeath, WithItsKindAndItsInput) {
  const auto result = run(plan(GetParam().mode));
  ASSERT_FALSE(result.defects.empty()) << result.why;
  const auto& defect = result.defects.front();
  EXPECT_EQ(to_string(defect.state.kind), to_string(GetParam().kind)) << to_line(defect.state);
  EXPECT_EQ(result.defects.size(), 1U);
  if (is_finding(defect.state.kind)) {
    EXPECT_EQ(defect.input.substr(0, 3), "BAD");
    EXPECT_EQ(to_string(defect.reproduces), "yes");
  }
  const auto saved = load_defects((folder_ / "findings").string());
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved.front().input, defect.input);
}

#if defined(__has_feature) && __has_feature(address_sanitizer)
constexpr Kind kSeenBySanitizer = Kind::sanitizer;
#else
constexpr Kind kSeenBySanitizer = Kind::crash;
#endif

INSTANTIATE_TEST_SUITE_P(
    All, FindsDeath,
    testing::Values(Death{"oracle", Kind::disagreement}, Death{"hang", Kind::hang},
                    Death{"free-twice", kSeenBySanitizer}, Death{"memory", Kind::out_of_memory},
                    Death{"kill", Kind::killed}, Death{"signal", kSeenBySanitizer},
                    Death{"recursion", kSeenBySanitizer}, Death{"exit", Kind::crash},
                    Death{"mutator", Kind::mutator}, Death{"crossover", Kind::mutator}),
    [](const auto& one) {
      std::string name = one.param.mode;
      std::erase(name, '-');
      return name;
    });

TEST_F(SessionTest, EndsWhereEachInputDies) {
  auto dying = plan("oracle-always");
  dying.time = 300s;
  dying.executions = 0;
  dying.most_barren_rounds = 4;
  const auto result = run(dying);
  EXPECT_EQ(result.end, SessionEnd::dies_at_once) << result.why;
  EXPECT_TRUE(result.why.starts_with("4 rounds in a row ended before ")) << result.why;
  ASSERT_EQ(result.defects.size(), 1U);
  EXPECT_GE(result.defects.front().seen, 4U);
}

TEST_F(SessionTest, GoesOnBesideAShallowDefectAndSaysThatItCostsTime) {
  auto dying = plan("oracle-always");
  dying.time = 300s;
  dying.executions = 0;
  std::size_t warned = 0;
  Listeners listeners;
  listeners.warn = [&](const std::string& why) { warned += why.contains("rounds in a row"); };
  listeners.stop = [&] { return warned > 0; };
  const auto result = run(dying, listeners);
  EXPECT_EQ(result.end, SessionEnd::stopped) << result.why;
  EXPECT_EQ(warned, 1U);
  ASSERT_EQ(result.defects.size(), 1U);
  EXPECT_GE(result.defects.front().seen, 20U);
}

TEST_F(SessionTest, MakesTheInputSmall) {
  const auto result = run(plan("oracle"));
  ASSERT_EQ(result.defects.size(), 1U);
  const auto& defect = result.defects.front();
  EXPECT_EQ(defect.minimised.value_or(defect.input), "BAD");
  EXPECT_GT(defect.seen, 1U);  // rounds go on after the first
  EXPECT_NE(defect.place.find("misbehaving_fuzz.cc:"), std::string::npos) << defect.place;
  // The report is that of the input that is offered.
  if (defect.minimised) {
    EXPECT_NE(defect.report.find("minimising/minimised"), std::string::npos) << defect.report;
    EXPECT_EQ(defect.report_as_found.find("minimising/minimised"), std::string::npos);
    EXPECT_NE(defect.report_as_found.find("oracle broken"), std::string::npos);
  }
}

TEST_F(SessionTest, OffersNoSmallInputThatNeedsOthersBeforeIt) {
  setenv("PARLEY_MISBEHAVE", "oracle-needs-octets", 1);
  const auto bad = folder_ / "bad";
  fs::create_directories(folder_);
  Defect defect{.target = "misbehaving",
                .state = {.kind = Kind::disagreement,
                          .what = "oracle broken: !mode().starts_with(\"oracle\")",
                          .frames = {}},
                .place = "",
                .input = "BAD" + Bytes(40, 'x'),
                .minimised = std::nullopt,
                .report = "as found"};
  const auto shows = minimise_defect(plan("oracle-needs-octets").target, defect, {},
                                     {.starts = 100}, (folder_ / "m").string());
  ASSERT_TRUE(shows) << shows.error();
  EXPECT_TRUE(*shows);
  EXPECT_FALSE(defect.minimised) << *defect.minimised;
  EXPECT_EQ(defect.report, "as found");
}

TEST_F(SessionTest, SaysWhatDoesNotShowItselfAgain) {
  const auto result = run(plan("oracle-later"));
  ASSERT_EQ(result.defects.size(), 1U);
  EXPECT_EQ(to_string(result.defects.front().reproduces), "no");
  EXPECT_EQ(result.defects.front().instead, "it ran to its end");
}

struct Alone {
  const char* name;
  const char* mode;
  bool stopped;
  const char* reproduces;
  const char* instead;  // begins so
};
class SaysWhatHappenedInstead : public SessionTest, public testing::WithParamInterface<Alone> {};

TEST_P(SaysWhatHappenedInstead, WhereAnInputByItselfDoesNotShowItsDefect) {
  const auto& [name, mode, stopped, reproduces, instead] = GetParam();
  const auto asked = plan(mode);
  Defect defect{.target = "misbehaving",
                .state = {.kind = Kind::crash, .what = "signal 4", .frames = {}},
                .place = "",
                .input = "BAD",
                .minimised = std::nullopt};
  fs::create_directories(folder_);
  const auto shows = minimise_defect(asked.target, defect, asked.limits,
                                     {.starts = 1, .stop = [stop = stopped] { return stop; }},
                                     (folder_ / "m").string());
  ASSERT_TRUE(shows) << shows.error();
  EXPECT_FALSE(*shows);
  EXPECT_EQ(to_string(defect.reproduces), reproduces);
  EXPECT_TRUE(defect.instead.starts_with(instead)) << defect.instead;
}

INSTANTIATE_TEST_SUITE_P(
    All, SaysWhatHappenedInstead,
    testing::Values(Alone{"End", "nothing", false, "no", "it ran to its end"},
                    Alone{"Another", "oracle", false, "no",
                          "it showed another defect: disagreement: oracle broken"},
                    Alone{"Time", "hang", false, "no", "it ran into the time limit: hang: "},
                    Alone{"Stopped", "hang", true, "not-tried", "it was stopped before its end"}),
    [](const auto& one) { return one.param.name; });

TEST_F(SessionTest, EndsWithItsExecutions) {
  const auto result = run(plan("nothing"));
  EXPECT_EQ(result.end, SessionEnd::executions);
  EXPECT_TRUE(result.defects.empty());
  EXPECT_GE(result.last.executions, 4'000U);
  EXPECT_LT(result.last.executions, 5'000U);
}

TEST_F(SessionTest, EndsWhenItIsAskedTo) {
  auto endless = plan("nothing");
  endless.executions = 0;
  endless.time = 600s;
  const auto result = run(endless, {.progress = {}, .defect = {}, .stop = [] { return true; }});
  EXPECT_EQ(result.end, SessionEnd::stopped);
}

TEST_F(SessionTest, EndsWhenTheDiskRunsFull) {
  auto full = plan("nothing");
  full.executions = 0;
  full.limits.disk_left_mib = 1ULL << 40;
  const auto result = run(full);
  EXPECT_EQ(result.end, SessionEnd::disk_full);
  ASSERT_EQ(result.defects.size(), 1U);
  EXPECT_EQ(to_string(result.defects.front().state.kind), "disk-full");
}

TEST_F(SessionTest, SaysWhyAProgramRunsNoInput) {
  auto wrong = plan("nothing");
  wrong.target.program = "/bin/false";
  const auto result = run(wrong);
  EXPECT_EQ(result.end, SessionEnd::unfit);
  EXPECT_NE(result.why.find("'/bin/false' is built without libFuzzer"), std::string::npos);
}

TEST_F(SessionTest, WarnsOnceWhereNothingLeadsTheFuzzer) {
  auto blind = plan("oracle");
  blind.target.program = PARLEY_BLIND;
  std::vector<std::string> warned;
  const auto result =
      run(blind, {.progress = {}, .defect = {}, .stop = {}, .warn = [&](const auto& why) {
                    warned.push_back(why);
                  }});
  EXPECT_GT(result.last.executions, 0U) << result.why;
  EXPECT_EQ(warned, std::vector{result.warning});
  EXPECT_TRUE(result.warning.contains("(edges that it sees: 0, that")) << result.warning;
  EXPECT_EQ(run(plan("nothing")).warning, "");
}

TEST_F(SessionTest, BeginsWithTheInputsOfFindingsAlone) {
  const auto found = folder_ / "found";
  fs::create_directories(found);
  for (const auto* name : {"input", "finding.json", "report.txt"}) {
    std::ofstream(found / name) << name;
  }
  auto with = plan("nothing");
  with.corpora = {found.string()};
  run(with);
  EXPECT_TRUE(fs::exists(folder_ / "seeds" / "0-input"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "seeds"), {}), 1);
}

TEST_F(SessionTest, ListsThePlacesOfWhatCountsAsOneDefect) {
  const auto seeds = folder_ / "more";
  fs::create_directories(seeds);
  for (const auto* octets : {"BAD1", "BAD2", "BAD3"}) {
    std::ofstream(seeds / octets) << octets;
  }
  auto with = plan("two-places");
  with.corpora = {seeds.string()};
  const auto result = run(with);
  ASSERT_EQ(result.defects.size(), 1U);
  const auto& places = result.defects.front().places;
  ASSERT_EQ(places.size(), 2U);
  EXPECT_TRUE(places[0].contains("misbehaving_fuzz.cc:")) << places[0];
  EXPECT_NE(places[0], places[1]);
  EXPECT_EQ(load_defects((folder_ / "findings").string()).front().places, places);
}

TEST_F(SessionTest, GoesOnInItsFolder) {
  const auto first = run(plan("oracle"));
  const auto second = run(plan("oracle"));
  ASSERT_EQ(second.defects.size(), 1U);
  EXPECT_EQ(load_defects((folder_ / "findings").string()).size(), 1U);
}

}  // namespace
}  // namespace parley::fuzz
