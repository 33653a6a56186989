// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/finding.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/report/golden.h"
#include "harness/report/json_report.h"
#include "harness/report/junit.h"
#include "harness/report/terminal.h"

namespace parley::report {
namespace {

// The golden library, whose cases all send a message that rests on a setting of this basis.
model::Library library_with(const std::string& basis) {
  auto out = golden::library();
  auto& profile = out.profiles["p"];
  profile.name = "p";
  profile.settings["product"] = {"2", basis, "", {"login"}};
  profile.forms["login"].name = "login";
  auto& flow = out.flows["p/f"];
  flow.steps.resize(1);
  flow.steps[0].form = "login";
  for (auto& one : out.cases) {
    one.profile = "p";
    one.flow = "f";
  }
  return out;
}

std::string six_lines_of(const model::Library& library) {
  const auto result = golden::run().results[2];
  return six_lines(subject_of(result, library), result, "parley run");
}

TEST(AssumedSetting, IsNamedInEveryReport) {
  const auto library = library_with("assumed");
  const auto lines = six_lines_of(library);
  EXPECT_NE(lines.find("XST-011 (under assumed profile: violation) "), std::string::npos) << lines;
  EXPECT_NE(lines.find("] assumed: product\n"), std::string::npos) << lines;
  const auto junit = junit_report(golden::run(), library);
  EXPECT_NE(junit.find("type=\"under assumed profile: violation\""), std::string::npos) << junit;
  EXPECT_NE(junit.find("] assumed: product\n"), std::string::npos) << junit;
  const auto json = json_report(golden::run(), library);
  EXPECT_EQ(json["results"][2]["assumed"], nlohmann::json::array({"product"}));
  const auto text = summary(golden::run(), library);
  EXPECT_NE(text.find("under assumed profile: 6 verdicts, which rest on product (6)\n"),
            std::string::npos)
      << text;
}

TEST(SettingThatIsKnown, IsNotSpokenOf) {
  for (const auto* basis : {"published", "observed", "given"}) {
    const auto library = library_with(basis);
    EXPECT_EQ(six_lines_of(library), six_lines_of(golden::library())) << basis;
    EXPECT_EQ(summary(golden::run(), library), summary(golden::run(), golden::library())) << basis;
    EXPECT_EQ(junit_report(golden::run(), library), junit_report(golden::run(), golden::library()))
        << basis;
  }
}

}  // namespace
}  // namespace parley::report
