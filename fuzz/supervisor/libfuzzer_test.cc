// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/libfuzzer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "fuzz/supervisor/coverage.h"

namespace parley::fuzz {
namespace {

TEST(ReadStatus, ReadsItsCounts) {
  const auto status = read_status(
      "#1048576\tpulse  cov: 547 ft: 2105 corp: 424/12Kb lim: 4096 exec/s: 52428 rss: 61Mb");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->edges, 547U);
  EXPECT_EQ(status->features, 2105U);
  EXPECT_EQ(status->corpus, 424U);
}

TEST(ReadStatus, PassesOtherLinesOver) {
  EXPECT_FALSE(read_status("INFO: seed corpus: files: 12"));
  EXPECT_FALSE(read_status("#0 0x55 in main"));
  EXPECT_FALSE(read_status(""));
}

TEST(ReadCounters, SumUpTheModules) {
  EXPECT_EQ(read_counters("INFO: Loaded 2 modules   (211 inline 8-bit counters): 200 [0x5, 0x6), "),
            211U);
  EXPECT_FALSE(read_counters("INFO: Loaded 1 PC tables (211 PCs): 211 [0x5,0x6), "));
  EXPECT_FALSE(read_counters("INFO: seed corpus: files: 2"));
}

TEST(ReadSeedsReach, IsNothingWithoutCounters) {
  EXPECT_EQ(read_seeds_reach("#3\tINITED cov: 12 ft: 1 corp: 1/5b exec/s: 0 rss: 31Mb"), 12U);
  EXPECT_EQ(read_seeds_reach("#3\tINITED exec/s: 0 rss: 31Mb"), 0U);
  EXPECT_FALSE(read_seeds_reach("#4\tNEW    cov: 12 ft: 2"));
}

TEST(WhyBlind, NamesWhatMendsIt) {
  const Target target{.name = "t", .program = "/b/fuzz_t", .corpus = "/c"};
  EXPECT_EQ(why_blind(target, {.counters = 211, .reached = 2}), "");
  for (const Sight& sight : {Sight{.counters = 0, .reached = 0}, Sight{.counters = 4, .reached = 4},
                             Sight{.counters = 211, .reached = 1}}) {
    EXPECT_TRUE(why_blind(target, sight).contains("parley_fuzz_instrument(LIBRARY)"))
        << sight.counters << " " << sight.reached;
  }
}

TEST(ReadRunning, HasThePath) {
  EXPECT_EQ(read_running("Running: /a b/c"), "/a b/c");
  EXPECT_FALSE(read_running("Executed /a in 3 ms"));
}

TEST(FuzzCommand, SaysSeedTimeAndFolders) {
  const auto command =
      fuzz_command({.name = "t", .program = "/b/fuzz_t", .corpus = "/c", .dictionary = "/d"},
                   {.seed = 7,
                    .time = std::chrono::seconds(5),
                    .corpus = "/new",
                    .seeds = {"/old"},
                    .artefacts = "/a"},
                   {.input = std::chrono::milliseconds(2500)}, "/record", "");
  for (const auto* part : {"PARLEY_FUZZ_RECORD=/record", "/b/fuzz_t", "-seed=7",
                           "-max_total_time=5", "-timeout=3", "-dict=/d", "-artifact_prefix=/a/"}) {
    EXPECT_EQ(std::ranges::count(command, part), 1) << part;
  }
  EXPECT_EQ(command[command.size() - 2], "/new");
  EXPECT_EQ(command.back(), "/old");
}

TEST(FuzzCommand, NeverWishesForChance) {
  const auto command =
      fuzz_command({.name = "t", .program = "/b"}, {.seed = 0x1'0000'0001}, {}, "/record", "");
  EXPECT_EQ(std::ranges::count(command, "-seed=1"), 1);
}

TEST(AddCoverage, SumsFunctionsOfAFile) {
  std::map<std::string, FileCoverage> files;
  add_coverage("COVERED_FUNC: hits: 3 edges: 5/7 a::b(int, char) /src/a.cc:12", files);
  add_coverage("UNCOVERED_FUNC: hits: 0 edges: 0/3 a::c() /src/a.cc:40", files);
  add_coverage("  UNCOVERED_PC: /src/a.cc:41", files);
  add_coverage("COVERED_FUNC: hits: 3 edges: x", files);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files.at("/src/a.cc"), (FileCoverage{.name = "/src/a.cc",
                                                 .functions = 2,
                                                 .functions_reached = 1,
                                                 .edges = 10,
                                                 .edges_reached = 5}));
}

}  // namespace
}  // namespace parley::fuzz
