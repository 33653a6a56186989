// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/schema.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "harness/model/document.h"

namespace parley::model {
namespace {

constexpr const char* kRules = R"({
  "type": "object", "required": ["name"], "additionalProperties": false,
  "properties": {
    "name": { "type": "string", "pattern": "^(red|blue)$" },
    "word": { "type": "string", "pattern": "^[a-z]+$" },
    "kind": { "enum": ["one", "two"] },
    "count": { "type": ["integer", "boolean"] },
    "inner": { "$ref": "#/definitions/inner" }
  },
  "definitions": {
    "inner": {
      "type": "object", "additionalProperties": false, "minProperties": 1,
      "properties": { "numbers": { "type": "array", "items": { "type": "integer" } } }
    }
  }
})";

// What there is against `text`: one thing at most, as a person reads it.
std::string complaint(const std::string& text) {
  Problems problems;
  const auto document = parse_document("file.yaml", text, problems);
  const auto schema = Schema::parse("rules.json", kRules);
  if (!document || schema == nullptr) {
    return "not read";
  }
  schema->check(*document, problems);
  EXPECT_LE(problems.size(), 1U);
  return problems.empty() ? "" : to_string(problems.front());
}

struct Row {
  const char* name;
  const char* text;
  const char* complaint;  // where and what; the mend follows
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Complaint : public testing::TestWithParam<Row> {};

TEST_P(Complaint, NamesPlaceAndCause) {
  EXPECT_EQ(complaint(GetParam().text), std::string(GetParam().complaint) +
                                            "; see suites/schema/rules.json for what is allowed");
}

INSTANTIATE_TEST_SUITE_P(
    Schemas, Complaint,
    testing::Values(
        Row{"Empty", "# nothing\n", "file.yaml: the file is empty"},
        Row{"Choice", "name: green\n", "file.yaml:1:1: name: is none of: red, blue"},
        Row{"Pattern", "name: red\nword: 'A'\n",
            "file.yaml:2:1: word: does not have the form ^[a-z]+$"},
        Row{"Enumeration", "name: red\nkind: three\n", "file.yaml:2:1: kind: is none of: one, two"},
        Row{"Type", "name: red\ncount: 'x'\n",
            "file.yaml:2:1: count: has the wrong type; it must be one of: integer, boolean"},
        Row{"EmptyObject", "name: red\ninner: {}\n", "file.yaml:2:1: inner: is empty"},
        Row{"Deepest", "name: red\ninner:\n  numbers: [1, x]\n",
            "file.yaml:3:16: inner/numbers/1: has the wrong type; it must be one of: integer"},
        Row{"UnknownKey", "name: red\nwrod: a\n",
            "file.yaml:2:1: wrod: unknown key 'wrod'; did you mean 'word'?"},
        Row{"KeyOfAnotherPlace", "name: red\ninner: { word: a }\n",
            "file.yaml:2:10: inner/word: the key 'word' may not stand here or has the wrong form"}),
    [](const auto& info) { return info.param.name; });

TEST(Schema, HasNothingAgainstWhatKeepsToIt) {
  EXPECT_EQ(complaint("name: red\nword: a\nkind: two\ncount: 3\ninner: { numbers: [1, 2] }\n"), "");
}

TEST(Schema, IsNotMadeOfWhatIsNone) {
  EXPECT_EQ(Schema::parse("rules.json", "{"), nullptr);
  EXPECT_EQ(Schema::parse("rules.json", R"({ "properties": 5 })"), nullptr);
}

TEST(Schema, IsMissedWhereItsFileIs) {
  Problems problems;
  const auto document = parse_document("file.yaml", "name: red\n", problems);
  ASSERT_TRUE(document);
  check_schema(*document, "/nowhere/rules.json", problems);
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems.back().mend, "reinstall the suites folder");
}

TEST(Schema, OfTheShippedOnesTellsAMisspeltKey) {
  Problems problems;
  const auto document =
      parse_document("case.yaml", "case: one\ntitle: A case of a test\nflwo: x\n", problems);
  ASSERT_TRUE(document);
  check_schema(*document, PARLEY_SOURCE_DIR "/suites/schema/case.json", problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 3U);
  EXPECT_NE(problems[0].message.find("did you mean 'flip', 'flow'"), std::string::npos)
      << problems[0].message;
}

}  // namespace
}  // namespace parley::model
