// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/jid.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

struct Reading {
  const char* name;
  std::string text;
  Jid jid;
};
class ReadsJid : public testing::TestWithParam<Reading> {};

TEST_P(ReadsJid, AndPrintsTheSameText) {
  const auto jid = parse_jid(GetParam().text);
  ASSERT_TRUE(jid);
  EXPECT_EQ(*jid, GetParam().jid) << jid->user << " " << jid->device;
  EXPECT_EQ(to_string(*jid), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ReadsJid,
    testing::Values(
        Reading{"Plain", "49@lid", {.user = "49", .server = "lid"}},
        Reading{"Device", "49:7@lid", {.user = "49", .device = 7, .server = "lid"}},
        Reading{"NoUser", "@g.us", {.user = "", .server = "g.us"}},
        Reading{"TwoAts", "a@b@c", {.user = "a@b", .server = "c"}},
        Reading{"TwoColons", "a:1:2@c", {.user = "a:1", .device = 2, .server = "c"}},
        Reading{"DeviceZeroIsText", "a:0@c", {.user = "a:0", .server = "c"}},
        Reading{"LeadingZeroIsText", "a:07@c", {.user = "a:07", .server = "c"}},
        Reading{"LargestDevice", "a:65535@c", {.user = "a", .device = 65535, .server = "c"}},
        Reading{"DeviceTooLargeIsText", "a:65536@c", {.user = "a:65536", .server = "c"}},
        Reading{"SignIsText", "a:+1@c", {.user = "a:+1", .server = "c"}},
        Reading{"Integrator",
                "12-105012705411308@interop",
                {.user = "105012705411308", .integrator = 12, .server = "interop"}},
        Reading{"IntegratorAndDevice",
                "12-1:3@interop",
                {.user = "1", .device = 3, .integrator = 12, .server = "interop"}},
        Reading{
            "TwoDashes", "12-1-2@interop", {.user = "1-2", .integrator = 12, .server = "interop"}},
        Reading{
            "IntegratorZero", "0-1@interop", {.user = "1", .integrator = 0, .server = "interop"}},
        Reading{"IntegratorTooLarge", "65536-1@interop", {.user = "65536-1", .server = "interop"}},
        Reading{"IntegratorWithZeros", "012-1@interop", {.user = "012-1", .server = "interop"}},
        Reading{"NoIntegrator", "-1@interop", {.user = "-1", .server = "interop"}},
        Reading{"NoDash", "121@interop", {.user = "121", .server = "interop"}},
        Reading{"DashElsewhere", "12-1@lid", {.user = "12-1", .server = "lid"}}),
    [](const auto& row) { return row.param.name; });

TEST(ParseJid, FindsNoneWithoutAnAtOrAServer) {
  EXPECT_FALSE(parse_jid(""));
  EXPECT_FALSE(parse_jid("lid"));
  EXPECT_FALSE(parse_jid("49@"));
}

TEST(ParseJid, LeavesADeviceBeyondItsBoundToTheUser) {
  EXPECT_EQ(parse_jid("a:255@lid", 255)->device, 255);
  EXPECT_EQ(parse_jid("a:256@lid", 255)->user, "a:256");
}

TEST(Domain, NamesFourServersBothWays) {
  for (const int domain : {0, 1, 128, 129}) {
    const auto server = server_of_domain(static_cast<std::uint8_t>(domain));
    ASSERT_TRUE(server);
    EXPECT_EQ(domain_of_server(*server), domain);
  }
  EXPECT_FALSE(server_of_domain(2));
  EXPECT_FALSE(domain_of_server("interop"));
}

}  // namespace
}  // namespace parley::wire
