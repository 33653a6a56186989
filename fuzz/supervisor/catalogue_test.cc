// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/catalogue.h"

#include <gtest/gtest.h>

namespace parley::fuzz {
namespace {

TEST(ReadCatalogue, ReadsEachMember) {
  const auto targets = read_catalogue(
      R"([{"name":"xml_reader","program":"/b/fuzz_xml_reader",
           "replay":"/a/fuzz_xml_reader","corpus":"/c/xml_reader",
           "dictionary":"/d/xml.dict","mutator":"xml","edges":900,"oracle":"Splits agree.",
           "dependencies":["expat"]},
          {"name":"frame","program":"/b/fuzz_frame","corpus":"/c/frame","dictionary":null}])");
  ASSERT_TRUE(targets) << targets.error();
  ASSERT_EQ(targets->size(), 2U);
  EXPECT_EQ((*targets)[0], (Target{.name = "xml_reader",
                                   .program = "/b/fuzz_xml_reader",
                                   .replay = "/a/fuzz_xml_reader",
                                   .corpus = "/c/xml_reader",
                                   .dictionary = "/d/xml.dict",
                                   .mutator = "xml",
                                   .edges = 900,
                                   .oracle = "Splits agree.",
                                   .dependencies = {"expat"}}));
  EXPECT_EQ((*targets)[1].edges, 0U);
}

struct Bad {
  const char* name;
  const char* text;
  const char* detail;
};

class RejectsCatalogue : public testing::TestWithParam<Bad> {};

TEST_P(RejectsCatalogue, NamingTheMember) {
  const auto targets = read_catalogue(GetParam().text);
  ASSERT_FALSE(targets);
  EXPECT_EQ(targets.error().detail, GetParam().detail);
}

INSTANTIATE_TEST_SUITE_P(
    All, RejectsCatalogue,
    testing::Values(Bad{"NoJson", "[", "it is no JSON array of targets"},
                    Bad{"NoArray", "{}", "it is no JSON array of targets"},
                    Bad{"NoObject", "[1]", "target 1 is no object"},
                    Bad{"NoName", R"([{"program":"p","corpus":"c"}])", "target 1 has no 'name'"},
                    Bad{"NumberAsName", R"([{"name":1}])", "target 1: 'name' is no text"},
                    Bad{"NegativeEdges", R"([{"name":"n","program":"p","corpus":"c","edges":-1}])",
                        "target 1: 'edges' is no count"}),
    [](const auto& one) { return one.param.name; });

TEST(LoadCatalogue, SaysWhichFileIsMissing) {
  const auto targets = load_catalogue("/nowhere/targets.json");
  ASSERT_FALSE(targets);
  EXPECT_EQ(targets.error().code, Errc::not_found);
  EXPECT_NE(targets.error().detail.find("/nowhere/targets.json"), std::string::npos);
}

}  // namespace
}  // namespace parley::fuzz
