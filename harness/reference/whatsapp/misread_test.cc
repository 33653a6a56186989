// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/misread.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::reference::whatsapp {
namespace {

struct Misread {
  const char* name;
  const char* fault;
  std::string octets;
  std::string taken_for;
};
class TakesOctets : public testing::TestWithParam<Misread> {};

TEST_P(TakesOctets, ForWhatACarelessServerDoes) {
  const auto misread = misread_under(*fault_set({GetParam().fault}), kPartnerMisreads);
  ASSERT_TRUE(misread);
  EXPECT_EQ(misread(GetParam().octets), GetParam().taken_for);
  const std::string honest = "POST / HTTP/1.1\r\nconnection: close\r\nContent-Length: 1\r\n\r\nx";
  EXPECT_EQ(misread(honest), honest);
  EXPECT_EQ(misread("half a hea"), "half a hea");
}

const std::string kBoth =
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
const std::string kTwo = "POST / HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\nxy";

INSTANTIATE_TEST_SUITE_P(
    Faults, TakesOctets,
    testing::Values(Misread{"length_alone", "wp-http-length-alone", kBoth,
                            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
                    Misread{"encoding_alone", "wp-http-encoding-alone", kBoth,
                            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
                    Misread{"first_length", "wp-http-first-length", kTwo,
                            "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nxy"},
                    Misread{"last_length", "wp-http-last-length", kTwo,
                            "POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nxy"},
                    Misread{"folded", "wp-http-goes-on",
                            "GET / HTTP/1.1\r\nhost:\r\n x\r\nconnection:\r\n close\r\n\r\n",
                            "GET / HTTP/1.1\r\nhost:x\r\n\r\n"},
                    Misread{"bare_line_feeds", "wp-http-goes-on",
                            "GET / HTTP/1.1\nhost: x\nconnection: close\n\nGET / HTTP/1.1\r\n\r\n",
                            "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n"},
                    Misread{
                        "extension", "wp-http-goes-on",
                        "PUT / HTTP/1.1\r\nconnection: close\r\n\r\n1;a=b\r\nx\r\n0;a=b\r\n\r\n",
                        "PUT / HTTP/1.1\r\n\r\n1\r\nx\r\n0\r\n\r\n"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(MisreadUnder, IsNothingWithoutAFaultOfThatServer) {
  EXPECT_FALSE(misread_under(FaultSet(), kPartnerMisreads));
  EXPECT_FALSE(misread_under(*fault_set({"wg-http-goes-on"}), kPartnerMisreads));
}

}  // namespace
}  // namespace parley::reference::whatsapp
