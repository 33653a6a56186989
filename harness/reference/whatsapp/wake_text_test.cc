// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/wake_text.h"

#include <gtest/gtest.h>

namespace parley::reference::whatsapp {
namespace {

TEST(WakeLines, TakesALineOfTheLargestSizeThatComesWithTheNext) {
  WakeLines lines(8);
  lines.add("1234567");
  EXPECT_EQ(lines.next(), std::nullopt);
  lines.add("\nand more");
  EXPECT_EQ(lines.next(), "1234567");
  EXPECT_EQ(lines.next(), std::nullopt) << "eight octets and no end";
  EXPECT_TRUE(lines.over());
  lines.add("\n");
  EXPECT_EQ(lines.next(), std::nullopt);
}

TEST(WakeLines, TakesNoLineThatIsOneOctetLonger) {
  WakeLines lines(8);
  lines.add("12345678\n");
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_TRUE(lines.over());
}

}  // namespace
}  // namespace parley::reference::whatsapp
