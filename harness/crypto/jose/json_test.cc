// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/json.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::crypto::jose {
namespace {

TEST(ReadJson, KeepsTheOrderAndTheWritingOfNumbers) {
  const std::string text = R"({"z":1.50,"a":[true,null,-3],"e":1e3,"u":"\u00e9\"\\ \u0007"})";
  const auto json = read_json(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(write_json(*json),
            "{\"z\":1.50,\"a\":[true,null,-3],\"e\":1e3,\"u\":\"\xC3\xA9\\\"\\\\ \\u0007\"}");
  EXPECT_EQ(read_json(write_json(*json)), json);
  EXPECT_EQ(json->find("e")->number()->value, 1000);
}

TEST(ReadJson, KeepsRepeatsWhenAsked) {
  const std::string text = R"({"sub":"a","sub":"b"})";
  const auto json = read_json(text, {}, Repeats::kept);
  ASSERT_TRUE(json);
  EXPECT_EQ(write_json(*json), text);
  EXPECT_EQ(*json->find("sub")->text(), "a");
}

TEST(ReadJson, TellsValuesApart) {
  const auto equal = [](const char* a, const char* b) { return *read_json(a) == *read_json(b); };
  EXPECT_TRUE(equal(R"({"a":[1,{"b":null}]})", R"( {"a":[1, {"b":null}]} )"));
  for (const auto* other : {R"({"a":1})", R"([])", R"({})", R"("a")", R"(null)", R"({"b":[]})"}) {
    EXPECT_FALSE(equal(R"({"a":[]})", other)) << other;
    EXPECT_FALSE(equal(other, R"({"a":[]})")) << other;
  }
}

TEST(EditsOfJson, SetAppendAndRemove) {
  auto json = *read_json(R"({"a":1,"b":2,"a":3})", {}, Repeats::kept);
  set_member(json, "b", json_of(std::string("two")));
  set_member(json, "c", number_written("NaN"));
  remove_member(json, "a");
  EXPECT_EQ(write_json(json), R"({"b":"two","c":NaN})");
}

struct BadJson {
  const char* name;
  std::string text;
  JsonError error;
};
class RejectsJson : public testing::TestWithParam<BadJson> {};

TEST_P(RejectsJson, WithFaultAndPlace) {
  const JsonLimits small{.max_octets = 64, .max_depth = 3, .max_values = 8};
  const auto json = read_json(GetParam().text, small);
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error(), GetParam().error)
      << to_string(json.error().fault) << " " << json.error().offset.value_or(999);
}

JsonError error(JsonFault fault, std::optional<std::size_t> offset = {}) {
  return {.fault = fault, .member = {}, .offset = offset};
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RejectsJson,
    testing::Values(
        BadJson{"Nothing", "", error(JsonFault::syntax, 0)},
        BadJson{"Large", std::string(65, ' '), error(JsonFault::too_large)},
        BadJson{"ManyValues", "[1,2,3,4,5,6,7,8]", error(JsonFault::too_large)},
        BadJson{"ByteOrderMark", "\xEF\xBB\xBF{}", error(JsonFault::byte_order_mark, 0)},
        BadJson{"Utf16", std::string("\xFF\xFE{\0}\0", 6), error(JsonFault::not_utf8, 0)},
        BadJson{"Utf16WithoutMark", std::string("{\0}\0", 4), error(JsonFault::syntax, 1)},
        BadJson{"Surrogate", "{\"a\":\"\xED\xA0\x80\"}", error(JsonFault::not_utf8, 6)},
        BadJson{"AfterNul", std::string("{}\0x", 4), error(JsonFault::syntax, 2)},
        BadJson{"AfterTheEnd", "{}x", error(JsonFault::syntax, 2)},
        BadJson{"NotANumber", "{\"a\":NaN}", error(JsonFault::syntax, 5)},
        BadJson{"Comment", "{/**/}", error(JsonFault::syntax, 1)},
        BadJson{"TooGreat", "{\"a\":1e400}", error(JsonFault::number, 9)},
        BadJson{"Deep", "[[[[]]]]", error(JsonFault::too_deep)},
        BadJson{"DeepInsideAnObject", R"({"a":{"b":{"c":{}}}})", error(JsonFault::too_deep)},
        BadJson{"TwiceTheSame",
                R"({"a":1,"a":1})",
                {.fault = JsonFault::duplicate, .member = "a", .offset = {}}},
        BadJson{"TwiceByEscape",
                R"({"a":1,"\u0061":1})",
                {.fault = JsonFault::duplicate, .member = "a", .offset = {}}},
        BadJson{"TwiceInside",
                R"({"a":[{"b":1,"b":2}]})",
                {.fault = JsonFault::duplicate, .member = "b", .offset = {}}}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::crypto::jose
