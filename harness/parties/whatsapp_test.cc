// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/parties/whatsapp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/parties/registry.h"
#include "harness/wire/binary_reader.h"

namespace parley::parties {
namespace {

using engine::PeerView;
using model::Party;

PeerView view_of(Party plays) {
  return {.plays = plays, .domain = "", .bare = "12-7@interop", .jid = "12-7@interop"};
}

xml::Element tree(const std::string& text) {
  const auto parsed = xml::parse(text);
  return wire::plain_namespaces(*parsed).value();
}

std::string printed(const std::vector<xml::Element>& elements) {
  std::string out;
  for (const auto& one : elements) {
    out += xml::print_pretty(one);
  }
  return out;
}

struct Manner {
  const char* name;
  Party plays;
  std::string stanza;
  std::string answer;  // empty: none
};
std::ostream& operator<<(std::ostream& out, const Manner& row) { return out << row.name; }

class WhatsAppManners : public testing::TestWithParam<Manner> {};

TEST_P(WhatsAppManners, AnswerAsAConformingPeer) {
  const auto answers =
      manners_for("whatsapp").respond(tree(GetParam().stanza), view_of(GetParam().plays));
  EXPECT_EQ(printed(answers), GetParam().answer.empty() ? "" : printed({tree(GetParam().answer)}));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, WhatsAppManners,
    testing::Values(Manner{"a server's keepalive", Party::third_party_client,
                           "<iq id='1' type='get' xmlns='w:p' from='s.whatsapp.net'/>",
                           "<iq id='1' to='s.whatsapp.net' type='result'/>"},
                    Manner{"a client's keepalive", Party::gatekeeper_server,
                           "<iq id='1' type='get' xmlns='w:p' to='s.whatsapp.net'/>",
                           "<iq id='1' from='s.whatsapp.net' type='result'/>"},
                    Manner{"an unknown request", Party::gatekeeper_client,
                           "<iq id='1' type='set' xmlns='x' from='s.whatsapp.net'/>",
                           "<iq id='1' to='s.whatsapp.net' type='error'><error code='501' "
                           "text='feature-not-implemented'/></iq>"},
                    Manner{"a result", Party::third_party_client, "<iq id='1' type='result'/>", ""},
                    Manner{"a message", Party::third_party_client,
                           "<message id='1' from='7@s.whatsapp.net' type='text'/>",
                           "<ack class='message' id='1' to='7@s.whatsapp.net'/>"},
                    Manner{"a notification", Party::third_party_client,
                           "<notification id='1' from='s.whatsapp.net' type='encrypt'/>",
                           "<ack class='notification' id='1' to='s.whatsapp.net' type='encrypt'/>"},
                    Manner{"a client's receipt", Party::gatekeeper_server,
                           "<receipt id='1' to='7@s.whatsapp.net'/>",
                           "<ack class='receipt' id='1' from='7@s.whatsapp.net'/>"},
                    Manner{"a message without id", Party::third_party_client, "<message from='x'/>",
                           ""},
                    Manner{"an acknowledgement", Party::third_party_client,
                           "<ack class='message' id='1'/>", ""}));

TEST(WhatsAppManners, KeepAndHandOutKeysWhereContentIsSealed) {
  auto view = view_of(Party::gatekeeper_server);
  const auto upload =
      tree("<iq id='1' type='set' xmlns='encrypt' to='s.whatsapp.net'><list/></iq>");
  const auto count = tree("<iq id='2' type='get' xmlns='encrypt'><count/></iq>");
  const auto fetch =
      tree("<iq id='3' type='get' xmlns='encrypt'><key><user jid='a'/><user jid='b'/></key></iq>");
  const auto answer = [&](const xml::Element& asked) {
    return printed(manners_for("whatsapp").respond(asked, view));
  };
  EXPECT_NE(answer(upload).find("501"), std::string::npos);
  view.keys_left = 7;
  view.keys_of = [](const std::string& jid) {
    xml::Element out{.ns = "", .name = "user", .attributes = {}, .children = {}};
    out.set("jid", jid);
    return out;
  };
  EXPECT_EQ(answer(upload), printed({tree("<iq id='1' from='s.whatsapp.net' type='result'/>")}));
  EXPECT_EQ(answer(count), printed({tree("<iq id='2' type='result'><count value='7'/></iq>")}));
  EXPECT_EQ(answer(fetch), printed({tree("<iq id='3' type='result'><list><user jid='a'/>"
                                         "<user jid='b'/></list></iq>")}));
  EXPECT_NE(answer(tree("<iq id='4' type='get' xmlns='encrypt'><digest/></iq>")).find("501"),
            std::string::npos);
}

TEST(WhatsAppManners, SettleWhatWasNotAcknowledged) {
  const auto settle = manners_for("whatsapp").settle;
  const auto view = view_of(Party::gatekeeper_client);
  const auto came = tree("<message id='1' from='12-9@interop'/>");
  EXPECT_EQ(printed(settle(came, {}, view)),
            printed({tree("<ack class='message' id='1' to='12-9@interop'/>")}));
  const auto other = tree("<ack class='receipt' id='1'/>");
  EXPECT_NE(printed(settle(came, {&other}, view)), "");
  const auto nack = tree("<ack class='message' id='1' error='487'/>");
  EXPECT_EQ(printed(settle(came, {&nack}, view)), "");
  EXPECT_EQ(printed(settle(came, {}, view_of(Party::gatekeeper_server))), "");
  EXPECT_EQ(printed(settle(tree("<presence from='12-9@interop'/>"), {}, view)), "");
}

TEST(WhatsAppManners, AreThoseOfMessengerToo) {
  const auto ping = tree("<iq id='1' type='get' xmlns='w:p' from='s.whatsapp.net'/>");
  const auto manners = manners_for("messenger");
  EXPECT_EQ(printed(manners.respond(ping, view_of(Party::third_party_client))),
            printed({tree("<iq id='1' to='s.whatsapp.net' type='result'/>")}));
  const auto came = tree("<message id='1' from='9@msgr'/>");
  EXPECT_EQ(printed(manners.settle(came, {}, view_of(Party::third_party_client))),
            printed({tree("<ack class='message' id='1' to='9@msgr'/>")}));
}

}  // namespace
}  // namespace parley::parties
