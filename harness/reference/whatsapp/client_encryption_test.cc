// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client of profile `whatsapp` where its messages are encrypted, without faults,
// against a peer who writes to it by our own sessions.
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/reference/whatsapp/client_correspondent.h"

namespace parley::reference::whatsapp {
namespace {

std::string received(const std::string& id, const std::string& text) {
  return R"([received {"from":"13-5@interop","id":")" + id + R"(","text":")" + text + "\"";
}

std::string acknowledged(const std::string& id) {
  return "<ack class='message' id='" + id + "' to='13-5@interop'/>";
}

TEST(WhatsAppClientEncryption, UploadsItsPrekeysOnceAndReadsTheFirstMessage) {
  const std::string log = converse({.opening =
                                        [](Correspondent& peer) {
                                          peer.begin();
                                          peer.tell_text("m1", "one");
                                          peer.tell_text("m2", "two");
                                          peer.fence();
                                        },
                                    .connections = 2},
                                   {});
  EXPECT_TRUE(shows(log, "[upload of 16 from 000001 registration 4]")) << log;
  EXPECT_EQ(log.find("[upload", log.find("[upload") + 1), std::string::npos) << log;
  EXPECT_TRUE(shows(log, received("m1", "one"))) << log;
  EXPECT_TRUE(shows(log, received("m2", "two"))) << log;
  EXPECT_TRUE(shows(log, acknowledged("m1") + "<receipt id='m1' to='13-5@interop'/>")) << log;
  EXPECT_TRUE(shows(log, kFenceAnswer)) << log;
}

TEST(WhatsAppClientEncryption, AnswersWithMsgAndTurnsItsRatchet) {
  const std::string log = converse({.opening =
                                        [](Correspondent& peer) {
                                          peer.begin();
                                          peer.tell_text("m1", "one?");
                                        },
                                    .on_message =
                                        [](Correspondent& peer, const std::string&) {
                                          if (peer.messages() < 3) {
                                            peer.tell_text("m2", "two?");
                                          }
                                        },
                                    .fence_after = 2},
                                   {});
  EXPECT_TRUE(shows(log, "[s1 msg 1/0 answer]")) << log;
  EXPECT_TRUE(shows(log, "[s2 msg 2/0 answer]")) << log;
}

TEST(WhatsAppClientEncryption, FetchesABundleOnceAndBeginsWithPkmsg) {
  const std::string log = converse({.sends = {"one", "two"}, .fence_after = 2}, {});
  EXPECT_TRUE(shows(log, "[fetch]")) << log;
  EXPECT_EQ(log.find("[fetch]", log.find("[fetch]") + 1), std::string::npos) << log;
  EXPECT_TRUE(shows(log, "[s1 pkmsg 1/0 one]")) << log;
  EXPECT_TRUE(shows(log, "[s2 pkmsg 1/1 two]")) << log;
}

TEST(WhatsAppClientEncryption, SendsMsgOnceThePeerHasAnswered) {
  const std::string log = converse({.on_message =
                                        [](Correspondent& peer, const std::string& id) {
                                          if (id == "s1") {
                                            peer.tell_text("m1", "heard?");
                                          }
                                        },
                                    .sends = {"one"},
                                    .fence_after = 2},
                                   {});
  EXPECT_TRUE(shows(log, "[s1 pkmsg 1/0 one]")) << log;
  EXPECT_TRUE(shows(log, "[s2 msg 2/0 answer]")) << log;
}

TEST(WhatsAppClientEncryption, SendsNothingWithABundleThatItRefuses) {
  const std::string log =
      converse({.bend_bundle =
                    [](xml::Element& user) {
                      user.child("skey")->child("signature")->set_text(Bytes(64, '\0'));
                    },
                .sends = {"one"}},
               {});
  EXPECT_TRUE(shows(log, R"([answered {"condition":"signature","from":"13-5@interop","id":"s1",)"))
      << log;
  EXPECT_FALSE(shows(log, "<message")) << log;
}

TEST(WhatsAppClientEncryption, SaysWhyThereIsNoBundle) {
  const std::string log = converse({.bend_bundle =
                                        [](xml::Element& user) {
                                          user.children.clear();
                                          xml::Element error = stanza_element("error");
                                          error.set("code", "404");
                                          user.children.emplace_back(error);
                                        },
                                    .sends = {"one"}},
                                   {});
  EXPECT_TRUE(shows(log, R"([answered {"condition":"404","from":"13-5@interop","id":"s1",)"))
      << log;
}

TEST(WhatsAppClientEncryption, AsksForWhatItCannotReadAndReadsWhatIsHonest) {
  const std::string log = converse(
      {.opening =
           [](Correspondent& peer) {
             peer.begin();
             peer.tell_text("m1", "one?");
           },
       .on_message = [](Correspondent& peer, const std::string&) { peer.forge("mac-zeros"); }},
      {});
  EXPECT_TRUE(shows(log,
                    "<receipt id='forged' to='13-5@interop' type='retry'><retry count='1' "
                    "id='forged' t='1700000000' v='1'/><registration>"))
      << log;
  EXPECT_FALSE(shows(log, "<keys>")) << log;
  EXPECT_TRUE(shows(log, acknowledged("forged"))) << log;
  EXPECT_FALSE(shows(log, received("forged", ""))) << log;
  EXPECT_TRUE(shows(log, received("next", "next"))) << log;
}

TEST(WhatsAppClientEncryption, AsksFiveTimesWithItsKeysFromTheSecondOn) {
  const std::string log = converse({.opening =
                                        [](Correspondent& peer) {
                                          for (int i = 0; i < 8; ++i) {
                                            peer.deliver("m1", "msg", "3" + Bytes(60, 'x'));
                                          }
                                          peer.fence();
                                        }},
                                   {});
  for (const std::string count : {"1", "2", "3", "4", "5"}) {
    EXPECT_TRUE(shows(log, "<retry count='" + count + "'")) << log;
  }
  EXPECT_FALSE(shows(log, "<retry count='6'")) << log;
  EXPECT_LT(log.find("<retry count='2'"), log.find("<keys><type>")) << log;
}

TEST(WhatsAppClientEncryption, AcknowledgesWhatItHasReadBefore) {
  const std::string log = converse({.opening =
                                        [](Correspondent& peer) {
                                          peer.begin();
                                          const auto message = peer.seal(padded_text("one"));
                                          peer.tell("m1", message);
                                          peer.tell("m1", message);
                                          peer.tell("m9", message);
                                          peer.fence();
                                        }},
                                   {});
  EXPECT_EQ(log.find("[received", log.find("[received") + 1), std::string::npos) << log;
  EXPECT_TRUE(shows(log, acknowledged("m9"))) << log;
  EXPECT_FALSE(shows(log, "<receipt id='m9'")) << log;
  EXPECT_FALSE(shows(log, "type='retry'")) << log;
}

TEST(WhatsAppClientEncryption, RefusesContentThatIsNone) {
  const std::string log = converse({.opening =
                                        [](Correspondent& peer) {
                                          peer.begin();
                                          peer.tell("m1", peer.seal(Bytes("\x0A\x7Fhalf\x01")));
                                          peer.tell("m2", peer.seal(Bytes("\x0A\x01x\x10", 4)));
                                          peer.tell("m3", peer.seal(Bytes("\x01", 1)));
                                          peer.fence();
                                        }},
                                   {});
  for (const std::string id : {"m1", "m2", "m3"}) {
    EXPECT_TRUE(shows(log, "<ack class='message' id='" + id + "' to='13-5@interop' error='491'/>"))
        << log;
  }
  EXPECT_FALSE(shows(log, "[received")) << log;
}

TEST(WhatsAppClientEncryption, SendsAgainUnderANewKeyAndFiveTimesAtMost) {
  const std::string log = converse(
      {.on_message = [](Correspondent& peer, const std::string&) { peer.ask_again("s1", 1); },
       .sends = {"one"},
       .fence_after = 9},
      {});
  EXPECT_TRUE(shows(log, "[s1 pkmsg 1/0 one]")) << log;
  EXPECT_TRUE(shows(log, "[s1 pkmsg 1/5 one]")) << log;
  EXPECT_FALSE(shows(log, "[s1 pkmsg 1/6 one]")) << log;
}

TEST(WhatsAppClientEncryption, BeginsAnewWithWhoAsksTwiceAndIgnoresStrangers) {
  const std::string log = converse({.on_message =
                                        [](Correspondent& peer, const std::string&) {
                                          if (peer.messages() == 1) {
                                            peer.ask_again("s1", 1, kStranger);
                                            peer.ask_again("s1", 2);
                                          }
                                        },
                                    .sends = {"one"},
                                    .fence_after = 2},
                                   {});
  EXPECT_TRUE(shows(log, "[s1 pkmsg 1/0 one]")) << log;
  EXPECT_TRUE(shows(log, "[s1 pkmsg 2/0 one]")) << log;
  EXPECT_FALSE(shows(log, "to='" + kStranger + "' type='text'")) << log;
}

TEST(WhatsAppClientEncryption, UploadsMoreUnderOtherIdsWhenFewAreLeft) {
  const std::string log =
      converse({.opening =
                    [](Correspondent& peer) {
                      peer.say(
                          "<notification id='n1' from='s.whatsapp.net' type='encrypt'>"
                          "<count value='4'/></notification>");
                      peer.fence();
                    }},
               {});
  EXPECT_TRUE(shows(log, "[upload of 16 from 000011")) << log;
}

TEST(WhatsAppClientEncryption, KeepsItsSessionsFromOneConnectionToTheNext) {
  const std::string log = converse({.sends = {"one"}, .fence_after = 1, .connections = 2}, {});
  EXPECT_TRUE(shows(log, "[s1 pkmsg 1/0 one]")) << log;
  EXPECT_TRUE(shows(log, "[s2 pkmsg 1/1 one]")) << log;
}

}  // namespace
}  // namespace parley::reference::whatsapp
