// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/diff.h"

#include <gtest/gtest.h>

namespace parley::xml {
namespace {

struct Pair {
  const char* name;
  const char* expected;
  const char* actual;
  Difference difference;
};
class FirstDifference : public testing::TestWithParam<Pair> {};

TEST_P(FirstDifference, NamesPathAndBothValues) {
  const auto expected = parse(GetParam().expected);
  const auto actual = parse(GetParam().actual);
  ASSERT_TRUE(expected && actual);
  const auto found = first_difference(*expected, *actual);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, GetParam().difference.path);
  EXPECT_EQ(found->expected, GetParam().difference.expected);
  EXPECT_EQ(found->actual, GetParam().difference.actual);
}

INSTANTIATE_TEST_SUITE_P(
    Trees, FirstDifference,
    testing::Values(
        Pair{"RootName", "<a/>", "<b/>", {"/", "{}a", "{}b"}},
        Pair{"RootNamespace", "<a xmlns='n'/>", "<a/>", {"/", "{n}a", "{}a"}},
        Pair{"AttributeValue", "<a x='1'/>", "<a x='2'/>", {"/a/@x", "1", "2"}},
        Pair{"AttributeMissing", "<a x='1'/>", "<a/>", {"/a/@x", "1", "(absent)"}},
        Pair{"AttributeTooMany", "<a/>", "<a x='1'/>", {"/a/@x", "(absent)", "1"}},
        Pair{"AttributeNamespace",
             "<a xmlns:p='n' p:x='1'/>",
             "<a x='1'/>",
             {"/a/@x", "1", "(absent)"}},
        Pair{"Text", "<a><b>1</b></a>", "<a><b>2</b></a>", {"/a/b/text()", "1", "2"}},
        Pair{"TextForElement", "<a><b/></a>", "<a>t</a>", {"/a/text()", "<b/>", "t"}},
        Pair{"ChildName", "<a><b/></a>", "<a><c/></a>", {"/a", "{}b", "{}c"}},
        Pair{"ChildMissing", "<a><b/><c/></a>", "<a><b/></a>", {"/a", "<c/>", "(absent)"}},
        Pair{"ChildTooMany", "<a/>", "<a><b/></a>", {"/a", "(absent)", "<b/>"}},
        Pair{"Order", "<a><b/><c/></a>", "<a><c/><b/></a>", {"/a", "{}b", "{}c"}},
        Pair{"TheFirstOfSeveral",
             "<a><b x='1'/><c>t</c></a>",
             "<a><b x='2'/><c>u</c></a>",
             {"/a/b/@x", "1", "2"}}),
    [](const auto& row) { return row.param.name; });

TEST(FirstDifferenceOfEqualTrees, IsNone) {
  const auto a = parse("<a x='1' y='2'>t<b xmlns='n'/></a>");
  const auto b = parse("<a y='2' x=\"1\">t<p:b xmlns:p='n'></p:b></a>");
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(first_difference(*a, *b));
}

}  // namespace
}  // namespace parley::xml
