// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/address.h"

#include <gtest/gtest.h>

namespace parley::reference::whatsapp {
namespace {

TEST(ParseAddress, TellsIntegratorNumberAndDevice) {
  const auto interop = parse_address("12-100:3@interop", {});
  ASSERT_TRUE(interop);
  EXPECT_EQ(*interop, (Address{.integrator = 12, .number = "100", .device = 3}));
  EXPECT_EQ(interop->bare(), "12-100@interop");
  const auto native = parse_address("200@s.whatsapp.net", {});
  ASSERT_TRUE(native);
  EXPECT_EQ(*native, (Address{.integrator = {}, .number = "200"}));
  EXPECT_EQ(native->bare(), "200@s.whatsapp.net");
}

TEST(ParseAddress, RefusesEveryMalformedForm) {
  for (const char* text : {"",
                           "@interop",
                           "12-100",
                           "12-100@",
                           "100@interop",
                           "12--100@interop",
                           "-100@interop",
                           "12-@interop",
                           "0-100@interop",
                           "1000-100@interop",
                           "65536-100@interop",
                           "012-100@interop",
                           "+12-100@interop",
                           "-12-100@interop",
                           "12 -100@interop",
                           "12- 100@interop",
                           "12-100:0@interop",
                           "12-100:@interop",
                           "12-100:65536@interop",
                           "12-100@a@interop",
                           "12-100x@interop",
                           "+200@s.whatsapp.net",
                           "@s.whatsapp.net",
                           "123456789012345678901@s.whatsapp.net"}) {
    const auto address = parse_address(text, {});
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::malformed) << text;
  }
}

TEST(ParseAddress, KnowsNobodyOnOtherServers) {
  const auto address = parse_address("1@g.us", {});
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, Errc::not_found);
}

TEST(IsServer, TakesTheServerInItsThreeForms) {
  const std::string name = "s.whatsapp.net";
  const std::string jid = "@s.whatsapp.net";
  const std::string user = "1@s.whatsapp.net";
  EXPECT_TRUE(is_server(nullptr));
  EXPECT_TRUE(is_server(&name));
  EXPECT_TRUE(is_server(&jid));
  EXPECT_FALSE(is_server(&user));
}

}  // namespace
}  // namespace parley::reference::whatsapp
