// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/text.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

using namespace std::string_view_literals;

struct Shown {
  const char* name;
  std::string_view octets;
  std::string_view shown;
};
class Printable : public testing::TestWithParam<Shown> {};

TEST_P(Printable, ShowsOctets) { EXPECT_EQ(printable(GetParam().octets), GetParam().shown); }

INSTANTIATE_TEST_SUITE_P(
    Octets, Printable,
    testing::Values(Shown{"PlainText", "<a b='c'/>", "<a b='c'/>"},
                    Shown{"ValidUtf8", "Grüße, 東京 😀", "Grüße, 東京 😀"},
                    Shown{"TerminalEscape", "\x1B[31m", "\\x1B[31m"},
                    Shown{"LineEndAndNul", "a\r\n\0b"sv, "a\\x0D\\x0A\\x00b"},
                    Shown{"Delete", "\x7F", "\\x7F"},
                    Shown{"C1Control",
                          "\xC2\x9B"
                          "31m",
                          "\\u{009B}31m"},
                    Shown{"BidirectionalOverride", "\u202Eabc", "\\u{202E}abc"},
                    Shown{"BidirectionalIsolate", "\u2066abc\u2069", "\\u{2066}abc\\u{2069}"},
                    Shown{"LoneContinuation", "a\x80z", "a\\x80z"},
                    Shown{"TruncatedLead", "a\xE2\x82", "a\\xE2\\x82"},
                    Shown{"Overlong", "\xC0\xAF", "\\xC0\\xAF"},
                    Shown{"Surrogate", "\xED\xA0\x80", "\\xED\\xA0\\x80"}),
    [](const auto& row) { return row.param.name; });

TEST(PrintableCut, NamesTheWholeSize) {
  EXPECT_EQ(printable("abcdef", 3), "abc… (6 octets)");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("abc", 0), "… (3 octets)");
}

struct Glob {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};
class GlobMatch : public testing::TestWithParam<Glob> {};

TEST_P(GlobMatch, Decides) {
  EXPECT_EQ(glob_match(GetParam().pattern, GetParam().text), GetParam().matches)
      << GetParam().pattern << " on " << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, GlobMatch,
    testing::Values(Glob{"", "", true}, Glob{"", "a", false}, Glob{"*", "", true},
                    Glob{"*", "anything/at.all", true}, Glob{"?", "a", true}, Glob{"?", "", false},
                    Glob{"identity/*", "identity/expired", true},
                    Glob{"identity/*", "encryption/expired", false}, Glob{"*expired", "x", false},
                    Glob{"a*b*c", "a--b--b--c", true}, Glob{"a*b*c", "a--b--b--d", false},
                    Glob{"a?c", "abc", true}, Glob{"a?c", "ac", false}, Glob{"**", "ab", true},
                    Glob{"a*", "a*", true}, Glob{"*a", "aaab", false}));

TEST(GlobMatch, IsNotExponentialOnManyStars) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(glob_match(pattern + "b", std::string(2000, 'a')));
}

TEST(Nearest, GivesUpToThreeNearestFirst) {
  const std::vector<std::string> known{"set", "reset", "drop", "sit", "seat", "delay"};
  EXPECT_EQ(nearest("set", known), (std::vector<std::string>{"set", "seat", "sit"}));
}

TEST(Nearest, GivesNoneWhenAllAreFar) {
  EXPECT_TRUE(nearest("zzzzzzzz", {"set", "reset"}).empty());
  EXPECT_TRUE(nearest("x", {}).empty());
}

TEST(UnknownName, SuggestsTheNearestName) {
  EXPECT_EQ(unknown_name("flow", "conect", {"connect", "enlist"}),
            "unknown flow 'conect'; did you mean 'connect'?");
}

