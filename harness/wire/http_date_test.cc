// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/http_date.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

std::string at(std::int64_t seconds) {
  return http_date(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

TEST(HttpDate, IsWrittenAsTheClauseDoes) {
  EXPECT_EQ(at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // its own example
  EXPECT_EQ(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(at(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
}

}  // namespace
}  // namespace parley::wire
