// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/terminal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "harness/base/text.h"
#include "harness/report/finding.h"
#include "harness/report/golden.h"

namespace parley::report {
namespace {

using std::chrono::milliseconds;

std::string without_colours(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9]*m"), "");
}

// The offset of the first octet that is neither text nor a line end; npos if there is none.
std::size_t first_unsafe(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = 0;
    const auto length = utf8_sequence(text, at, c);
    if (length == 0 || (c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0) || c == 0x202E) {
      return at;
    }
    at += length;
  }
  return std::string::npos;
}

std::string every_six_lines(Colour colour) {
  const auto library = golden::library();
  std::string out;
  for (const auto& result : golden::run().results) {
    const auto subject = subject_of(result, library);
    if (subject.requirement != nullptr && result.verdict.kind != model::VerdictKind::pass &&
        result.verdict.kind != model::VerdictKind::not_applicable) {
      out += six_lines(subject, result, "parley run --case " + result.id + " --seed 42", colour) +
             "\n";
    }
  }
  return out;
}

std::string everything(Colour colour) {
  return every_six_lines(colour) + summary(golden::run(), golden::library(), colour) + "\n" +
         progress_line(312, 1'204,
                       {{model::VerdictKind::pass, 300}, {model::VerdictKind::fail, 12}},
                       milliseconds(1'160), "stanza/forged-from", 100) +
         "\n";
}

TEST(Terminal, MatchesTheGoldenFile) {
  EXPECT_EQ(golden::complaint("terminal.txt", everything(Colour::off)), "");
}

TEST(Ladder, MatchesTheGoldenFile) {
  EXPECT_EQ(golden::complaint("ladder.txt", ladder(golden::transcript())), "");
}

TEST(Terminal, LetsNothingOfTheSutActOnTheTerminal) {
  EXPECT_EQ(first_unsafe(everything(Colour::off)), std::string::npos);
  EXPECT_EQ(first_unsafe(ladder(golden::transcript(), {}, Octets::full)), std::string::npos);
  EXPECT_EQ(first_unsafe(without_colours(everything(Colour::on))), std::string::npos);
}

TEST(Terminal, SaysTheSameWithColours) {
  EXPECT_NE(everything(Colour::on), everything(Colour::off));
  EXPECT_EQ(without_colours(everything(Colour::on)), everything(Colour::off));
  const auto coloured = ladder(golden::transcript(), {}, Octets::cut, Colour::on);
  EXPECT_EQ(without_colours(coloured), ladder(golden::transcript()));
}

TEST(SixLines, AreSixBehindTheHead) {
  const auto library = golden::library();
  const auto result = golden::run().results[2];
  const auto subject = subject_of(result, library);
  const auto lines = split(six_lines(subject, result, "parley run"), '\n');
  const std::vector<std::string> labels{"fail",   "  requirement", "  sent",  "  expected",
                                        "  came", "  difference",  "  rerun", ""};
  ASSERT_EQ(lines.size(), labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_TRUE(lines[i].starts_with(labels[i])) << lines[i];
  }
}

TEST(Ladder, ShowsAllOctetsOnlyWhenAsked) {
  const std::string long_octets(310, 'x');
  EXPECT_EQ(ladder(golden::transcript()).find(long_octets), std::string::npos);
  EXPECT_NE(ladder(golden::transcript(), {}, Octets::full).find(long_octets), std::string::npos);
}

TEST(Summary, SaysWhenPlannedCasesHaveNoVerdict) {
  auto run = golden::run();
  const std::string warning = "proves nothing";
  EXPECT_EQ(summary(run, golden::library()).find(warning), std::string::npos);
  run.results.pop_back();
  EXPECT_NE(summary(run, golden::library()).find(warning), std::string::npos);
}

TEST(Summary, GroupsWhatIsNotApplicableByItsReason) {
  auto run = golden::run();
  auto result = run.results.back();
  run.results.clear();
  for (const auto* reason : {"lacks b", "lacks a", "lacks b"}) {
    result.verdict.reason = reason;
    run.results.push_back(result);
  }
  const auto text = summary(run, golden::library());
  EXPECT_NE(text.find("not applicable: 3\n      2  lacks b\n      1  lacks a\n"), std::string::npos)
      << text;
}

TEST(Summary, HasNoRateWithoutADuration) {
  auto run = golden::run();
  EXPECT_NE(summary(run, golden::library()).find("cases/s"), std::string::npos);
  run.took = milliseconds(0);
  const auto text = summary(run, golden::library());
  EXPECT_EQ(text.find("cases/s"), std::string::npos) << text;
  EXPECT_NE(text.find("8 of 8 planned cases have a verdict\n"), std::string::npos) << text;
}

TEST(Summary, CutsALongListOfOneRequirement) {
  auto run = golden::run();
  const auto failed = run.results[2];
  run.results.assign(25, failed);
  const auto text = summary(run, golden::library());
  EXPECT_NE(text.find("and 5 more"), std::string::npos) << text;
}

TEST(ProgressLine, IsNeverWiderThanTheTerminal) {
  // Each character of the name takes two columns and three octets.
  const std::string wide = "stanza/\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97";
  for (std::size_t width = 0; width < 80; ++width) {
    const auto line =
        progress_line(7, 9, {{model::VerdictKind::pass, 7}}, milliseconds(100), wide, width);
    const auto wide_characters =
        std::ranges::count_if(line, [](char c) { return (c & '\x80') != 0; }) / 3;
    const auto columns = static_cast<std::ptrdiff_t>(line.size()) - wide_characters;
    EXPECT_LE(columns, static_cast<std::ptrdiff_t>(width)) << line;
  }
}

struct Progress {
  const char* name;
  std::size_t done;
  std::size_t total;
  milliseconds elapsed;
  const char* text;
};
class ShowsProgress : public testing::TestWithParam<Progress> {};

TEST_P(ShowsProgress, WithRateAndTimeLeft) {
  const auto& row = GetParam();
  EXPECT_EQ(progress_line(row.done, row.total, {}, row.elapsed, "", 200), row.text);
}

INSTANTIATE_TEST_SUITE_P(
    Terminal, ShowsProgress,
    testing::Values(
        Progress{"NothingYet", 0, 10, milliseconds(500), "0/10"},
        Progress{"NoTimeYet", 3, 10, milliseconds(0), "3/10"},
        Progress{"Seconds", 10, 50, milliseconds(1'000), "10/50  10.0/s  4 s left"},
        Progress{"Minutes", 10, 2'010, milliseconds(1'000), "10/2010  10.0/s  3 min 20 s left"},
        Progress{"Hours", 1, 7'501, milliseconds(1'000), "1/7501  1.0/s  2 h 5 min left"},
        Progress{"MoreThanPlanned", 11, 10, milliseconds(1'000), "11/10  11.0/s  0 s left"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace parley::report