TEST(UnknownName, ListsAFewKnownNamesWhenNoneIsNear) {
  EXPECT_EQ(unknown_name("flow", "zzzzzzzz", {"connect", "enlist"}),
            "unknown flow 'zzzzzzzz'; known are: connect, enlist");
  EXPECT_EQ(unknown_name("flow", "zz", {}), "unknown flow 'zz'");
}

TEST(UnknownName, MakesTheWrongNameSafeForATerminal) {
  EXPECT_EQ(unknown_name("flow", "\x1B", {}), "unknown flow '\\x1B'");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), std::vector<std::string>{""});
}

TEST(Join, UndoesSplit) {
  for (const auto* text : {"", ",", "a", "a,b", ",a,,b,"}) {
    EXPECT_EQ(join(split(text, ','), ","), text);
  }
  EXPECT_EQ(join({}, ","), "");
}

TEST(ReplaceAll, ReplacesEveryOccurrenceOnceAndNotItsOwnWork) {
  EXPECT_EQ(replace_all("a=b=c", "=", "=3D"), "a=3Db=3Dc");
  EXPECT_EQ(replace_all("aaa", "a", ""), "");
  EXPECT_EQ(replace_all("abc", "x", "y"), "abc");
}

struct Sequence {
  const char* name;
  std::string_view octets;
  std::size_t length;  // 0: not valid
  char32_t code_point;
};
class Utf8Sequence : public testing::TestWithParam<Sequence> {};

TEST_P(Utf8Sequence, HasLengthAndCodePoint) {
  char32_t code_point = 0;
  EXPECT_EQ(utf8_sequence(GetParam().octets, 0, code_point), GetParam().length);
  if (GetParam().length != 0) {
    EXPECT_EQ(code_point, GetParam().code_point);
  }
}

// The edges of the table in RFC 3629 section 4.
INSTANTIATE_TEST_SUITE_P(
    Rfc3629, Utf8Sequence,
    testing::Values(
        Sequence{"Nul", "\0"sv, 1, 0}, Sequence{"LastOfOne", "\x7F", 1, 0x7F},
        Sequence{"FirstOfTwo", "\xC2\x80", 2, 0x80}, Sequence{"LastOfTwo", "\xDF\xBF", 2, 0x7FF},
        Sequence{"FirstOfThree", "\xE0\xA0\x80", 3, 0x800},
        Sequence{"BeforeSurrogates", "\xED\x9F\xBF", 3, 0xD7FF},
        Sequence{"AfterSurrogates", "\xEE\x80\x80", 3, 0xE000},
        Sequence{"LastOfThree", "\xEF\xBF\xBF", 3, 0xFFFF},
        Sequence{"FirstOfFour", "\xF0\x90\x80\x80", 4, 0x10000},
        Sequence{"LastOfAll", "\xF4\x8F\xBF\xBF", 4, 0x10FFFF}, Sequence{"Empty", "", 0, 0},
        Sequence{"LoneContinuation", "\x80", 0, 0}, Sequence{"OverlongTwo", "\xC1\xBF", 0, 0},
        Sequence{"OverlongThree", "\xE0\x9F\xBF", 0, 0},
        Sequence{"OverlongFour", "\xF0\x8F\xBF\xBF", 0, 0},
        Sequence{"FirstSurrogate", "\xED\xA0\x80", 0, 0},
        Sequence{"LastSurrogate", "\xED\xBF\xBF", 0, 0},
        Sequence{"AboveTheLast", "\xF4\x90\x80\x80", 0, 0},
        Sequence{"LeadF5", "\xF5\x80\x80\x80", 0, 0}, Sequence{"LeadFe", "\xFE", 0, 0},
        Sequence{"LeadFf", "\xFF", 0, 0}, Sequence{"CutTwo", "\xC2", 0, 0},
        Sequence{"CutThree", "\xE2\x82", 0, 0}, Sequence{"CutFour", "\xF0\x9F\x98", 0, 0},
        Sequence{"LeadThenAscii", "\xC3<", 0, 0}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley
