// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/minimise.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley::fuzz {
namespace {

FirstThatShows shows_if(const std::function<bool(const Bytes&)>& condition, std::size_t& rounds) {
  return [&, condition](const std::vector<Bytes>& candidates) -> std::optional<std::size_t> {
    ++rounds;
    const auto found = std::ranges::find_if(candidates, condition);
    return found == candidates.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - candidates.begin()));
  };
}

TEST(Minimise, KeepsWhatTheDefectNeeds) {
  std::size_t rounds = 0;
  const auto needs = shows_if(
      [](const Bytes& text) {
        const auto at = text.find("<a");
        return at != Bytes::npos && text.find("]]>", at) != Bytes::npos;
      },
      rounds);
  EXPECT_EQ(
      minimise("<?xml version='1.0'?><root><a b='c'>some text ]]> more</a></root>", needs, 500),
      "<a]]>");
}

TEST(Minimise, MakesTheRestPlain) {
  std::size_t rounds = 0;
  const auto needs =
      shows_if([](const Bytes& text) { return text.size() >= 3 && text[2] == 'X'; }, rounds);
  EXPECT_EQ(minimise("qwXerty", needs, 500), "00X");
}

TEST(Minimise, GivesBackTheInputWhereNothingSmallerShows) {
  std::size_t rounds = 0;
  const auto none = shows_if([](const Bytes&) { return false; }, rounds);
  EXPECT_EQ(minimise("abc", none, 500), "abc");
}

TEST(Minimise, AsksNoMoreThanItMay) {
  std::size_t rounds = 0;
  const auto all = shows_if([](const Bytes& text) { return !text.empty(); }, rounds);
  EXPECT_FALSE(minimise(Bytes(100'000, 'x'), all, 7).empty());
  EXPECT_LE(rounds, 7U);
}

TEST(Minimise, ComesToNothingWhereNothingIsNeeded) {
  std::size_t rounds = 0;
  const auto all = shows_if([](const Bytes&) { return true; }, rounds);
  EXPECT_EQ(minimise("abcdefgh", all, 500), "");
}

}  // namespace
}  // namespace parley::fuzz
