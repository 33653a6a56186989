// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/parties/xmpp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/parties/registry.h"

namespace parley::parties {
namespace {

using engine::PeerView;
using model::Party;

constexpr std::string_view kNs = "jabber:client";

PeerView view_of(Party plays) {
  return {.plays = plays,
          .domain = "example.test",
          .bare = "romeo@example.test",
          .jid = "romeo@example.test/r1"};
}

struct Manner {
  const char* name;
  Party plays;
  std::string stanza;
  std::string answer;  // empty: none
};
std::ostream& operator<<(std::ostream& out, const Manner& row) { return out << row.name; }

class XmppManners : public testing::TestWithParam<Manner> {};

TEST_P(XmppManners, AnswerAsAConformingPeer) {
  const auto stanza = xml::parse(GetParam().stanza, kNs);
  ASSERT_TRUE(stanza) << stanza.error();
  const auto answers = xmpp_manners().respond(*stanza, view_of(GetParam().plays));
  std::string printed;
  for (const auto& answer : answers) {
    printed += xml::print_pretty(answer, kNs);
  }
  std::string wanted;
  if (!GetParam().answer.empty()) {
    const auto parsed = xml::parse(GetParam().answer, kNs);
    ASSERT_TRUE(parsed) << parsed.error();
    wanted = xml::print_pretty(*parsed, kNs);
  }
  EXPECT_EQ(printed, wanted);
}

const std::string kDisco = "http://jabber.org/protocol/disco";
const std::string kUnavailable =
    "<error type='cancel'><service-unavailable "
    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
const std::string kBadRequest =
    "<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

INSTANTIATE_TEST_SUITE_P(
    Client, XmppManners,
    testing::Values(
        Manner{"Ping", Party::third_party_client,
               "<iq type='get' id='1' from='example.test'><ping xmlns='urn:xmpp:ping'/></iq>",
               "<iq type='result' id='1' to='example.test'/>"},
        Manner{
            "PingToItsJid", Party::gatekeeper_client,
            "<iq type='get' id='1' to='romeo@example.test/r1'><ping xmlns='urn:xmpp:ping'/></iq>",
            "<iq type='result' id='1' from='romeo@example.test/r1'/>"},
        Manner{"PingAsSet", Party::third_party_client,
               "<iq type='set' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
               "<iq type='error' id='1'>" + kUnavailable + "</iq>"},
        Manner{"RosterPush", Party::third_party_client,
               "<iq type='set' id='2'><query xmlns='jabber:iq:roster'/></iq>",
               "<iq type='result' id='2'/>"},
        Manner{"RosterPushFromOwnBareJid", Party::third_party_client,
               "<iq type='set' id='2' from='romeo@example.test'><query "
               "xmlns='jabber:iq:roster'/></iq>",
               "<iq type='result' id='2' to='romeo@example.test'/>"},
        Manner{"RosterPushFromAStranger", Party::third_party_client,
               "<iq type='set' id='2' from='mallory@example.test'><query "
               "xmlns='jabber:iq:roster'/></iq>",
               "<iq type='error' id='2' to='mallory@example.test'>" + kUnavailable + "</iq>"},
        Manner{"DiscoInfo", Party::third_party_client,
               "<iq type='get' id='3' from='a@example.test/x'><query xmlns='" + kDisco +
                   "#info'/></iq>",
               "<iq type='result' id='3' to='a@example.test/x'><query xmlns='" + kDisco +
                   "#info'><identity category='client' type='pc'/><feature var='" + kDisco +
                   "#info'/><feature var='urn:xmpp:ping'/></query></iq>"},
        Manner{"UnknownRequest", Party::third_party_client,
               "<iq type='get' id='4'><vCard xmlns='vcard-temp'/></iq>",
               "<iq type='error' id='4'>" + kUnavailable + "</iq>"},
        Manner{"RequestWithoutPayload", Party::third_party_client, "<iq type='get' id='5'/>",
               "<iq type='error' id='5'>" + kBadRequest + "</iq>"},
        Manner{"Result", Party::third_party_client, "<iq type='result' id='6'/>", ""},
        Manner{"Error", Party::third_party_client, "<iq type='error' id='6'/>", ""},
        Manner{"Message", Party::third_party_client, "<message><body>x</body></message>", ""},
        Manner{"Presence", Party::third_party_client, "<presence from='a@example.test/x'/>", ""},
        Manner{"OtherNamespace", Party::third_party_client,
               "<iq xmlns='jabber:server' type='get' id='7'/>", ""}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Server, XmppManners,
    testing::Values(
        Manner{"RosterGet", Party::gatekeeper_server,
               "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
               "<iq type='result' id='1' to='romeo@example.test/r1'><query "
               "xmlns='jabber:iq:roster'/></iq>"},
        Manner{
            "RosterSet", Party::gatekeeper_server,
            "<iq type='set' id='1' to='romeo@example.test'><query xmlns='jabber:iq:roster'><item "
            "jid='a@example.test'/></query></iq>",
            "<iq type='result' id='1' to='romeo@example.test/r1' from='romeo@example.test'/>"},
        Manner{"Session", Party::gatekeeper_server,
               "<iq type='set' id='2'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
               "<iq type='result' id='2' to='romeo@example.test/r1'/>"},
        Manner{"PingToDomain", Party::gatekeeper_server,
               "<iq type='get' id='3' to='example.test'><ping xmlns='urn:xmpp:ping'/></iq>",
               "<iq type='result' id='3' to='romeo@example.test/r1' from='example.test'/>"},
        Manner{"PingToSomebody", Party::gatekeeper_server,
               "<iq type='get' id='3' to='a@example.test/x'><ping xmlns='urn:xmpp:ping'/></iq>",
               "<iq type='error' id='3' to='romeo@example.test/r1' "
               "from='a@example.test/x'>" +
                   kUnavailable + "</iq>"},
        Manner{"DiscoInfo", Party::gatekeeper_server,
               "<iq type='get' id='4' to='example.test'><query xmlns='" + kDisco + "#info'/></iq>",
               "<iq type='result' id='4' to='romeo@example.test/r1' from='example.test'><query "
               "xmlns='" +
                   kDisco + "#info'><identity category='server' type='im'/><feature var='" +
                   kDisco + "#info'/><feature var='urn:xmpp:ping'/></query></iq>"},
        Manner{"DiscoItems", Party::gatekeeper_server,
               "<iq type='get' id='4'><query xmlns='" + kDisco + "#items'/></iq>",
               "<iq type='result' id='4' to='romeo@example.test/r1'><query xmlns='" + kDisco +
                   "#items'/></iq>"},
        Manner{"UnknownRequest", Party::gatekeeper_server,
               "<iq type='set' id='5'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
               "<iq type='error' id='5' to='romeo@example.test/r1'>" + kUnavailable + "</iq>"},
        Manner{"RequestWithTwoPayloads", Party::gatekeeper_server,
               "<iq type='get' id='5'><a xmlns='x'/><b xmlns='x'/></iq>",
               "<iq type='error' id='5' to='romeo@example.test/r1'>" + kBadRequest + "</iq>"},
        Manner{"Result", Party::gatekeeper_server, "<iq type='result' id='6'/>", ""},
        Manner{"InitialPresence", Party::gatekeeper_server,
               "<presence><priority>1</priority></presence>",
               "<presence from='romeo@example.test/r1' "
               "to='romeo@example.test/r1'><priority>1</priority></presence>"},
        Manner{"UnavailablePresence", Party::gatekeeper_server, "<presence type='unavailable'/>",
               ""},
        Manner{"DirectedPresence", Party::gatekeeper_server, "<presence to='a@example.test'/>", ""},
        Manner{"MessageToItself", Party::gatekeeper_server,
               "<message to='romeo@example.test' type='chat'><body>x</body></message>",
               "<message to='romeo@example.test' type='chat' "
               "from='romeo@example.test/r1'><body>x</body></message>"},
        Manner{"MessageWithoutReceiver", Party::gatekeeper_server,
               "<message><body>x</body></message>",
               "<message from='romeo@example.test/r1' "
               "to='romeo@example.test'><body>x</body></message>"},
        Manner{"AuthWithoutInitialResponse", Party::gatekeeper_server,
               "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>",
               "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"},
        Manner{"AuthWithInitialResponse", Party::gatekeeper_server,
               "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>=</auth>", ""},
        Manner{"MessageToSomebody", Party::gatekeeper_server,
               "<message to='a@example.test'><body>x</body></message>", ""}),
    [](const auto& row) { return std::string(row.param.name); });

// A server that keeps the nodes of its users.
std::string asked_of_pep(const std::string& stanza) {
  auto view = view_of(Party::gatekeeper_server);
  view.contacts = {"juliet@example.test"};
  view.item_of = [](const std::string& jid,
                    const std::string& node) -> std::optional<xml::Element> {
    const auto item = xml::parse("<item id='current'/>", "http://jabber.org/protocol/pubsub");
    return jid == "juliet@example.test" && node == "n" ? std::optional(*item) : std::nullopt;
  };
  std::string out;
  for (const auto& answer : xmpp_manners().respond(*xml::parse(stanza, kNs), view)) {
    out += xml::print(answer, kNs);
  }
  return out;
}

TEST(XmppResponder, HandsOutWhatNodesHold) {
  const auto get = [](const std::string& to, const std::string& node) {
    return asked_of_pep("<iq type='get' id='1' to='" + to +
                        "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" + node +
                        "'/></pubsub></iq>");
  };
  EXPECT_NE(get("juliet@example.test", "n").find("<item id='current'/>"), std::string::npos);
  const auto none = get("juliet@example.test", "m");
  EXPECT_NE(none.find("item-not-found"), std::string::npos) << none;
  EXPECT_NE(none.find("code='404'"), std::string::npos) << none;
}

TEST(XmppResponder, TakesWhatIsPublishedAndSaysThatItDoes) {
  const auto published = asked_of_pep(
      "<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'>"
      "<item/></publish></pubsub></iq>");
  EXPECT_NE(published.find("type='result'"), std::string::npos) << published;
  const auto info = asked_of_pep(
      "<iq type='get' id='1' to='example.test'><query "
      "xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  EXPECT_NE(info.find("pubsub#publish-options"), std::string::npos) << info;
  EXPECT_NE(info.find("type='pep'"), std::string::npos) << info;
  const auto roster = asked_of_pep("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>");
  EXPECT_NE(roster.find("juliet@example.test"), std::string::npos) << roster;
}

TEST(XmppResponder, HasAnUploadServiceWhereTheRunHasOne) {
  auto view = view_of(Party::gatekeeper_server);
  view.upload = "upload.example.test";
  const auto asked = [&](const std::string& to, const std::string& query) {
    const auto iq = xml::parse("<iq type='get' id='1' to='" + to + "'>" + query + "</iq>", kNs);
    return xml::print(xmpp_manners().respond(*iq, view).front(), kNs);
  };
  EXPECT_NE(asked("example.test", "<query xmlns='" + kDisco + "#items'/>")
                .find("<item jid='upload.example.test'/>"),
            std::string::npos);
  const auto info = asked("upload.example.test", "<query xmlns='" + kDisco + "#info'/>");
  EXPECT_NE(info.find("<feature var='urn:xmpp:http:upload:0'/>"), std::string::npos) << info;
  EXPECT_NE(info.find("max-file-size"), std::string::npos) << info;
  EXPECT_NE(asked("upload.example.test",
                  "<request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/>")
                .find("service-unavailable"),
            std::string::npos);
}

TEST(XmppResponder, AnswersNothingForPartiesItDoesNotPlay) {
  const auto ping = xml::parse("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", kNs);
  ASSERT_TRUE(ping);
  EXPECT_TRUE(xmpp_manners().respond(*ping, view_of(Party::intermediary)).empty());
}

TEST(ResponderFor, KnowsXmppAndAnswersNothingForAnUnknownProfile) {
  const auto ping = xml::parse("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", kNs);
  ASSERT_TRUE(ping);
  const auto view = view_of(Party::third_party_client);
  EXPECT_EQ(manners_for("xmpp").respond(*ping, view).size(), 1u);
  EXPECT_TRUE(manners_for("unknown").respond(*ping, view).empty());
}

}  // namespace
}  // namespace parley::parties
