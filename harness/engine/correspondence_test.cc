// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/correspondence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/engine/sealed_pair.h"

namespace parley::engine {
namespace {

namespace signal = crypto::signal;

TEST(Correspondence, IsNoneWhereContentGoesInTheClear) {
  EXPECT_EQ(Pair(model::Content::clear).ours, nullptr);
}

TEST(Correspondence, SealsFirstMessagesUntilItIsAnswered) {
  Pair pair;
  pair.publish();
  EXPECT_EQ(pair.hears("one"), "text of one");
  EXPECT_EQ(pair.scope.values["one.enc"], "pkmsg");
  EXPECT_EQ(pair.hears("two"), "text of two");
  EXPECT_EQ(pair.scope.values["two.enc"], "pkmsg");
  const auto seen = pair.says("an answer");
  EXPECT_EQ(seen.child("enc")->text(), "an answer");
  EXPECT_EQ(seen.child("enc")->get("type"), "msg");
  EXPECT_EQ(pair.hears("three"), "text of three");
  EXPECT_EQ(pair.scope.values["three.enc"], "msg");
  EXPECT_EQ(pair.scope.values["three.counter"], "0");
  EXPECT_NE(pair.scope.values["three.ratchet"], pair.scope.values["two.ratchet"]);
  EXPECT_EQ(monitors_of(*pair.ours), "");
}

TEST(Correspondence, HasNothingToSealWithBeforeKeysArePublished) {
  Pair pair;
  EXPECT_EQ(pair.hears("one"), "the client has published no keys that can be used");
}

TEST(Correspondence, ReadsASessionThatTheClientBegins) {
  Pair pair;
  pair.fetch();
  const auto served =
      parsed("<iq type='result'><list><user jid='492@s.whatsapp.net'/></list></iq>");
  const auto filled =
      pair.ours->seal({.step = "bundle", .link = "alice", .element = served}, pair.scope);
  ASSERT_TRUE(filled);
  auto upload = *filled->back().child("list")->child("user");
  EXPECT_EQ(upload, pair.keys_of(kBob));
  xml::Element list{.ns = "", .name = "list", .attributes = {}, .children = {}};
  list.children.emplace_back(*upload.child("key"));
  upload.children.emplace_back(std::move(list));
  const auto read = read_publication(upload);
  ASSERT_TRUE(read) << read.error();
  auto bundle = read->bundle;
  bundle.one_time = read->one_time.at(0);
  ASSERT_TRUE(pair.alice.provider->start_session(pair.bob, bundle));
  const auto seen = pair.says("from alice");
  EXPECT_EQ(seen.child("enc")->text(), "from alice");
  EXPECT_EQ(seen.child("enc")->get("type"), "pkmsg");
  EXPECT_EQ(seen.child("enc")->get("prekey-id"), "1");
  EXPECT_EQ(seen.child("enc")->get("counter"), "0");
  EXPECT_EQ(pair.hears("one"), "text of one");
}

TEST(Correspondence, HandsOutEachOneTimePrekeyOnce) {
  Pair pair;
  pair.fetch();
  const auto first = pair.keys_of(kBob);
  EXPECT_EQ(pair.keys_of(kBob), first);
  pair.fetch();
  EXPECT_NE(pair.keys_of(kBob).child("key")->child("id")->text(),
            first.child("key")->child("id")->text());
  for (int i = 0; i < 8; ++i) {
    pair.fetch();
  }
  EXPECT_EQ(pair.keys_of(kBob).child("key"), nullptr);
  EXPECT_NE(pair.keys_of("493@s.whatsapp.net").child("error"), nullptr);
}

TEST(Correspondence, HandsOutOtherKeysToEachOfTwoRequests) {
  Pair pair;
  pair.fetch("one");
  pair.fetch("two");
  const auto one = pair.keys_of(kBob, "one");
  const auto two = pair.keys_of(kBob, "two");
  EXPECT_NE(one.child("key")->child("id")->text(), two.child("key")->child("id")->text());
  EXPECT_EQ(pair.keys_of(kBob, "one"), one);
  const auto served =
      parsed("<iq id='one' type='result'><list><user jid='492@s.whatsapp.net'/></list></iq>");
  const auto filled =
      pair.ours->seal({.step = "b", .link = "alice", .element = served}, pair.scope);
  ASSERT_TRUE(filled);
  EXPECT_EQ(*filled->back().child("list")->child("user"), one);
}

// A client that asks again gets no better ones.
TEST(Correspondence, HandsOutTheChangedKeysAgain) {
  Pair pair;
  pair.fetch("one");
  const auto changed = parsed(
      "<iq id='one' type='result'><list><user jid='493@s.whatsapp.net'><skey/></user></list></iq>");
  pair.ours->note_changed("alice", changed);
  pair.fetch("two");
  EXPECT_EQ(pair.keys_of("492:0@s.whatsapp.net", "two"), *changed.child("list")->child("user"));
  EXPECT_NE(pair.keys_of("493@s.whatsapp.net", "two").child("error"), nullptr);
}

TEST(Correspondence, HasAsManyKeysLeftAsItSays) {
  Pair pair;
  pair.publish();
  const auto low = [&](const char* value) {
    auto out = parsed("<notification type='encrypt'><count/></notification>");
    out.child("count")->set("value", value);
    pair.ours->note_sent("alice", out);
    return pair.ours->keys_left("alice");
  };
  EXPECT_EQ(low("2"), 2U);
  EXPECT_EQ(low("none"), 2U);
  auto more = pair.upload();
  for (auto& node : more.child("list")->children) {
    auto& id = *std::get<xml::Element>(node).child("id");
    id.set_text("a" + id.text().substr(1));
  }
  (void)pair.ours->opened("alice", more);
  EXPECT_EQ(pair.ours->keys_left("alice"), 6U);
  ASSERT_EQ(pair.hears("one"), "text of one");
  EXPECT_EQ(pair.ours->keys_left("alice"), 5U);
  EXPECT_EQ(low("0"), 0U);
}

TEST(Correspondence, SaysWhyItCannotRead) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("one"), "text of one");
  auto message = pair.message_of("an answer");
  auto octets = message.child("enc")->text();
  octets.back() = static_cast<char>(octets.back() ^ 1);
  message.child("enc")->set_text(octets);
  const auto seen = pair.ours->opened("alice", message);
  EXPECT_EQ(seen.child("enc")->get("unopened"), "message");
  EXPECT_EQ(seen.child("enc")->text(), "");
  EXPECT_EQ(seen.child("enc")->get("sealed"), to_hex(octets));
  EXPECT_EQ(pair.says("after it").child("enc")->text(), "after it");
}

