// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/relayed_talk.h"

#include <gtest/gtest.h>

#include "harness/engine/relayed_pair.h"

namespace parley::engine {
namespace {

std::string read_of(const xml::Element& message) {
  const auto* enc = message.child("enc");
  return enc->find("unopened") == nullptr ? enc->text() : "(" + enc->get("unopened") + ")";
}

TEST(RelayedTalk, IsThereForAServerUnderTestBetweenPlayedUsersAlone) {
  RelayedPair pair;
  EXPECT_NE(pair.talk, nullptr);
  pair.run.suts = {model::Party::gatekeeper_server, model::Party::third_party_client};
  EXPECT_EQ(RelayedTalk::of(pair.run, pair.scope.values, Rng(5)), nullptr);
  pair.run.suts = {model::Party::third_party_client};
  EXPECT_EQ(RelayedTalk::of(pair.run, pair.scope.values, Rng(5)), nullptr);
  pair.run.suts = {model::Party::gatekeeper_server};
  pair.flow.content = model::Content::clear;
  EXPECT_EQ(RelayedTalk::of(pair.run, pair.scope.values, Rng(5)), nullptr);
}

TEST(RelayedTalk, PublishesKeysThatAreSigned) {
  const RelayedPair pair;
  const auto read = read_publication(pair.upload);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->one_time.size(), 2U);
  EXPECT_EQ(read->bundle.identity_key, pair.talk->values().at("alice.identity"));
  EXPECT_EQ(pair.scope.values.at("upload.key2"), read->one_time[1].key);
  EXPECT_EQ(pair.scope.values.at("upload.skey"), read->bundle.signed_prekey);
}

TEST(RelayedTalk, MakesTheSameKeysFromTheSameSeed) {
  EXPECT_EQ(RelayedPair().upload, RelayedPair().upload);
}

TEST(RelayedTalk, LeadsAConversationOverWhatIsHandedOut) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  const auto first = pair.says("one", "bob");
  EXPECT_EQ(first.child("enc")->get("type"), "pkmsg");
  EXPECT_EQ(pair.scope.values.at("one.enc"), "pkmsg");
  EXPECT_EQ(read_of(pair.delivered(first, "alice")), "text of one");
  const auto reply = pair.says("two", "alice");
  EXPECT_EQ(reply.child("enc")->get("type"), "msg");
  EXPECT_EQ(read_of(pair.delivered(reply, "bob")), "text of two");
  EXPECT_EQ(pair.breaches(), "");
}

TEST(RelayedTalk, ShowsWhatAMessageOfOursSays) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  const auto message = pair.says("one", "bob");
  const auto shown = pair.talk->shown(message);
  EXPECT_EQ(shown.child("enc")->text(), "text of one");
  EXPECT_EQ(shown.child("enc")->get("counter"), "0");
}

TEST(RelayedTalk, SaysThatAMessageCameBefore) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  const auto message = pair.says("one", "bob");
  (void)pair.delivered(message, "alice");
  const auto again = pair.delivered(message, "alice");
  EXPECT_EQ(read_of(again), "text of one");
  EXPECT_EQ(again.child("enc")->get("again"), "yes");
}

TEST(RelayedTalk, SaysWhyAMessageCannotBeRead) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  const auto message = pair.says("one", "bob");
  const auto cut = pair.delivered(message, "alice", [](xml::Element& one) {
    auto octets = one.child("enc")->text();
    octets.pop_back();
    one.child("enc")->set_text(octets);
  });
  EXPECT_EQ(read_of(cut), "(encoding)");
  const auto other = pair.delivered(
      message, "alice", [](xml::Element& one) { one.child("enc")->set("type", "skmsg"); });
  EXPECT_EQ(read_of(other), "(type)");
  const auto stranger =
      pair.delivered(message, "alice", [](xml::Element& one) { one.set("from", "12-9@interop"); });
  EXPECT_EQ(read_of(stranger), "(sender)");
}

TEST(RelayedTalk, GivesUpOnWhoSendsWhatNobodyCanRead) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  const auto message = pair.says("one", "bob");
  std::string last;
  for (int i = 0; i < 70; ++i) {
    last = read_of(pair.delivered(message, "alice", [&](xml::Element& one) {
      one.child("enc")->set_text("no message " + std::to_string(i));
    }));
  }
  EXPECT_EQ(last, "(too many)");
}

