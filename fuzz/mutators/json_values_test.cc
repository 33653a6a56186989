// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/json_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace parley::mutators::json {
namespace {

std::string value_in(std::string_view text, std::size_t at) {
  const auto span = value_at(text, at);
  return std::string(text.substr(span.from, span.to - span.from));
}

TEST(ValueAt, EndsWhereTheValueDoes) {
  EXPECT_EQ(value_in(R"( "a\"}b" ,1)", 0), R"("a\"}b")");
  EXPECT_EQ(value_in(R"({"a":[1,"]}"]},2)", 0), R"({"a":[1,"]}"]})");
  EXPECT_EQ(value_in("[12,3]", 1), "12");
  EXPECT_EQ(value_in("", 0), "");
}

TEST(ValueAt, EndsWithATextThatIsCutOff) {
  EXPECT_EQ(value_in(R"({"a":[1)", 0), R"({"a":[1)");
  EXPECT_EQ(value_in(R"("a\)", 0), R"("a\)");
}

// What the edit makes of an object, over many seeds.
std::set<std::string> made_by(void (*edit)(std::string&, Random&), const std::string& text) {
  std::set<std::string> out;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    auto edited = text;
    edit(edited, random);
    out.insert(std::move(edited));
  }
  return out;
}

TEST(ReplaceMemberValue, PutsAnEmptyListOrAnotherValueThere) {
  const auto made = made_by(replace_member_value, R"({"a":[1],"b":"x"})");
  EXPECT_TRUE(made.contains(R"({"a":[],"b":"x"})"));
  EXPECT_TRUE(made.contains(R"({"a":"x","b":"x"})"));
  EXPECT_TRUE(made.contains(R"({"a":[1],"b":["x"]})"));
}

TEST(RepeatMember, PutsItBesideItselfAndElsewhere) {
  const auto made = made_by(repeat_member, R"({"a":1,"b":{}})");
  EXPECT_TRUE(made.contains(R"({"a":1,"a":1,"b":{}})"));
  EXPECT_TRUE(made.contains(R"({"b":{},"a":1,"b":{}})"));
}

TEST(EraseMember, TakesOneCommaWithIt) {
  EXPECT_EQ(made_by(erase_member, R"({"a":1,"b":2})"),
            (std::set<std::string>{R"({"a":1,"b":2})", R"({"a":1})", R"({"b":2})"}));
}

TEST(LengthenText, StaysWithinTheQuotes) {
  const auto made = made_by(lengthen_text, R"({"a":"i"})");
  EXPECT_TRUE(made.contains("{\"a\":\"i\\u0000x\"}"));
  EXPECT_TRUE(made.contains(R"({"a ":"i"})"));
}

TEST(JsonEdits, TakeAnyOctets) {
  for (auto* edit : {replace_member_value, repeat_member, erase_member, lengthen_text}) {
    for (const auto* text :
         {"", "\"", "\":", "\"a\":", "{\"a\":", "\\\"", "{{{[[[\"a\":[", ":::"}) {
      made_by(edit, text);
    }
  }
}

}  // namespace
}  // namespace parley::mutators::json
