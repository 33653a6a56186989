// SPDX-License-Identifier: GPL-3.0-or-later
// Passes of a real libFuzzer, in a target that misbehaves on demand.
#include "fuzz/supervisor/coverage.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;

class CoverageTest : public testing::Test {
 protected:
  CoverageTest()
      : folder_(fs::path(testing::TempDir()) /
                fs::path(testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "corpus" / "seeds");
    fs::create_directories(folder_ / "work");
  }
  ~CoverageTest() override {
    unsetenv("PARLEY_MISBEHAVE");
    fs::remove_all(folder_);
  }

  std::string seed(const char* name, std::string_view octets) const {
    const auto path = folder_ / "corpus" / "seeds" / name;
    std::ofstream(path, std::ios::binary) << octets;
    return path.string();
  }

  Result<Coverage> coverage(const char* mode, const char* program = PARLEY_MISBEHAVING) const {
    setenv("PARLEY_MISBEHAVE", mode, 1);
    const Target target{
        .name = "misbehaving", .program = program, .corpus = (folder_ / "corpus").string()};
    return coverage_of(target, {}, {}, (folder_ / "work").string());
  }

  static std::uint64_t reached(const Coverage& coverage) {
    std::uint64_t out = 0;
    for (const auto& file : coverage.files) {
      out += file.edges_reached;
    }
    return out;
  }

  const fs::path folder_;
};

TEST_F(CoverageTest, GoesOnBehindInputsThatShowADefect) {
  seed("a", "BA");
  const auto without = coverage("oracle");
  ASSERT_TRUE(without) << without.error();
  EXPECT_TRUE(without->left_out.empty());
  fs::remove_all(folder_ / "work");
  fs::create_directories(folder_ / "work");
  const auto first = seed("0", "BAD");
  const auto second = seed("z", "BAD too");
  const auto covered = coverage("oracle");
  ASSERT_TRUE(covered) << covered.error();
  EXPECT_EQ(covered->left_out, (std::vector{first, second}));
  EXPECT_EQ(reached(*covered), reached(*without));
  EXPECT_GT(reached(*covered), 0U);
}

TEST_F(CoverageTest, GoesOnBehindAnInputThatShowsOneAfterOthersAlone) {
  seed("a", "BA");
  const auto bad = seed("b", "BAD");
  const auto covered = coverage("oracle-after-empty");
  ASSERT_TRUE(covered) << covered.error();
  EXPECT_EQ(covered->left_out, std::vector{bad});
  EXPECT_GT(reached(*covered), 0U);
}

TEST_F(CoverageTest, TakesOfAFindingsFolderTheInputsAlone) {
  seed("input", "BA");
  seed("finding.json", "BAD");
  seed("report.txt", "BAD");
  const auto covered = coverage("oracle");
  ASSERT_TRUE(covered) << covered.error();
  EXPECT_TRUE(covered->left_out.empty());
}

TEST_F(CoverageTest, LeavesNothingInTheWorkingFolder) {
  seed("0", "BAD");
  const auto before = fs::current_path();
  fs::create_directories(folder_ / "here");
  fs::current_path(folder_ / "here");
  const auto covered = coverage("signal");
  fs::current_path(before);
  ASSERT_TRUE(covered) << covered.error();
  EXPECT_EQ(covered->left_out.size(), 1U);
  EXPECT_TRUE(fs::is_empty(folder_ / "here"));
}

TEST_F(CoverageTest, SaysThatAProgramIsNoFuzzer) {
  const auto covered = coverage("", "/bin/false");
  ASSERT_FALSE(covered);
  EXPECT_NE(covered.error().detail.find("built without libFuzzer"), std::string::npos);
}

}  // namespace
}  // namespace parley::fuzz
