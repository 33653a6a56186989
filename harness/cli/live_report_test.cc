// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/live_report.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace parley::cli
