// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/choice.h"

#include <gtest/gtest.h>

#include <set>

namespace parley::mutators {
namespace {

TEST(Choice, OfOneMutatorIsThatMutator) {
  const Choice choice("xml");
  EXPECT_EQ(choice.mutate("<a/>", 100, 7), mutator_named("xml")->mutate("<a/>", 100, 7));
  EXPECT_EQ(choice.cross("<a/>", "<b/>", 100, 7),
            mutator_named("xml")->cross("<a/>", "<b/>", 100, 7));
}

TEST(Choice, KeepsTheLetterMostlyAndOnlyTakesThoseNamed) {
  const Choice choice("r=xml x=octets");
  std::set<char> letters;
  std::size_t kept = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const auto out = choice.mutate("r<a/>", 100, seed);
    ASSERT_FALSE(out.empty());
    letters.insert(out[0]);
    kept += out[0] == 'r' ? 1 : 0;
  }
  EXPECT_EQ(letters, (std::set<char>{'r', 'x'}));
  EXPECT_GT(kept, 450U);
}

TEST(Choice, LeavesFreeOctetsInFront) {
  const Choice choice("s=??octets");
  std::size_t kept = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto out = choice.mutate("s12text", 100, seed);
    ASSERT_GE(out.size(), 3U);
    kept += out.starts_with("s12") ? 1 : 0;
  }
  EXPECT_GT(kept, 150U);
  EXPECT_LT(kept, 200U);
}

TEST(Choice, GivesAnInputWithoutALetterOne) {
  const Choice choice("r=?xml");
  EXPECT_EQ(choice.mutate("", 100, 1)[0], 'r');
  EXPECT_EQ(choice.mutate("", 1, 1), "r");
}

TEST(Choice, CrossesWhatIsBehindTheLetters) {
  const Choice choice("r=octets x=octets");
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto out = choice.cross("raaaa", "xbbbb", 100, seed);
    ASSERT_TRUE(out.starts_with('r'));
    ASSERT_EQ(out.find('x'), std::string::npos);
  }
}

TEST(ChoiceDeathTest, SaysWhichMutatorIsNotThere) {
  EXPECT_EXIT(Choice("r=nothing"), testing::ExitedWithCode(2), "there is no mutator nothing");
  EXPECT_EXIT(Choice("xml octets"), testing::ExitedWithCode(2), "one mutator, or one for each");
}

}  // namespace
}  // namespace parley::mutators
