// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/json_tree.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::wire {
namespace {

TEST(JsonTree, IsWrittenAsItWasRead) {
  for (const std::string text :
       {R"({"a":"x","b":[1,-2.50,true,null,[]],"c":{},"a":"again","":"\u0000é"})", R"([])",
        R"("text")", R"(12345678901234567890123)", R"({"type":"email","item":{"type":1}})"}) {
    const auto tree = read_json(text, "json");
    ASSERT_TRUE(tree) << text << ": " << tree.error();
    EXPECT_EQ(write_json(*tree), text);
  }
}

TEST(JsonTree, HasAMemberAsAnElementOfItsName) {
  const auto tree = read_json(R"({"user":{"id":7,"name":"Ann"},"to":["x"]})", "json");
  ASSERT_TRUE(tree) << tree.error();
  EXPECT_EQ(xml::print(*tree),
            "<json type='object'><user type='object'><id type='number'>7</id><name>Ann</name>"
            "</user><to type='array'><item>x</item></to></json>");
}

struct BadJson {
  const char* name;
  std::string text;
  Errc code;
};
class RejectsJson : public testing::TestWithParam<BadJson> {};

TEST_P(RejectsJson, WithItsCode) {
  const auto tree = read_json(GetParam().text, "json");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, GetParam().code) << tree.error();
}

INSTANTIATE_TEST_SUITE_P(
    All, RejectsJson,
    testing::Values(BadJson{"empty", "", Errc::malformed},
                    BadJson{"trailing", "{} {}", Errc::malformed},
                    BadJson{"comma", "[1,]", Errc::malformed},
                    BadJson{"nan", "[NaN]", Errc::malformed},
                    BadJson{"utf8", "[\"\xff\"]", Errc::malformed},
                    BadJson{"surrogate", R"(["\ud800"])", Errc::malformed},
                    BadJson{"deep", std::string(100'000, '['), Errc::too_large},
                    BadJson{"large", std::string(kMaxJsonOctets + 1, ' '), Errc::too_large}),
    [](const auto& row) { return row.param.name; });

TEST(JsonTree, SaysWhereItIsWrong) {
  const auto tree = read_json(R"({"a":x})", "json");
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().offset, 5U);
}

TEST(JsonPattern, LeavesTheKindOfAValueOpenThatIsNoString) {
  const auto tree =
      read_json_pattern(R"({"id":"${id}","n":${n},"both":"a ${x} \"${y}\"","l":[${z?}]})", "json");
  ASSERT_TRUE(tree) << tree.error();
  EXPECT_EQ(
      xml::print(*tree),
      "<json type='object'><id>${id}</id><n type='open'>${n}</n>"
      "<both>a ${x} \"${y}\"</both><l type='array'><item type='open'>${z?}</item></l></json>");
}

}  // namespace
}  // namespace parley::wire
