// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/handshake_tree.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley::engine {
namespace {

namespace noise = crypto::noise;

xml::Element tree(const std::string& text) { return xml::parse(text).value_or(xml::Element{}); }

// Each message in the tree that stands for it: the one is made of the other.
class HandshakeTree : public testing::TestWithParam<std::pair<const char*, std::string>> {};

TEST_P(HandshakeTree, SaysAllThatTheMessageHolds) {
  const auto message = message_of(tree(GetParam().second));
  ASSERT_TRUE(message) << message.error();
  EXPECT_EQ(xml::print(tree_of(*message)), GetParam().second);
  const auto octets = noise::parse_handshake_message(noise::write(*message));
  ASSERT_TRUE(octets) << octets.error();
  EXPECT_EQ(*octets, *message);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, HandshakeTree,
    testing::Values(
        std::pair("EmptyClientHello", "<client-hello/>"),
        std::pair("ClientHello",
                  "<client-hello ephemeral='00ff' static='01' payload='' use-extended='true' "
                  "pq-mode='18446744073709551615' extended-ephemeral='02'/>"),
        std::pair("ClientHelloWithUnknown",
                  "<client-hello ephemeral='00'><field number='99' varint='7'/>"
                  "<field number='536870911' octets=''/></client-hello>"),
        std::pair("ServerHello", "<server-hello ephemeral='01' static='02' payload='03'/>"),
        std::pair("ClientFinish", "<client-finish static='02' payload='03'/>"),
        std::pair("NoneOfThem",
                  "<handshake-message><field number='1' octets='0a'/></handshake-message>")),
    [](const auto& row) { return row.param.first; });

TEST(HandshakeTrees, ShowsTheFirstOfSeveralMessagesInOne) {
  noise::HandshakeMessage both;
  both.client_hello = noise::ClientHello{};
  both.server_hello = noise::ServerHello{};
  EXPECT_EQ(tree_of(both).name, "client-hello");
}

class PayloadTree : public testing::TestWithParam<std::pair<const char*, std::string>> {};

TEST_P(PayloadTree, SaysAllThatThePayloadHolds) {
  const auto payload = payload_of(tree(GetParam().second));
  ASSERT_TRUE(payload) << payload.error();
  EXPECT_EQ(xml::print(tree_of(*payload)), GetParam().second);
  EXPECT_EQ(wire::parse_client_payload(wire::write(*payload)), *payload);
}

INSTANTIATE_TEST_SUITE_P(
    Payloads, PayloadTree,
    testing::Values(
        std::pair("Empty", "<payload/>"),
        std::pair("All",
                  "<payload username='1' passive='false' user-agent='hex:0801' push-name='Me' "
                  "connect-type='1' connect-reason='2' device='3' product='2' fb-cat='abc'/>"),
        std::pair("InteropData",
                  "<payload product='2'><interop-data account-id='7' token='hex:00ff' "
                  "read-receipts='true'/></payload>"),
        std::pair("TextThatLooksLikeHex", "<payload push-name='hex:6865783a3030'/>"),
        std::pair("Unknown",
                  "<payload><interop-data><field number='9' octets='00'/></interop-data>"
                  "<field number='40' varint='0'/></payload>")),
    [](const auto& row) { return row.param.first; });

struct BadTree {
  const char* name;
  std::string tree;
  std::string detail;
};
class TreeRefused : public testing::TestWithParam<BadTree> {};

TEST_P(TreeRefused, NamingAttributeAndElement) {
  const auto element = tree(GetParam().tree);
  const auto detail = element.name == "payload" ? payload_of(element).error().detail
                                                : message_of(element).error().detail;
  EXPECT_EQ(detail, GetParam().detail);
}

INSTANTIATE_TEST_SUITE_P(
    Trees, TreeRefused,
    testing::Values(
        BadTree{"Name", "<hello/>", "<hello/> is no handshake message"},
        BadTree{"Hex", "<server-hello static='0'/>", "'static' of <server-hello/> is not hex"},
        BadTree{"Number", "<client-hello pq-mode='-1'/>",
                "'pq-mode' of <client-hello/> is no number: -1"},
        BadTree{"NumberTooLarge", "<client-hello pq-mode='18446744073709551616'/>",
                "'pq-mode' of <client-hello/> is no number: 18446744073709551616"},
        BadTree{"Field", "<client-finish><field number='x'/></client-finish>",
                "'number' of <field/> is no number: x"},
        BadTree{"PayloadHex", "<payload fb-cat='hex:zz'/>", "'fb-cat' of <payload/> is not hex"},
        BadTree{"Inner", "<payload><interop-data account-id=''/></payload>",
                "'account-id' of <interop-data/> is no number: "}),
    [](const auto& row) { return row.param.name; });

TEST(HandshakeTrees, KnowsItsMessagesByName) {
  for (const char* name : {"client-hello", "server-hello", "client-finish", "handshake-message"}) {
    EXPECT_TRUE(is_handshake_message(name)) << name;
  }
  EXPECT_FALSE(is_handshake_message("payload"));
}

TEST(ChainKind, IsKnownByItsNameElseTheNearestIsNamed) {
  EXPECT_EQ(chain_kind("valid"), noise::ChainKind::valid);
  EXPECT_EQ(chain_kind("leaf-missing"), noise::ChainKind::leaf_missing);
  const auto wrong = chain_kind("leaf-mising");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::not_found);
  EXPECT_NE(wrong.error().detail.find("leaf-missing"), std::string::npos) << wrong.error();
}

}  // namespace
}  // namespace parley::engine
