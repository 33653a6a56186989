// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/heap_bound.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace parley::fuzz {
namespace {

TEST(HeapBound, GrowsWithTheInput) {
  const HeapBound bound{.octets = 100, .octets_each = 10, .allocations = 2, .allocations_each = 1};
  EXPECT_TRUE(is_within({.live = 0, .peak = 150, .allocations = 7}, bound, 5));
  EXPECT_FALSE(is_within({.live = 0, .peak = 151, .allocations = 7}, bound, 5));
  EXPECT_FALSE(is_within({.live = 0, .peak = 150, .allocations = 8}, bound, 5));
}

#ifdef PARLEY_HEAP_IS_COUNTED
TEST(HeapBound, CountsWhatIsHeldAtOnce) {
  HeapCount count;
  for (int i = 0; i < 3; ++i) {
    const auto held = std::make_unique<std::array<char, 1000>>();
  }
  const auto& use = count.end();
  EXPECT_EQ(use.peak, 1000);
  EXPECT_EQ(use.live, 0);
  EXPECT_EQ(use.allocations, 3);
}

TEST(HeapBoundDeathTest, EndsWhoTakesMore) {
  const HeapBound bound{.octets = 100, .octets_each = 10, .allocations = 2, .allocations_each = 1};
  EXPECT_EQ(bounded(bound, 90, [] { return std::make_unique<std::array<char, 1000>>()->size(); }),
            1000);
  EXPECT_DEATH(
      bounded(bound, 80, [] { return std::make_unique<std::array<char, 1000>>()->size(); }),
      "80 octets of input took 1000 of the heap at once .900 allowed.");
}
#endif

}  // namespace
}  // namespace parley::fuzz
