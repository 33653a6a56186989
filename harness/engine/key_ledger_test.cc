// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/key_ledger.h"

#include <gtest/gtest.h>

#include "harness/engine/relayed_pair.h"

namespace parley::engine {
namespace {

struct BentBundle {
  const char* name;
  std::function<void(xml::Element&)> bend;
};
std::ostream& operator<<(std::ostream& out, const BentBundle& row) { return out << row.name; }

class NotesBundle : public testing::TestWithParam<BentBundle> {};

TEST_P(NotesBundle, ThatNobodyHasPublished) {
  RelayedPair pair;
  auto user = RelayedPair::handed(pair.upload, 0);
  GetParam().bend(user);
  pair.fetch("f", user);
  EXPECT_EQ(pair.breaches(), "bundles-published");
}

std::function<void(xml::Element&)> text(const char* parent, const char* child) {
  return [=](xml::Element& user) {
    auto* at = *parent == '\0' ? &user : user.child(parent);
    auto octets = at->child(child)->text();
    octets.back() = static_cast<char>(octets.back() ^ 1);
    at->child(child)->set_text(octets);
  };
}

INSTANTIATE_TEST_SUITE_P(
    KeyLedger, NotesBundle,
    testing::Values(
        BentBundle{"registration", text("", "registration")}, BentBundle{"type", text("", "type")},
        BentBundle{"identity", text("", "identity")}, BentBundle{"signed_id", text("skey", "id")},
        BentBundle{"signed_prekey", text("skey", "value")},
        BentBundle{"signature", text("skey", "signature")},
        BentBundle{"one_time_id", text("key", "id")}, BentBundle{"one_time", text("key", "value")},
        BentBundle{"empty_one_time",
                   [](xml::Element& user) { user.child("key")->children.clear(); }},
        BentBundle{"no_signature",
                   [](xml::Element& user) { user.child("skey")->children.pop_back(); }},
        BentBundle{"no_signed_prekey", [](xml::Element& user) { user.children.pop_back(); }}),
    [](const auto& row) { return row.param.name; });

TEST(KeyLedger, TakesEachOneTimeKeyOnceAndNone) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  pair.fetch("g", pair.upload, 1);
  pair.fetch("h", pair.upload, 9);
  EXPECT_EQ(pair.breaches(), "");
}

TEST(KeyLedger, NotesAOneTimeKeyThatComesTwice) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  pair.fetch("g", pair.upload, 0);
  EXPECT_EQ(pair.breaches(), "prekeys-handed-once");
}

TEST(KeyLedger, NotesAOneTimeKeyOfAnIdentityThatWasReplaced) {
  RelayedPair pair;
  const auto anew = pair.publish("anew", {{"renew", "identity"}});
  auto user = RelayedPair::handed(anew, 9);
  user.children.emplace_back(*RelayedPair::handed(pair.upload, 0).child("key"));
  pair.fetch("f", user);
  EXPECT_EQ(pair.breaches(), "bundles-published");
}

TEST(KeyLedger, NotesWhatWasRefusedAndIsHandedOut) {
  RelayedPair pair;
  const auto renewal = pair.publish("renewal", {{"renew", "signed"}});
  (void)pair.talk->opened("alice", element_of("<iq id='renewal' type='error'/>"));
  pair.fetch("f", renewal, 0);
  EXPECT_EQ(pair.breaches(), "bundles-published");
}

TEST(KeyLedger, SaysNothingOfWhoHasPublishedNothing) {
  RelayedPair pair;
  auto user = RelayedPair::handed(pair.upload, 0);
  user.set("jid", "12-9@interop");
  pair.fetch("f", user);
  EXPECT_EQ(pair.breaches(), "");
}

TEST(KeyLedger, SaysNothingOfAnAnswerThatNobodyHasAskedFor) {
  RelayedPair pair;
  auto answer = element_of("<iq id='x' type='result'><list/></iq>");
  answer.child("list")->children.emplace_back(element_of("<user jid='12-491@interop'/>"));
  (void)pair.talk->opened("bob", answer);
  EXPECT_EQ(pair.breaches(), "");
}

}  // namespace
}  // namespace parley::engine
