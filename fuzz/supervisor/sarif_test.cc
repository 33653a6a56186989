// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/sarif.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/testkit/golden_file.h"

namespace parley::fuzz {
namespace {

Defect example() {
  return {.target = "xml_reader",
          .state = {.kind = Kind::sanitizer, .what = "SEGV, READ", .frames = {"feed", "parse"}},
          .place = "/src/reader.cc:88:7",
          .places = {"/src/reader.cc:88", "/src/reader.cc:90"},
          .input = Bytes("<a\0\xff", 4),
          .minimised = "<",
          .reproduces = Reproduces::yes,
          .seen = 3,
          .executions = 51'234,
          .after = std::chrono::milliseconds(1200),
          .report = "==1==ERROR: AddressSanitizer: SEGV \x1b[31m\n",
          .run = {.targets = "b/targets.json", .seed = 7, .version = "1.2"},
          .offer = {.input = "out/xml_reader/findings/sanitizer-d964bf7f/minimised",
                    .replay = "parley fuzz replay xml_reader x"}};
}

TEST(ToSarif, IsTheGoldenFile) {
  EXPECT_EQ(testkit::golden_complaint(
                std::string(PARLEY_SOURCE_DIR) + "/fuzz/supervisor/golden/findings.sarif",
                to_sarif({example()}, "1.2")),
            "");
}

nlohmann::json locations_of(const char* place) {
  auto defect = example();
  defect.place = place;
  return nlohmann::json::parse(to_sarif({defect}, "1"))["runs"][0]["results"][0]["locations"];
}

TEST(ToSarif, LeavesOutAPlaceThatIsNone) {
  for (const auto* place : {"", "module+0x12", ":7", "a.cc:", "a.cc:b"}) {
    EXPECT_TRUE(locations_of(place).empty()) << place;
  }
}

struct Place {
  const char* name;
  const char* text;
  const char* uri;
  int line;
  int column;  // 0: none
};
class SaysPlace : public testing::TestWithParam<Place> {};

TEST_P(SaysPlace, AsAUri) {
  const auto locations = locations_of(GetParam().text);
  ASSERT_EQ(locations.size(), 1U);
  const auto& place = locations[0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], GetParam().uri);
  // Who reads a relative one must know from where.
  EXPECT_EQ(place["artifactLocation"].contains("uriBaseId"), GetParam().text[0] != '/');
  EXPECT_EQ(place["region"]["startLine"], GetParam().line);
  EXPECT_EQ(place["region"].value("startColumn", 0), GetParam().column);
}

INSTANTIATE_TEST_SUITE_P(
    All, SaysPlace,
    testing::Values(Place{"Absolute", "/src/a.cc:88:7", "file:///src/a.cc", 88, 7},
                    Place{"Relative", "src/a.cc:88:7", "src/a.cc", 88, 7},
                    Place{"LineAlone", "/src/a.cc:88", "file:///src/a.cc", 88, 0},
                    Place{"Space", "/my src/\xc3\xa4#.cc:1:2", "file:///my%20src/%C3%A4%23.cc", 1,
                          2},
                    Place{"Colon", "a:b/c.cc:1:2", "a%3Ab/c.cc", 1, 2}),
    [](const auto& one) { return one.param.name; });

TEST(ToSarif, HasNoOtherPlacesWhereThereAreNone) {
  auto defect = example();
  for (const auto& places : std::vector<std::vector<std::string>>{
           {}, {"/src/reader.cc:88"}, {"/src/reader.cc:88:7"}, {"module+0x12"}}) {
    defect.places = places;
    const auto result = nlohmann::json::parse(to_sarif({defect}, "1"))["runs"][0]["results"][0];
    EXPECT_FALSE(result.contains("relatedLocations")) << result;
  }
}

TEST(ToSarif, SaysWhatHappenedInsteadOfTheDefect) {
  auto defect = example();
  const auto properties = [&] {
    return nlohmann::json::parse(to_sarif({defect}, "1"))["runs"][0]["results"][0]["properties"];
  };
  EXPECT_FALSE(properties().contains("instead"));
  defect.reproduces = Reproduces::no;
  defect.instead = "it ran to its end";
  EXPECT_EQ(properties()["instead"], "it ran to its end");
}

TEST(ToSarif, HasWhatAnOracleSaysInItsMessage) {
  auto defect = example();
  defect.state = {.kind = Kind::disagreement, .what = "they differ", .frames = {}};
  defect.said = {"your parser: <{}b", "expat:       >"};
  const auto result = nlohmann::json::parse(to_sarif({defect}, "1"))["runs"][0]["results"][0];
  EXPECT_EQ(result["message"]["text"],
            "xml_reader: disagreement: they differ\nyour parser: <{}b\nexpat:       >");
}

TEST(ToSarif, PointsToTheRuleOfTheKind) {
  auto defect = example();
  defect.state.kind = Kind::hang;
  const auto run = nlohmann::json::parse(to_sarif({defect}, "1"))["runs"][0];
  const auto& result = run["results"][0];
  EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"],
            result["ruleId"]);
  EXPECT_EQ(result["level"], "warning");
}

TEST(ToSarif, OffersTheInputFromWhereTheFileLies) {
  auto defect = example();
  defect.target = "my target";
  const auto result = nlohmann::json::parse(to_sarif({defect}, "1"))["runs"][0]["results"][0];
  EXPECT_EQ(result["properties"]["input"], "my target/findings/sanitizer-d964bf7f/minimised");
  EXPECT_EQ(result["attachments"][0]["artifactLocation"]["uri"],
            "my%20target/findings/sanitizer-d964bf7f/minimised");
}

}  // namespace
}  // namespace parley::fuzz
