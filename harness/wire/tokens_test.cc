// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/tokens.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/wire/sample_tokens.h"

namespace parley::wire {
namespace {

std::string lines(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += "t" + std::to_string(i) + "\n";
  }
  return out;
}

TEST(Tokens, CountSingleOnesFromOneAndDoubleOnesFromZero) {
  const auto& tokens = sample_tokens();
  ASSERT_NE(tokens.find(1), nullptr);
  EXPECT_EQ(*tokens.find(1), "message");
  ASSERT_NE(tokens.find(0xEC01), nullptr);
  EXPECT_EQ(*tokens.find(0xEC01), "msgr");
  EXPECT_EQ(tokens.number_of("enc"), 8);
  EXPECT_EQ(tokens.number_of("12345"), 0xEF00);
}

TEST(Tokens, HaveNothingForNumbersThatAreNotAssigned) {
  for (const int number : {0, 6, 10, 235, 0xEC02, 0xED00, 0xEF02, 0xF000, 0xFFFF}) {
    EXPECT_EQ(sample_tokens().find(static_cast<TokenNumber>(number)), nullptr) << number;
  }
  EXPECT_EQ(sample_tokens().number_of(""), std::nullopt);
  EXPECT_EQ(sample_tokens().number_of("~"), std::nullopt);
}

TEST(Tokens, AreWrittenByTheFirstOfTheirNumbers) {
  EXPECT_EQ(sample_tokens().number_of("message"), 1);
}

TEST(Tokens, MayBeginWithAnyCharacterAfterABackslash) {
  const auto tokens =
      Tokens::parse("# list\r\n\r\n[single]\r\n\\#a\r\n\\~\r\n\\[b]\r\n\\\\c\r\n d \r\n");
  ASSERT_TRUE(tokens) << tokens.error();
  const std::vector<std::string> expected = {"#a", "~", "[b]", "\\c", " d "};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto* token = tokens->find(static_cast<TokenNumber>(i + 1));
    ASSERT_NE(token, nullptr);
    EXPECT_EQ(*token, expected[i]);
  }
}

TEST(Tokens, FillEveryNumberThereIs) {
  const auto tokens = Tokens::parse("[single]\n" + lines(235) + "[double 3]\n" + lines(256));
  ASSERT_TRUE(tokens) << tokens.error();
  EXPECT_NE(tokens->find(235), nullptr);
  EXPECT_EQ(tokens->find(236), nullptr);
  EXPECT_NE(tokens->find(0xEFFF), nullptr);
}

TEST(Tokens, KnowTheLastNumbersThatAreNotAssigned) {
  using Numbers = std::vector<TokenNumber>;
  EXPECT_EQ(Tokens().last_unassigned(2), (Numbers{0xEFFF, 0xEFFE}));
  const auto last = Tokens::parse("[double 3]\n" + lines(254) + "~\nlast\n");
  ASSERT_TRUE(last) << last.error();
  EXPECT_EQ(last->last_unassigned(3), (Numbers{0xEFFE, 0xEEFF, 0xEEFE}));
  std::string all;
  for (const char number : {'0', '1', '2', '3'}) {
    all += std::string("[double ") + number + "]\n" + lines(256);
  }
  EXPECT_EQ(Tokens::parse(all)->last_unassigned(1), Numbers{});
}

TEST(Tokens, AreLoadedFromAFileAndComplainWithItsLine) {
  const auto file = std::filesystem::path(testing::TempDir()) / "parley-tokens-of-wire";
  std::ofstream(file) << kSampleTokens;
  const auto tokens = Tokens::load(file);
  ASSERT_TRUE(tokens) << tokens.error();
  EXPECT_EQ(tokens->number_of("enc"), 8);
  EXPECT_EQ(tokens->text(), kSampleTokens);
  std::ofstream(file) << "# mine\n\n[single]\nmessage\n[triple]\n";
  const auto wrong = Tokens::load(file);
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().detail.starts_with(file.string() + ":5: not a section"))
      << wrong.error();
  std::ofstream(file) << std::string(kMaxTokenFileOctets + 1, '#');
  EXPECT_EQ(Tokens::load(file).error().code, Errc::too_large);
  std::filesystem::remove(file);
  EXPECT_EQ(Tokens::load(file).error().detail, file.string() + ": cannot be read");
  EXPECT_FALSE(Tokens::load(testing::TempDir()));
}

struct BadFile {
  const char* name;
  std::string text;
  Errc code;
  std::size_t offset;
};
class RefusesTokens : public testing::TestWithParam<BadFile> {};

TEST_P(RefusesTokens, WithCodeAndOffset) {
  const auto tokens = Tokens::parse(GetParam().text);
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().code, GetParam().code) << tokens.error();
  EXPECT_EQ(tokens.error().offset, GetParam().offset);
}

INSTANTIATE_TEST_SUITE_P(
    Files, RefusesTokens,
    testing::Values(
        BadFile{"TokenBeforeASection", "a\n", Errc::malformed, 0},
        BadFile{"UnknownSection", "[single]\na\n[double 4]\n", Errc::malformed, 11},
        BadFile{"SectionTwice", "[single]\n[single]\n", Errc::malformed, 9},
        BadFile{"EmptySectionTwiceApart", "[single]\n[double 0]\n[single]\n", Errc::malformed, 20},
        BadFile{"BackslashAlone", "[single]\n\\\n", Errc::malformed, 9},
        BadFile{"TooManySingle", "[single]\n" + lines(236), Errc::too_large, 9 + lines(235).size()},
        BadFile{"TooManyDouble", "[double 1]\n" + lines(257), Errc::too_large,
                11 + lines(256).size()},
        BadFile{"TokenTooLong", "[single]\n" + std::string(256, 'x'), Errc::too_large, 9}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::wire
