// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/relay_ledger.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "harness/engine/relayed_pair.h"

namespace parley::engine {
namespace {

struct BentMessage {
  const char* name;
  std::function<void(xml::Element&)> bend;
  std::string monitor;
};
std::ostream& operator<<(std::ostream& out, const BentMessage& row) { return out << row.name; }

struct Relayed {
  Breaches breaches;
  RelayLedger ledger{breaches};

  static xml::Element message(const std::string& sealed = "octets") {
    auto out = element_of(
        "<message id='m' to='12-491@interop' type='text'><enc v='2' type='msg' count='1'/>"
        "</message>");
    out.child("enc")->set_text(sealed);
    return out;
  }
  void sends(const xml::Element& stanza) { ledger.note_sent("bob", kNative, stanza); }
  void comes(xml::Element stanza) {
    stanza.erase("to");
    stanza.set("from", kNative);
    ledger.note_came("alice", stanza);
  }
  void acks() {
    ledger.note_sent("alice", kThirdParty,
                     element_of("<ack class='message' id='m' to='492@s.whatsapp.net'/>"));
  }
  void logs_in() { ledger.note_came("alice", element_of("<success/>")); }
  std::string noted() const { return breaches.all().empty() ? "" : breaches.all()[0].monitor; }
};

class NotesMessage : public testing::TestWithParam<BentMessage> {};

TEST_P(NotesMessage, AsItIsDelivered) {
  Relayed relayed;
  relayed.sends(Relayed::message());
  auto message = Relayed::message();
  GetParam().bend(message);
  relayed.comes(message);
  EXPECT_EQ(relayed.noted(), GetParam().monitor);
}

xml::Element& enc(xml::Element& message) { return *message.child("enc"); }

INSTANTIATE_TEST_SUITE_P(
    RelayLedger, NotesMessage,
    testing::Values(
        BentMessage{"whole", [](xml::Element&) {}, ""},
        BentMessage{"with_more_beside",
                    [](xml::Element& one) {
                      one.set("t", "1");
                      enc(one).set("x", "1");
                    },
                    ""},
        BentMessage{"cut", [](xml::Element& one) { enc(one).set_text("octet"); }, "sealed-relayed"},
        BentMessage{"longer", [](xml::Element& one) { enc(one).set_text("octets."); },
                    "sealed-relayed"},
        BentMessage{"without_enc", [](xml::Element& one) { one.children.clear(); },
                    "sealed-relayed"},
        BentMessage{"with_two", [](xml::Element& one) { one.children.emplace_back(enc(one)); },
                    "sealed-relayed"},
        BentMessage{"without_version", [](xml::Element& one) { enc(one).erase("v"); }, "enc-kept"},
        BentMessage{"other_type", [](xml::Element& one) { enc(one).set("type", "pkmsg"); },
                    "enc-kept"},
        BentMessage{"without_count", [](xml::Element& one) { enc(one).erase("count"); },
                    "enc-kept"},
        BentMessage{"without_its_type", [](xml::Element& one) { one.erase("type"); }, "enc-kept"},
        BentMessage{"under_another_id",
                    [](xml::Element& one) {
                      one.set("id", "n");
                      enc(one).set_text("other");
                    },
                    ""}),
    [](const auto& row) { return row.param.name; });

TEST(RelayLedger, NotesAMessageThatComesTwiceOnOneConnection) {
  Relayed relayed;
  relayed.sends(Relayed::message());
  relayed.comes(Relayed::message());
  relayed.comes(Relayed::message());
  EXPECT_EQ(relayed.noted(), "sealed-once");
}

TEST(RelayLedger, TakesAMessageAgainAtTheNextLogin) {
  Relayed relayed;
  relayed.sends(Relayed::message());
  relayed.logs_in();
  relayed.comes(Relayed::message());
  relayed.logs_in();
  relayed.comes(Relayed::message());
  EXPECT_EQ(relayed.noted(), "");
}

TEST(RelayLedger, NotesAMessageThatComesAgainOnceItIsAcknowledged) {
  Relayed relayed;
  relayed.sends(Relayed::message());
  relayed.comes(Relayed::message());
  relayed.acks();
  relayed.logs_in();
  relayed.comes(Relayed::message());
  EXPECT_EQ(relayed.noted(), "sealed-once");
}

TEST(RelayLedger, TakesAMessageThatWasSealedAnewUnderItsId) {
  Relayed relayed;
  relayed.sends(Relayed::message());
  relayed.comes(Relayed::message());
  relayed.acks();
  relayed.sends(Relayed::message("anew"));
  relayed.comes(Relayed::message("anew"));
  EXPECT_EQ(relayed.noted(), "");
}

xml::Element retry() {
  return element_of(
      "<receipt id='m' type='retry'><retry count='2'/><registration>1234</registration>"
      "<keys><type>5</type></keys></receipt>");
}

TEST(RelayLedger, TakesARequestForAMessageWithAllThatItSays) {
  Relayed relayed;
  relayed.sends(retry());
  relayed.comes(retry());
  EXPECT_EQ(relayed.noted(), "");
}

TEST(RelayLedger, NotesARequestForAMessageThatHasLostItsKeys) {
  Relayed relayed;
  relayed.sends(retry());
  auto stripped = retry();
  stripped.children.pop_back();
  relayed.comes(stripped);
  EXPECT_EQ(relayed.noted(), "retries-relayed");
}

}  // namespace
}  // namespace parley::engine
