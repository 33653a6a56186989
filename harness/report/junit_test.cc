// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/junit.h"

#include <expat.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "harness/report/golden.h"

namespace parley::report {
namespace {

using Elements = std::map<std::string, int>;  // name -> how many

struct Read {
  bool well_formed = false;
  Elements elements;
};

// expat, since pugixml accepts much that XML forbids.
Read read_strictly(const std::string& text) {
  Read out;
  XML_Parser parser = XML_ParserCreate(nullptr);
  XML_SetUserData(parser, &out.elements);
  XML_SetStartElementHandler(parser, [](void* elements, const XML_Char* name, const XML_Char**) {
    ++(*static_cast<Elements*>(elements))[name];
  });
  out.well_formed =
      XML_Parse(parser, text.data(), static_cast<int>(text.size()), 1) == XML_STATUS_OK;
  XML_ParserFree(parser);
  return out;
}

TEST(JunitReport, MatchesTheGoldenFile) {
  EXPECT_EQ(golden::complaint("junit.xml", junit_report(golden::run(), golden::library())), "");
}

TEST(JunitReport, HasOneElementAVerdict) {
  const auto read = read_strictly(junit_report(golden::run(), golden::library()));
  ASSERT_TRUE(read.well_formed);
  const Elements wanted{{"testsuites", 1}, {"testsuite", 3}, {"properties", 3}, {"property", 12},
                        {"testcase", 8},   {"failure", 3},   {"error", 3},      {"skipped", 1}};
  EXPECT_EQ(read.elements, wanted);
}

TEST(JunitReport, IsWellFormedWhateverOctetTheSutSent) {
  for (int octet = 0; octet < 256; ++octet) {
    auto run = golden::run();
    auto& verdict = run.results[1].verdict;
    verdict.reason = verdict.came = verdict.monitor = std::string("]]>") + static_cast<char>(octet);
    EXPECT_TRUE(read_strictly(junit_report(run, golden::library())).well_formed) << octet;
  }
}

// XML 1.0 section 2.2: these two are no characters, and expat does not mind them.
TEST(JunitReport, EscapesTheNonCharactersOfXml) {
  auto run = golden::run();
  run.results[1].verdict.reason = run.results[1].verdict.came = "\xEF\xBF\xBE\xEF\xBF\xBF";
  const auto text = junit_report(run, golden::library());
  EXPECT_EQ(text.find("\xEF\xBF\xBE"), std::string::npos);
  EXPECT_EQ(text.find("\xEF\xBF\xBF"), std::string::npos);
  EXPECT_NE(text.find("\\u{FFFE}\\u{FFFF}"), std::string::npos);
}

TEST(JunitReport, OfNoCasesIsStillADocument) {
  EXPECT_TRUE(read_strictly(junit_report(engine::RunSummary{}, model::Library{})).well_formed);
}

}  // namespace
}  // namespace parley::report
