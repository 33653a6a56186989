// SPDX-License-Identifier: Apache-2.0
// What holds for every mutator. A mutator that breaks under a fuzzer is reported as an empty input,
// so what it may not do is looked for here.
#include "fuzz/mutators/mutator.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

// Nothing, one octet, a long run, markup that never ends, lengths that lie, and noise.
std::vector<std::string> hostile_inputs() {
  std::vector<std::string> out{"",
                               std::string(1, '\0'),
                               "<",
                               "\"",
                               "{",
                               std::string(5000, '<'),
                               std::string(5000, '['),
                               std::string(5000, '\xFF'),
                               std::string(300, '\x0A'),
                               "<a b='" + std::string(100, '>'),
                               "GET / HTTP/1.1\r\n\r\n",
                               "eyJhbGciOiJub25lIn0.e30.",
                               std::string("\xF8\x02\xFC\xFF", 4)};
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    out.push_back(some_octets(random.between(1, 200), random));
  }
  return out;
}

class OfEvery : public testing::TestWithParam<Mutator> {};

TEST_P(OfEvery, SameSeedGivesTheSameAndNeverMoreThanTheRoom) {
  const auto inputs = hostile_inputs();
  for (const auto& input : inputs) {
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
      for (const std::size_t room : {std::size_t{1}, std::size_t{9}, std::size_t{6000}}) {
        const auto once = GetParam().mutate(input, room, seed);
        ASSERT_LE(once.size(), room) << "seed " << seed;
        ASSERT_EQ(once, GetParam().mutate(input, room, seed)) << "seed " << seed;
        const auto& other = inputs[seed % inputs.size()];
        const auto crossed = GetParam().cross(input, other, room, seed);
        ASSERT_LE(crossed.size(), room) << "seed " << seed;
        ASSERT_EQ(crossed, GetParam().cross(input, other, room, seed)) << "seed " << seed;
      }
    }
  }
}

TEST_P(OfEvery, SeedsGiveManyMutationsOfOneInput) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    seen.insert(GetParam().mutate("<a b='c'>text</a>", 400, seed));
  }
  EXPECT_GT(seen.size(), 120U);
}

// Ten thousand mutations of a mutation, as a fuzzer makes them: nothing grows without end or dies
// out.
TEST_P(OfEvery, StaysAliveOverGenerations) {
  std::string text = "x";
  std::size_t empty = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    text = GetParam().mutate(text, 700, seed);
    empty += text.empty() ? 1 : 0;
  }
  EXPECT_LT(empty, 2'500U);
}

INSTANTIATE_TEST_SUITE_P(Mutators, OfEvery, testing::ValuesIn(mutators().begin(), mutators().end()),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(MutatorNamed, IsNullForWhatIsNotThere) {
  EXPECT_EQ(mutator_named("nothing"), nullptr);
  EXPECT_STREQ(mutator_named("xml")->name, "xml");
}

}  // namespace
}  // namespace parley::mutators
