// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/json_report.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "harness/report/golden.h"

namespace parley::report {
namespace {

using nlohmann::json;

json golden_report() { return json_report(golden::run(), golden::library()); }

bool satisfies_schema(const json& document) {
  std::ifstream in(PARLEY_SOURCE_DIR "/reports/report.schema.json");
  const auto text = json::parse(in);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
  valijson::Validator validator;
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

TEST(JsonReport, MatchesTheGoldenFile) {
  EXPECT_EQ(golden::complaint("report.json", golden_report().dump(2) + "\n"), "");
}

TEST(JsonReport, SatisfiesItsSchema) {
  EXPECT_TRUE(satisfies_schema(golden_report()));
  EXPECT_TRUE(satisfies_schema(json_report(engine::RunSummary{}, model::Library{})));
}

TEST(JsonReport, HasNoFieldThatTheSchemaLetsGo) {
  const auto report = golden_report();
  for (const auto& [key, value] : report.items()) {
    auto without = report;
    without.erase(key);
    EXPECT_FALSE(satisfies_schema(without)) << key;
  }
  for (const auto& [key, value] : report["results"][1].items()) {
    auto without = report;
    without["results"][1].erase(key);
    EXPECT_FALSE(satisfies_schema(without)) << key;
  }
}

TEST(JsonReport, MayHoldNothingBesideTheSchema) {
  for (const auto* place :
       {"/extra", "/totals/extra", "/results/1/extra", "/results/1/requirement/extra"}) {
    auto report = golden_report();
    report[json::json_pointer(place)] = 1;
    EXPECT_FALSE(satisfies_schema(report)) << place;
  }
}

TEST(JsonReport, KeepsALargeSeedWhole) {
  EXPECT_EQ(golden_report()["seed"], "18446744073709551615");
}

}  // namespace
}  // namespace parley::report
