// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/document.h"

#include <gtest/gtest.h>

namespace parley::model {
namespace {

using namespace std::string_literals;  // for a text with a NUL in it

TEST(ParseDocument, KeepsTypesOfPlainScalarsAndQuotedText) {
  Problems problems;
  const auto document =
      parse_document("a.yaml", "n: 12\nt: '12'\nb: true\nlist: [x, 1]\n", problems);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root()["n"], 12);
  EXPECT_EQ(document->root()["t"], "12");
  EXPECT_EQ(document->root()["b"], true);
  EXPECT_EQ(document->root()["list"][1], 1);
}

TEST(ParseDocument, NamesThePlaceOfAPart) {
  Problems problems;
  const auto document = parse_document("a.yaml", "change:\n  step: auth\n", problems);
  ASSERT_TRUE(document);
  EXPECT_EQ(to_string(document->problem("/change/step", "no such step", "name another")),
            "a.yaml:2:3: change/step: no such step; name another");
}

struct BadDocument {
  const char* name;
  std::string text;
  std::size_t line;
};
class RejectsDocument : public testing::TestWithParam<BadDocument> {};

TEST_P(RejectsDocument, WithItsLine) {
  Problems problems;
  EXPECT_FALSE(parse_document("a.yaml", GetParam().text, problems));
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].line, GetParam().line) << to_string(problems[0]);
  EXPECT_FALSE(problems[0].mend.empty());
}

std::string deep(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) {
    out += "[";
  }
  return out + std::string(static_cast<std::size_t>(depth), ']');
}

INSTANTIATE_TEST_SUITE_P(Yaml, RejectsDocument,
                         testing::Values(BadDocument{"twice", "a: 1\nb: 2\na: 3\n", 3},
                                         BadDocument{"broken", "a: [1, 2\nb: 3\n", 2},
                                         BadDocument{"tab", "a:\n\t- 1\n", 2},
                                         BadDocument{"no_utf8", "a: 1\nb: \xFE\n", 2},
                                         BadDocument{"utf16", "a\0a\xD8\x80\0"s, 1},
                                         BadDocument{"overlong", "a: 1\n# \xC0\x80\n", 2},
                                         BadDocument{"deep", deep(60), 1}),
                         [](const auto& info) { return info.param.name; });

TEST(LoadDocument, SaysWhichFileCannotBeRead) {
  Problems problems;
  EXPECT_FALSE(load_document("/nowhere/sut.yaml", problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].file, "/nowhere/sut.yaml");
}

}  // namespace
}  // namespace parley::model
