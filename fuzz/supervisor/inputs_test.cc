// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/inputs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;

TEST(InputsBelow, AreNotWhatStandsBesideThem) {
  const auto folder = fs::path(testing::TempDir()) / "parley-inputs";
  fs::remove_all(folder);
  for (const auto* name :
       {"findings.json", "findings.sarif", "t/session.json", "t/last-input", "t/findings/f/input",
        "t/findings/f/input-2", "t/findings/f/minimised", "t/findings/f/finding.json",
        "t/findings/f/report.txt", "t/findings/f/report-as-found.txt", "u/report.txt"}) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "x";
  }
  const auto in = [&](const char* name) { return (folder / name).string(); };
  const auto inputs = inputs_below(folder.string());
  ASSERT_TRUE(inputs) << inputs.error();
  EXPECT_EQ(*inputs, (std::vector{in("t/findings/f/input"), in("t/findings/f/input-2"),
                                  in("t/findings/f/minimised"), in("u/report.txt")}));
  fs::remove_all(folder);
}

TEST(InputsBelow, SaysWhatCannotBeRead) {
  const auto inputs = inputs_below("/nowhere");
  ASSERT_FALSE(inputs);
  EXPECT_EQ(inputs.error().code, Errc::io);
  EXPECT_TRUE(inputs.error().detail.starts_with("'/nowhere': ")) << inputs.error();
}

}  // namespace
}  // namespace parley::fuzz