TEST(Correspondence, ReadsNoMessageOfAnotherTypeThatDescribesItself) {
  Pair pair;
  const auto seen = pair.ours->opened(
      "alice",
      parsed("<message to='492@s.whatsapp.net'><enc type='x' ratchet-key='y'/></message>"));
  EXPECT_EQ(seen.child("enc")->get("unopened"), "type");
  EXPECT_EQ(monitors_of(*pair.ours), "");
}

// A client that writes the view of its message itself.
TEST(Correspondence, BelievesNoMessageThatDescribesItself) {
  Pair pair;
  pair.publish();
  const auto clear = parsed(
      "<message to='492@s.whatsapp.net'><enc type='skmsg'/><enc type='msg' v='2' counter='0' "
      "ratchet-key='x' padding='3' content='c' again='' prekey-id='1'>clear text</enc></message>");
  const auto seen = pair.ours->opened("alice", clear);
  const auto* enc = seen.elements().back();
  for (const auto* name :
       {"counter", "ratchet-key", "padding", "content", "again", "prekey-id", "base-key"}) {
    EXPECT_EQ(enc->find(name), nullptr) << name;
  }
  EXPECT_EQ(enc->get("type"), "msg");
  EXPECT_EQ(enc->get("v"), "2");
  EXPECT_EQ(enc->get("unopened"), "version");
  EXPECT_EQ(enc->text(), "");
  EXPECT_EQ(enc->get("sealed"), to_hex(std::string_view("clear text")));
}

TEST(Correspondence, ReadsNothingForAnybodyElse) {
  Pair pair;
  const auto seen = pair.ours->opened(
      "alice",
      parsed("<message to='494@s.whatsapp.net'><enc type='msg' counter='0'>text</enc></message>"));
  EXPECT_EQ(xml::print(*seen.child("enc")), "<enc type='msg' unopened='receiver'/>");
}

TEST(Correspondence, ShowsARepetitionAsItCame) {
  Pair pair;
  pair.publish();
  const auto ours = pair.seal("one", nullptr).value().back();
  ASSERT_EQ(pair.reads(ours), "text of one");
  auto message = pair.message_of("an answer");
  (void)pair.ours->opened("alice", message);
  auto& enc = *message.child("enc");
  enc.set("count", "1");
  const auto again = pair.ours->opened("alice", message);
  EXPECT_EQ(again.child("enc")->get("count"), "1");
  EXPECT_EQ(again.child("enc")->get("again"), "yes");
  enc.set("type", "pkmsg");
  EXPECT_EQ(pair.ours->opened("alice", message).child("enc")->get("unopened"), "encoding");
  enc = *ours.child("enc");  // what it was sent itself
  EXPECT_NE(pair.ours->opened("alice", message).child("enc")->get("unopened"), "");
}

