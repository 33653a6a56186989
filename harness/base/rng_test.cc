// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace parley {
namespace {

// A change of these numbers would change every run with a kept seed. They were computed by an
// independent implementation of SplitMix64 and xoshiro256** from the authors' description.
TEST(Rng, GivesTheSameNumbersOnEveryMachine) {
  Rng rng(42);
  EXPECT_EQ(rng.next(), 1546998764402558742U);
  EXPECT_EQ(rng.next(), 6990951692964543102U);
  EXPECT_EQ(rng.next(), 12544586762248559009U);
}

TEST(Rng, GivesTheSameChildForTheSameLabel) {
  EXPECT_EQ(Rng(7).child("nonce").octets(32), Rng(7).child("nonce").octets(32));
}

TEST(Rng, GivesAnotherChildForAnotherLabelOrSeed) {
  const Bytes octets = Rng(7).child("nonce").octets(32);
  EXPECT_NE(octets, Rng(7).child("noncf").octets(32));
  EXPECT_NE(octets, Rng(8).child("nonce").octets(32));
  EXPECT_NE(octets, Rng(7).octets(32));
  EXPECT_NE(octets, Rng(7).child("nonce").child("nonce").octets(32));
}

TEST(Rng, IsNotDisturbedByItsChildren) {
  Rng alone(3);
  Rng parent(3);
  (void)parent.child("a").octets(100);
  EXPECT_EQ(parent.next(), alone.next());
}

TEST(Rng, GivesAChildThatDoesNotDependOnWhatWasDrawn) {
  Rng fresh(3);
  Rng used(3);
  (void)used.octets(100);
  EXPECT_EQ(used.child("a").next(), fresh.child("a").next());
}

TEST(RngBelow, StaysBelowItsBoundAndReachesEveryValue) {
  Rng rng(5);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) {
    ++seen.at(rng.below(7));
  }
  for (const int count : seen) {
    EXPECT_NEAR(count, 1000, 150);
  }
}

TEST(RngBelow, AcceptsTheSmallestAndTheLargestBound) {
  Rng rng(5);
  EXPECT_EQ(rng.below(1), 0U);
  EXPECT_LT(rng.below(UINT64_MAX), UINT64_MAX);
  EXPECT_LT(rng.below((std::uint64_t{1} << 63) + 1), (std::uint64_t{1} << 63) + 1);
}

TEST(RngOctets, GivesExactlyTheCountAskedFor) {
  for (std::size_t count = 0; count < 20; ++count) {
    EXPECT_EQ(Rng(1).octets(count).size(), count);
  }
}

TEST(RngOctets, BeginsAlikeWhateverTheCount) {
  EXPECT_EQ(Rng(1).octets(13), Rng(1).octets(64).substr(0, 13));
}

TEST(RngToken, BeginsWithALetterAndHoldsOnlyLowerCaseLettersAndDigits) {
  Rng rng(9);
  for (int i = 0; i < 500; ++i) {
    const auto token = rng.token(12);
    ASSERT_EQ(token.size(), 12U);
    EXPECT_TRUE(token[0] >= 'a' && token[0] <= 'z') << token;
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos)
        << token;
  }
  EXPECT_EQ(rng.token(0), "");
}

}  // namespace
}  // namespace parley
