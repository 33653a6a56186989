// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/fuzz_report.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/cli/fuzz_targets.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

class FuzzReportTest : public testing::Test {
 protected:
  FuzzReportTest() : out_(fs::path(testing::TempDir()) / "parley-fuzz-report") {
    fs::remove_all(out_);
  }
  ~FuzzReportTest() override { fs::remove_all(out_); }

  // A run of one target that finds one thing.
  nlohmann::json run(const std::string& target) const {
    const fuzz::Defect defect{.target = target,
                              .state = {.kind = fuzz::Kind::crash, .what = "abort", .frames = {}},
                              .place = "/src/a.cc:1:2",
                              .input = "abc",
                              .minimised = "a",
                              .run = fuzz_options(arguments_)};
    EXPECT_TRUE(fuzz::save(defect, (out_ / target / "findings").string()));
    const FuzzDone done{.target = {.name = target, .program = "/p", .corpus = "/c"},
                        .result = {.end = fuzz::SessionEnd::time,
                                   .why = "",
                                   .defects = {defect},
                                   .last = {.executions = 5}}};
    const auto report = write_fuzz_report(arguments_, {done}, out_.string());
    EXPECT_TRUE(report) << report.error();
    return nlohmann::json::parse(report.value_or("[]"));
  }

  nlohmann::json sarif_results() const {
    std::ifstream file(out_ / "findings.sarif");
    return nlohmann::json::parse(file)["runs"][0]["results"];
  }

  const fs::path out_;
  FuzzArguments arguments_{.catalogue = "my lists/targets.json", .seed = 7};
};

TEST_F(FuzzReportTest, KeepsWhatAnotherTargetsRunHasFound) {
  run("first");
  const auto report = run("second");
  ASSERT_EQ(report.size(), 2U);
  EXPECT_EQ(report[0]["target"], "first");
  EXPECT_EQ(report[0]["executions"], 5);
  EXPECT_EQ(report[0]["earlier"], true);
  EXPECT_EQ(report[0]["findings"].size(), 1U);
  EXPECT_EQ(report[1]["earlier"], false);
  EXPECT_EQ(sarif_results().size(), 2U);
}

TEST_F(FuzzReportTest, KeepsWhatAKilledRunHasFound) {
  run("first");
  fs::remove(out_ / "first" / "session.json");
  const auto report = run("second");
  ASSERT_EQ(report.size(), 2U);
  EXPECT_EQ(report[0]["end"], "unfinished");
  EXPECT_EQ(report[0]["findings"].size(), 1U);
}

TEST_F(FuzzReportTest, TakesNothingOutOfBoundsFromWhatLiesThere) {
  run("first");
  const auto with = [&](const std::string& text) {
    std::ofstream(out_ / "first" / "session.json") << text;
    return run("second")[0];
  };
  for (const auto& text : {std::string(), std::string("{"), std::string("[]"), std::string("\xFF"),
                           "{\"a\": \"" + std::string(100'000, 'x') + "\"}"}) {
    EXPECT_EQ(with(text)["end"], "unfinished") << text.substr(0, 20);
  }
  const auto deep = with(R"({ "target": 5, "executions": 3, "a": )" + std::string(20'000, '[') +
                         std::string(20'000, ']') + "}");
  EXPECT_EQ(deep["target"], "first");
  EXPECT_EQ(deep["executions"], 3);
  EXPECT_LT(deep.dump().size(), 2000U);
}

TEST_F(FuzzReportTest, OffersInputsThatAreThereAndSaysHowTheyWereFound) {
  const auto entry = run("first")[0];
  const auto& finding = entry["findings"][0];
  const auto input = finding["input"].get<std::string>();
  EXPECT_TRUE(fs::is_regular_file(input)) << input;
  EXPECT_EQ(finding["replay"],
            "parley fuzz replay --targets 'my lists/targets.json' first " + input);
  EXPECT_EQ(finding["run"]["seed"], 7);
  EXPECT_EQ(finding["run"]["version"], PARLEY_VERSION);
  EXPECT_EQ(entry["run"]["seed"], 7);
  const auto from_sarif = sarif_results()[0]["properties"]["input"].get<std::string>();
  EXPECT_TRUE(fs::is_regular_file(out_ / from_sarif)) << from_sarif;
}

TEST_F(FuzzReportTest, SaysWhereItCannotBeWritten) {
  EXPECT_FALSE(write_fuzz_report(arguments_, {}, "/proc/nowhere"));
}

}  // namespace
}  // namespace parley::cli
