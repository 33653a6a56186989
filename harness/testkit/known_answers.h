// SPDX-License-Identifier: GPL-3.0-or-later
// Files of known answers, <folder>/vectors/<name>.json beside <name>.schema.json. Who includes this
// has valijson on the include path of its tests.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace parley::testkit {

// `path` from the root of the source tree; discarded where there is no JSON.
inline nlohmann::json known_answers(const std::string& path) {
  std::ifstream in(PARLEY_SOURCE_DIR "/" + path);
  return nlohmann::json::parse(in, nullptr, false);
}

// Fails the test unless `stem`.json is as `stem`.schema.json says and has as many tests, each with
// an id of its own, as its `count`.
inline void expect_known_answers(const std::string& stem) {
  const auto rules = known_answers(stem + ".schema.json");
  const auto vectors = known_answers(stem + ".json");
  ASSERT_FALSE(rules.is_discarded() || vectors.is_discarded());
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(rules), schema);
  valijson::Validator validator;
  ASSERT_TRUE(
      validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(vectors), nullptr));
  std::set<int> ids;
  std::size_t tests = 0;
  for (const auto& group : vectors["groups"]) {
    for (const auto& list : group) {
      for (const auto& test : list.is_array() ? list : nlohmann::json::array()) {
        if (test.is_object() && test.contains("id")) {
          ids.insert(test["id"].get<int>());
          ++tests;
        }
      }
    }
  }
  EXPECT_EQ(tests, vectors["count"]);
  EXPECT_EQ(ids.size(), tests);
}

}  // namespace parley::testkit
