// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/live_report.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace parley::cli {
namespace {

TEST(AgainCommand, NamesWhatTheCaseWasFoundWith) {
  RunArguments arguments;
  EXPECT_EQ(again_command(arguments, "out/a.yaml", "a"),
            "parley run --cases out/a.yaml --profile xmpp --case own/a");
  arguments.given = {"--suites"};
  arguments.suites_folder = "my suites";
  arguments.sut_files = {"sut.yaml"};
  arguments.settings = {{"product", "2"}};
  arguments.patience = std::chrono::milliseconds(700);
  arguments.unchecked = true;
  EXPECT_EQ(again_command(arguments, "out/a.yaml", "a"),
            "parley run --cases out/a.yaml --suites 'my suites' --sut sut.yaml --case own/a "
            "--set product=2 --patience-ms 700 --no-preflight");
}

TEST(AgainCommand, KeepsTheShellFromAGlob) {
  EXPECT_EQ(again_command(RunArguments{}, "out/findings", "*"),
            "parley run --cases out/findings --profile xmpp --case 'own/*'");
}

// Which of many strikes killed a SUT is shown by what goes through them one by one.
TEST(LiveReport, OfADeathShowsTheFirstSuspectWholeAndHowToSiftThem) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "live-report";
  std::filesystem::create_directories(folder / "findings");
  const RunArguments arguments;
  const LiveArguments live;
  live::Finding suspect;
  suspect.confirmed = live::Confirmed::no;
  suspect.one.party = model::Party::gatekeeper_server;
  suspect.one.profile = "xmpp";
  suspect.one.flow = "ping";
  suspect.one.requirement = "XST-053";
  model::BytesEdit edit;
  edit.replace = "x";
  suspect.one.change = model::Change{.step = "ask", .edit = edit};
  suspect.verdict.reason = "the SUT died of it, or of another";
  testing::internal::CaptureStdout();
  LiveReport report(arguments, live, folder, "a server");
  for (const auto* name : {"first", "second"}) {
    suspect.name = name;
    report.announce(suspect);
  }
  report.end({});
  const auto said = testing::internal::GetCapturedStdout();
  EXPECT_TRUE(said.starts_with("first: the SUT died of it, or of another (not shown again)\n"))
      << said;
  EXPECT_NE(said.find("\n  or of second: step ask of flow ping\nwhich of the 2 it was"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("--case 'own/*' --jobs 1\n"), std::string::npos) << said;
  EXPECT_EQ(report.trouble(), "");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace parley::cli
