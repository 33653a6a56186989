// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/minimise.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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

// Whether a strict reader would take it: one element, in which every tag is closed in order.
bool is_well_formed(const Bytes& text) {
  std::vector<Bytes> open;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('>', at);
    if (text[at] != '<') {
      at = open.empty() ? Bytes::npos : std::min(text.find('<', at), text.size());
    } else if (end == Bytes::npos || end < at + 2) {
      return false;
    } else {
      const auto name = text.substr(at + 1, text.find_first_of(" >", at) - at - 1);
      const bool ends = name.front() == '/';
      if (name.empty() || (ends && (open.empty() || open.back() != name.substr(1)))) {
        return false;
      }
      ends ? open.pop_back() : open.push_back(name);
      at = end + 1;
      if (open.empty()) {
        return at == text.size();
      }
    }
    if (at == Bytes::npos) {
      return false;
    }
  }
  return false;
}

struct Nested {
  const char* name;
  Bytes input;
  const char* needed;
  const char* small;
};
class MinimisesMarkup : public testing::TestWithParam<Nested> {};

TEST_P(MinimisesMarkup, ThatStaysWellFormed) {
  std::size_t rounds = 0;
  const auto needs = shows_if(
      [](const Bytes& text) {
        return is_well_formed(text) && text.find(GetParam().needed) != Bytes::npos;
      },
      rounds);
  EXPECT_EQ(minimise(GetParam().input, needs, 60), GetParam().small);
}

Bytes nested(std::size_t depth, const Bytes& inner) {
  Bytes out = inner;
  for (std::size_t i = 0; i < depth; ++i) {
    out = fmt::format("<level{0} n='{0}'>text{1}</level{0}>", i, out);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    All, MinimisesMarkup,
    testing::Values(
        Nested{"TagsAroundGo",
               "<stream to='b.example'><message type='chat' id='7'><event><items node='devices'>"
               "<item id='current'><list>!!</list></item></items></event></message></stream>",
               "!!", "<l>!!</l>"},
        Nested{"ElementsBesideGo", "<a><b><c>1</c><d>2</d></b><e>!!</e><f><g>3</g></f></a>", "!!",
               "<e>!!</e>"},
        Nested{"DepthIsKeptWhereItIsNeeded", nested(9, "<x><y>!!</y></x>"), "<y>!!</y><",
               "<l><y>!!</y></l>"},
        Nested{"Deep", nested(300, "!!"), "!!", "<l>!!</l>"}),
    [](const auto& one) { return one.param.name; });

TEST(Minimise, TakesTheTagsOfAStreamThatStaysOpen) {
  std::size_t rounds = 0;
  const auto needs = shows_if(
      [](const Bytes& text) {
        return std::ranges::count(text, '<') == std::ranges::count(text, '>') &&
               text.find("!!") != Bytes::npos;
      },
      rounds);
  EXPECT_EQ(minimise("<stream:stream to='b'><message><body>!!", needs, 60), "!!");
}

// The live fuzzer plays a candidate through a whole exchange.
TEST(Minimise, AsksForNoMoreWhereThereAreNoTags) {
  std::size_t asked = 0;
  const FirstThatShows none = [&](const std::vector<Bytes>& candidates) {
    asked += candidates.size();
    return std::nullopt;
  };
  minimise("01234567", none, 500);
  // Halves, quarters, single ones; then '0', 'a' and NUL for '1' to '7'.
  EXPECT_EQ(asked, 2U + 4 + 8 + 3 * 7);
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