TEST(Correspondence, ShowsWhatComesAgainOctetByOctet) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("one"), "text of one");
  const auto message = pair.message_of("an answer");
  EXPECT_EQ(pair.ours->opened("alice", message).child("enc")->get("again"), "");
  const auto again = pair.ours->opened("alice", message);
  EXPECT_EQ(again.child("enc")->get("again"), "yes");
  EXPECT_EQ(again.child("enc")->text(), "an answer");
  EXPECT_EQ(monitors_of(*pair.ours), "");
}

TEST(Correspondence, NotesWhatAUserWroteInTheClear) {
  Pair pair;
  pair.ours->note_written("a note for bob");
  pair.publish();
  (void)pair.ours->opened("alice", parsed("<message><enc>a note for me</enc></message>"));
  EXPECT_EQ(monitors_of(*pair.ours), "");
  (void)pair.ours->opened("alice", parsed("<message><enc>say: a note for bob</enc></message>"));
  EXPECT_EQ(monitors_of(*pair.ours), "sealed-content");
}

TEST(Correspondence, KeepsOfEachMonitorTheBeginningOfTheFirst) {
  Pair pair;
  pair.ours->note_written("a note for bob");
  for (const auto* end : {" one", " two"}) {
    auto message = parsed("<message/>");
    message.set_text("a note for bob" + std::string(100'000, 'a') + end);
    (void)pair.ours->opened("alice", message);
  }
  ASSERT_EQ(pair.ours->breaches().size(), 1U);
  EXPECT_EQ(pair.ours->breaches().front().came.size(), 2048U);
}

// Each may cost many keys.
TEST(Correspondence, OpensNoMoreAfterMany) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("one"), "text of one");
  const auto right = pair.message_of("an answer");
  auto message = right;
  for (int i = 0; i < 64; ++i) {
    auto octets = right.child("enc")->text();
    octets[octets.size() - 1 - i % 8] ^= static_cast<char>(1 + i / 8);
    message.child("enc")->set_text(octets);
    EXPECT_EQ(pair.ours->opened("alice", message).child("enc")->get("unopened"), "message");
  }
  EXPECT_EQ(pair.ours->opened("alice", message).child("enc")->get("unopened"), "too many");
}

TEST(Correspondence, KnowsWhatSomebodyWrote) {
  Pair pair;
  pair.publish();
  pair.ours->note_written("short");
  const model::Change change{.step = "", .edit = model::ContentEdit{.set = {{"1", "another"}}}};
  ASSERT_EQ(pair.hears("one"), "text of one");
  ASSERT_EQ(pair.hears("changed", &change), "another");
  for (const auto* text : {"short", "text of one", "another"}) {
    EXPECT_TRUE(pair.ours->was_written(text)) << text;
  }
  for (const auto* text : {"", "text of", "text of one "}) {
    EXPECT_FALSE(pair.ours->was_written(text)) << text;
  }
}

TEST(Correspondence, NotesAKeyThatSealsTwoMessages) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("one"), "text of one");
  signal::Transaction before(pair.alice.store);
  auto provider = signal::make_library_provider(before, Rng(9)).value();
  std::swap(provider, pair.alice.provider);
  (void)pair.says("one answer");
  std::swap(provider, pair.alice.provider);  // whose session is as it was
  EXPECT_EQ(monitors_of(*pair.ours), "");
  (void)pair.says("another");
  EXPECT_EQ(monitors_of(*pair.ours), "message-keys-once");
}

TEST(Correspondence, NotesKeysThatArePublishedAgainOrWrongly) {
  Pair pair;
  pair.publish();
  EXPECT_EQ(pair.ours->keys_left("alice"), 4U);
  auto wrong = pair.upload();
  wrong.child("registration")->set_text("abc");
  (void)pair.ours->opened("alice", wrong);
  EXPECT_EQ(monitors_of(*pair.ours), "prekey-form");
  wrong = pair.upload();
  wrong.child("skey")->child("value")->set_text(std::string(32, 'a'));
  (void)pair.ours->opened("alice", wrong);
  EXPECT_EQ(monitors_of(*pair.ours), "prekey-form");
  pair.publish();
  EXPECT_EQ(monitors_of(*pair.ours), "prekey-form prekeys-once");
}

}  // namespace
}  // namespace parley::engine