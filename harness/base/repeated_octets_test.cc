// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/repeated_octets.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

struct Repetition {
  const char* name;
  std::size_t octets;
  std::uint64_t times;
};
class RepeatsOctets : public testing::TestWithParam<Repetition> {};

TEST_P(RepeatsOctets, InPiecesThatMakeAllOfThem) {
  Bytes octets;
  for (std::size_t i = 0; i < GetParam().octets; ++i) {
    octets += static_cast<char>(i % 251);
  }
  Bytes all;
  for (std::uint64_t i = 0; i < GetParam().times; ++i) {
    all += octets;
  }
  RepeatedOctets repeated(octets, GetParam().times);
  EXPECT_EQ(repeated.size(), all.size());
  Bytes read;
  for (auto piece = repeated.next(); !piece.empty(); piece = repeated.next()) {
    EXPECT_LE(piece.size(), 64U * 1024U);
    read += piece;
  }
  EXPECT_EQ(read, all);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RepeatsOctets,
                         testing::Values(Repetition{"nothing", 0, 5}, Repetition{"never", 5, 0},
                                         Repetition{"once", 7, 1}, Repetition{"small", 3, 70'000},
                                         Repetition{"page", 4096, 40},
                                         Repetition{"uneven", 40'001, 9},
                                         Repetition{"large", 200'000, 3}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace parley
