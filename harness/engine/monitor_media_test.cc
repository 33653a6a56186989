// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_media.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::engine {
namespace {

struct Named {
  const char* test;
  std::string name;
  std::string wrong;
  bool document = true;
};
class WrongWithName : public testing::TestWithParam<Named> {};

TEST_P(WrongWithName, SaysWhy) {
  EXPECT_EQ(wrong_with_name(GetParam().name, GetParam().document), GetParam().wrong);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, WrongWithName,
    testing::Values(Named{"Plain", "report.pdf", ""}, Named{"WithDots", "..report..pdf", ""},
                    Named{"InOtherLetters", "b\xC3\xA9ret.pdf", ""},
                    Named{"Empty", "", "it names no file"}, Named{"Dot", ".", "it names no file"},
                    Named{"DotDot", "..", "it names no file"},
                    Named{"Path", "../a", "it leads to another place"},
                    Named{"Backslash", "..\\a", "it leads to another place"},
                    Named{"Longest", std::string(255, 'a'), ""},
                    Named{"TooLong", std::string(256, 'a'), "it is longer than a name may be"},
                    Named{"Nul", std::string("a\0b", 3), "it holds controls"},
                    Named{"LineFeed", "a\nb", "it holds controls"},
                    Named{"Delete", "a\x7F", "it holds controls"},
                    Named{"RightToLeft",
                          "a\xE2\x80\xAE"
                          "b",
                          "it holds controls"},
                    Named{"NoUtf8", "a\xFF", "it holds controls"}, Named{"Program", "a.exe", ""},
                    Named{"PictureAsPage", "a.HTML", "its end says that it is to be carried out",
                          false},
                    Named{"Picture", "a.jpg", "", false}),
    [](const auto& row) { return row.param.test; });

}  // namespace
}  // namespace parley::engine
