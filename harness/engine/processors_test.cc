// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/processors.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::engine {
namespace {

TEST(ProcessorTimeOf, SumsTheFirstLine) {
  EXPECT_EQ(processor_time_of("cpu  10 2 30 400 50 6 7 8 9 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n"),
            (ProcessorTime{.idle = 450, .all = 513}));
}

TEST(ProcessorTimeOf, TakesNothingElse) {
  for (const auto* text :
       {"", "cpu", "cpu ", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3 4 5 6 7", "cpu  1 2 x 4 5 6 7 8",
        "cpu  1 2 3\n4 5 6 7 8", "cpu  1 2 99999999999999999999 4 5 6 7 8"}) {
    EXPECT_EQ(processor_time_of(text), std::nullopt) << text;
  }
}

TEST(ProcessorTimeNow, IsTold) {
  const auto from = processor_time();
  const auto to = processor_time();
  ASSERT_TRUE(from && to);
  EXPECT_GT(from->all, 0u);
  EXPECT_GT(to->all, 0u);
}

struct Between {
  const char* name;
  std::optional<ProcessorTime> from;
  std::optional<ProcessorTime> to;
  bool busy;
};
class WasBusy : public testing::TestWithParam<Between> {};

TEST_P(WasBusy, WhereLessThanAFifthWasIdle) {
  EXPECT_EQ(was_busy(GetParam().from, GetParam().to), GetParam().busy);
}

INSTANTIATE_TEST_SUITE_P(
    Readings, WasBusy,
    testing::Values(Between{"Never", ProcessorTime{100, 200}, ProcessorTime{100, 300}, true},
                    Between{"Rarely", ProcessorTime{100, 200}, ProcessorTime{119, 300}, true},
                    Between{"AFifth", ProcessorTime{100, 200}, ProcessorTime{120, 300}, false},
                    Between{"Always", ProcessorTime{100, 200}, ProcessorTime{200, 300}, false},
                    Between{"IdleWentBack", ProcessorTime{100, 200}, ProcessorTime{99, 300}, true},
                    Between{"NoTime", ProcessorTime{100, 200}, ProcessorTime{100, 200}, false},
                    Between{"NotKnownBefore", std::nullopt, ProcessorTime{100, 300}, false},
                    Between{"NotKnownAfter", ProcessorTime{100, 200}, std::nullopt, false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::engine