TEST(RelayedTalk, LearnsNoMoreKeysThanAnybodyAsksFor) {
  RelayedPair pair;
  for (int i = 0; i < 1024; ++i) {
    pair.fetch("f" + std::to_string(i), element_of("<user jid='12-491@interop'/>"));
  }
  pair.fetch("g", pair.upload, 0);
  // What is handed out after that is not looked at: the receiver's own keys are used.
  EXPECT_EQ(pair.says("one", "bob").child("enc")->get("type"), "pkmsg");
  EXPECT_EQ(pair.talk->shown(pair.says("two", "bob")).child("enc")->get("prekey-id"), "");
}

TEST(RelayedTalk, BeginsAnewWithAnotherIdentity) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  (void)pair.delivered(pair.says("one", "bob"), "alice");
  const auto anew = pair.publish("anew", {{"renew", "identity"}});
  EXPECT_NE(stated_keys(anew).identity, stated_keys(pair.upload).identity);
  pair.fetch("g", anew, 0);
  const auto message = pair.says("two", "bob", {{"session", "new"}});
  EXPECT_EQ(read_of(pair.delivered(message, "alice")), "text of two");
  EXPECT_EQ(read_of(pair.delivered(pair.says("three", "alice"), "bob")), "text of three");
}

TEST(RelayedTalk, RenewsTheSignedPrekeyAlone) {
  RelayedPair pair;
  const auto renewal = stated_keys(pair.publish("renewal", {{"renew", "signed"}}));
  const auto before = stated_keys(pair.upload);
  EXPECT_EQ(renewal.identity, before.identity);
  EXPECT_NE(renewal.signed_prekey, before.signed_prekey);
}

TEST(RelayedTalk, SendsAMessageOfAStepAgainOctetByOctet) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  const auto first = pair.says("one", "bob");
  const auto again = pair.says("two", "bob", {{"replay", "one"}});
  EXPECT_EQ(again.child("enc")->text(), first.child("enc")->text());
}

TEST(RelayedTalk, BeginsASessionWithTheKeysOfWhoAsksAgain) {
  RelayedPair pair;
  pair.fetch("f", pair.upload, 0);
  (void)pair.delivered(pair.says("one", "bob"), "alice");
  auto empty =
      element_of("<receipt id='one' type='retry'><retry/><registration/><keys/></receipt>");
  auto receipt = pair.sealed("ask", "alice", std::move(empty), {});
  pair.sent("alice", receipt);
  EXPECT_EQ(receipt.child("keys")->child("identity")->text(), stated_keys(pair.upload).identity);
  receipt.set("from", kThirdParty);
  (void)pair.talk->opened("bob", receipt);
  const auto resent = pair.says("two", "bob", {{"session", "new"}});
  EXPECT_EQ(resent.child("enc")->get("type"), "pkmsg");
  EXPECT_EQ(read_of(pair.delivered(resent, "alice")), "text of two");
  EXPECT_EQ(pair.breaches(), "");
}

TEST(RelayedTalk, ForgesAnUpload) {
  RelayedPair pair;
  const model::Change change{.step = "bad",
                             .edit = model::EncryptionEdit{.forge = "bundle-signature-zeros"}};
  auto empty = element_of("<iq type='set'><list/></iq>");
  empty.set("xmlns", "encrypt");
  const auto bad = pair.sealed("bad", "alice", std::move(empty), {}, &change);
  EXPECT_EQ(stated_keys(bad).signature, Bytes(64, '\0'));
  EXPECT_EQ(read_publication(bad).error().code, Errc::bad_signature);
}

TEST(RelayedTalk, BendsNoOneTimeKeyWhereNoneIsUploaded) {
  RelayedPair pair;
  const model::Change change{.step = "bad",
                             .edit = model::EncryptionEdit{.forge = "bundle-one-time-zero"}};
  auto empty = element_of("<iq type='set'><list/></iq>");
  empty.set("xmlns", "encrypt");
  pair.scope.values["bad.one-time"] = "0";
  const auto out = pair.talk->seal(
      {.step = "bad", .link = "alice", .element = std::move(empty), .change = &change}, pair.scope);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::malformed);
}

TEST(RelayedTalk, AsksAgainWithARegistrationAlone) {
  RelayedPair pair;
  const auto out = pair.talk->seal(
      {.step = "ask",
       .link = "alice",
       .element = element_of("<receipt id='one' type='retry'><retry/><keys/></receipt>")},
      pair.scope);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::malformed);
}

TEST(RelayedTalk, BendsNothingElse) {
  RelayedPair pair;
  const model::Change change{.step = "one", .edit = model::ContentEdit{.padding = 3}};
  auto message = element_of("<message to='12-491@interop'><enc>x</enc></message>");
  pair.scope.values["one.text"] = "x";
  const auto out = pair.talk->seal(
      {.step = "one", .link = "bob", .element = std::move(message), .change = &change}, pair.scope);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace parley::engine
