// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/merge.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;

class SetCover : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    for (const auto* name : {"corpus/seeds", "new", "work"}) {
      fs::create_directories(folder_ / name);
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& octets) {
    std::ofstream(folder_ / name) << octets;
  }
  Result<std::vector<std::string>> covered(const std::string& program) {
    const Target target{.name = "t", .program = program, .corpus = (folder_ / "corpus").string()};
    return set_cover(target, (folder_ / "new").string(), (folder_ / "work").string());
  }

  fs::path folder_;
};

// The first input of a process and those behind it reach what the target does once and later.
TEST_F(SetCover, KeepsFewOfThoseThatReachTheSame) {
  for (const auto* octets : {"aaa", "bbb", "eee", "fff", "ggg"}) {
    write("new/" + std::string(octets), octets);
  }
  const auto kept = covered(PARLEY_MISBEHAVING);
  ASSERT_TRUE(kept) << kept.error();
  EXPECT_GE(kept->size(), 1U);
  EXPECT_LE(kept->size(), 2U);
}

TEST_F(SetCover, KeepsNothingThatTheCorpusReaches) {
  write("corpus/seeds/first", "ccc");
  write("corpus/seeds/second", "ddd");
  write("new/one", "aaa");
  const auto kept = covered(PARLEY_MISBEHAVING);
  ASSERT_TRUE(kept) << kept.error();
  EXPECT_TRUE(kept->empty());
}

TEST_F(SetCover, SaysThatAProgramIsNoFuzzer) {
  const auto kept = covered("/bin/true");
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::fuzz
