// SPDX-License-Identifier: GPL-3.0-or-later
// Parley's side of sealed conversations against a client by the library.
#include "harness/engine/correspondence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/crypto/signal/two_devices.h"
#include "harness/engine/key_publication.h"
#include "harness/engine/message_content.h"
#include "harness/wire/content.h"

namespace parley::engine {
namespace {

namespace signal = crypto::signal;

constexpr const char* kAlice = "12-491@interop";
constexpr const char* kBob = "492@s.whatsapp.net";

xml::Element parsed(const std::string& text) { return xml::parse(text, "").value(); }

// A run in which alice is under test and bob is played, and alice's device.
struct Pair {
  model::Flow flow;
  CastRun run;
  Scope scope;
  std::unique_ptr<Correspondence> ours;
  signal::TestDevice alice{"alice", 7};
  signal::Address bob{.name = kBob, .device = signal::DeviceId(0)};

  explicit Pair(model::Content content = model::Content::signal) {
    flow.content = content;
    flow.actors = {{"alice", model::Party::third_party_client},
                   {"bob", model::Party::gatekeeper_client},
                   {"server", model::Party::gatekeeper_server}};
    run.flow = &flow;
    run.suts = {model::Party::third_party_client};
    scope.values = {{"alice.bare", kAlice}, {"bob.bare", kBob}};
    ours = Correspondence::of(run, scope.values, Rng(5));
  }

  xml::Element upload() const {
    auto out = bundle_element("", alice.bundle(9));
    out.name = "iq";
    out.set("xmlns", "encrypt");
    out.set("type", "set");
    xml::Element list{.ns = "", .name = "list", .attributes = {}, .children = {}};
    for (std::size_t i = 0; i < alice.device.one_time.size(); ++i) {
      list.children.emplace_back(*bundle_element("", alice.bundle(i)).child("key"));
    }
    out.children.emplace_back(std::move(list));
    return out;
  }
  void publish() { (void)ours->opened("alice", upload()); }

  Result<std::vector<xml::Element>> seal(const std::string& step, const model::Change* change) {
    scope.values[step + ".text"] = "text of " + step;
    auto message = parsed("<message id='i'><enc v='2' type='msg'/></message>");
    message.set("from", kBob);
    message.child("enc")->set_text("text of " + step);
    return ours->seal(
        {.step = step, .link = "alice", .element = std::move(message), .change = change}, scope);
  }
  // What alice reads of the last stanza; why not, in brackets.
  std::string reads(const xml::Element& stanza) {
    const auto* enc = stanza.child("enc");
    const auto kind =
        enc->get("type") == "pkmsg" ? signal::MessageKind::pkmsg : signal::MessageKind::msg;
    const auto plain = alice.provider->decrypt(bob, {.kind = kind, .octets = enc->text()});
    if (!plain) {
      return "(" + std::string(to_string(plain.error().reason)) + ")";
    }
    const auto read = read_content(*plain);
    return read ? read->text : "(content)";
  }
  std::string hears(const std::string& step, const model::Change* change = nullptr) {
    const auto sealed = seal(step, change);
    if (!sealed) {
      return sealed.error().detail;
    }
    for (std::size_t i = 0; i + 1 < sealed->size(); ++i) {
      EXPECT_EQ(reads((*sealed)[i]).size(), 12U) << i;
    }
    return reads(sealed->back());
  }
  xml::Element message_of(const std::string& text) {
    wire::Content content;
    content.conversation = text;
    Rng rng(3);
    const auto sealed = alice.provider->encrypt(bob, wire::pad(wire::write(content), rng));
    auto out = parsed("<message id='m'><enc v='2'/></message>");
    out.set("to", kBob);
    out.child("enc")->set("type", std::string(to_string(sealed->kind)));
    out.child("enc")->set_text(sealed->octets);
    return out;
  }
  xml::Element says(const std::string& text) { return ours->opened("alice", message_of(text)); }
  void fetch(const std::string& id = "f") {
    auto request = parsed("<iq type='get' xmlns=''><key><user/></key></iq>");
    request.set("id", id);
    request.set("xmlns", "encrypt");
    request.child("key")->child("user")->set("jid", kBob);
    (void)ours->opened("alice", request);
  }
  // In answer to the request.
  xml::Element keys_of(const std::string& jid, const std::string& id = "f") const {
    return ours->keys_of({"alice", id}, jid);
  }
};

model::Change forgery(const std::string& name) {
  return {.step = "", .edit = model::EncryptionEdit{.forge = name}};
}

std::string monitors_of(const Correspondence& ours) {
  std::string out;
  for (const auto& breach : ours.breaches()) {
    out += (out.empty() ? "" : " ") + breach.monitor;
  }
  return out;
}

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

class ForgesMessages : public testing::TestWithParam<const signal::Forgery*> {};

// All that a right client must refuse; the honest message after it is read.
TEST_P(ForgesMessages, WithinAConversation) {
  Pair pair;
  pair.publish();
  if (GetParam()->kind == signal::ForgeryKind::msg) {
    ASSERT_EQ(pair.hears("first"), "text of first");
    ASSERT_EQ(pair.says("an answer").child("enc")->text(), "an answer");
  }
  const auto change = forgery(std::string(GetParam()->name));
  EXPECT_EQ(pair.hears("changed", &change),
            "(" + std::string(to_string(GetParam()->refusal)) + ")");
  EXPECT_EQ(pair.hears("next"), "text of next");
  EXPECT_EQ(pair.hears("last"), "text of last");
}

std::vector<const signal::Forgery*> refused_messages() {
  std::vector<const signal::Forgery*> out;
  for (const auto& forgery : signal::forgeries()) {
    if (forgery.kind != signal::ForgeryKind::bundle &&
        forgery.acceptance == signal::Acceptance::never) {
      out.push_back(&forgery);
    }
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, ForgesMessages, testing::ValuesIn(refused_messages()),
                         [](const auto& row) {
                           std::string name(row.param->name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

struct Edited {
  const char* name;
  model::Change change;
  std::string heard;
};
class EditsMessages : public testing::TestWithParam<Edited> {};

TEST_P(EditsMessages, AndGoesOn) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("first"), "text of first");
  ASSERT_EQ(pair.says("an answer").child("enc")->text(), "an answer");
  EXPECT_EQ(pair.hears("changed", &GetParam().change), GetParam().heard);
  EXPECT_EQ(pair.hears("next"), "text of next");
}

model::Change encryption(model::EncryptionEdit edit) { return {.step = "", .edit = edit}; }
model::Change content(model::ContentEdit edit) { return {.step = "", .edit = edit}; }
model::BytesEdit flip(long at) {
  model::BytesEdit out;
  out.flip = at;
  return out;
}
model::BytesEdit keep(long octets) {
  model::BytesEdit out;
  out.keep = octets;
  return out;
}
model::BytesEdit replace(std::string with) {
  model::BytesEdit out;
  out.replace = std::move(with);
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, EditsMessages,
    testing::Values(
        Edited{"Version", encryption({.version = 0x23}), "(version)"},
        Edited{"Flip", encryption({.octets = flip(-1)}), "(message)"},
        Edited{"Cut", encryption({.octets = keep(1)}), "(encoding)"},
        Edited{"Replay", encryption({.replay = "first"}), "(duplicate)"},
        Edited{"Ahead", encryption({.ahead = 5}), "text of changed"},
        Edited{"NoPadding", content({.padding = 0}), "(content)"},
        Edited{"Filler", content({.padding = 4, .filler = 5}), "(content)"},
        Edited{"FillerOfMany", content({.padding = 15, .filler = 15}), "text of changed"},
        Edited{"Fifteen", content({.padding = 15}), "text of changed"},
        Edited{"Text", content({.set = {{"1", "another"}}}), "another"},
        Edited{"Extended", content({.set = {{"6/1", "inner"}}, .remove = {"1"}}), "inner"},
        Edited{"Varint", content({.set = {{"1/varint", "7"}}}), ""},
        Edited{"Octets", content({.octets = replace("\\x0B")}), "(content)"},
        Edited{"NoField", content({.remove = {"5"}}), "the content has no field 5"},
        Edited{"NoPath", content({.set = {{"one", "x"}}}), "'one' is no path of protobuf fields"},
        Edited{"NoStep", encryption({.replay = "none"}), "no step 'none' has sealed anything"}),
    [](const auto& row) { return row.param.name; });

TEST(Correspondence, LetsMessagesOvertakeEachOther) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("first"), "text of first");
  const std::pair<const char*, const char*> order[] = {{"four", "3"}, {"three", "2"}, {"one", "0"}};
  for (const auto& [step, ahead] : order) {
    pair.scope.values[std::string(step) + ".ahead"] = ahead;
    EXPECT_EQ(pair.hears(step), std::string("text of ") + step);
  }
  EXPECT_EQ(pair.hears("two"), "text of two");
  EXPECT_EQ(pair.hears("five"), "text of five");
  EXPECT_EQ(pair.scope.values["four.counter"], "4");
  EXPECT_EQ(pair.scope.values["two.counter"], "2");
  EXPECT_EQ(pair.scope.values["five.counter"], "5");
}

// Two that overtake as many each overtake each other too.
TEST(Correspondence, UsesNoKeyTwiceForMessagesThatOvertake) {
  Pair pair;
  pair.publish();
  ASSERT_EQ(pair.hears("first"), "text of first");
  pair.scope.values["two.ahead"] = "1";
  pair.scope.values["three.ahead"] = "1";
  for (const auto* step : {"two", "three", "one", "four"}) {
    EXPECT_EQ(pair.hears(step), std::string("text of ") + step);
  }
  EXPECT_EQ(pair.scope.values["three.counter"], "3");
}

TEST(Correspondence, BringsWhatWasOvertakenLateAfterATurn) {
  Pair pair;
  pair.publish();
  pair.scope.values["second.ahead"] = "1";
  EXPECT_EQ(pair.hears("second"), "text of second");
  ASSERT_EQ(pair.says("an answer").child("enc")->text(), "an answer");
  EXPECT_EQ(pair.hears("next"), "text of next");
  pair.scope.values["first.late"] = "second";
  EXPECT_EQ(pair.hears("first"), "text of first");
  EXPECT_EQ(pair.scope.values["first.ratchet"], pair.scope.values["second.ratchet"]);
  EXPECT_EQ(pair.scope.values["first.counter"], "0");
  EXPECT_EQ(pair.hears("last"), "text of last");
  pair.scope.values["none.late"] = "next";
  EXPECT_EQ(pair.hears("none"), "step 'next' has overtaken nothing");
}

TEST(Correspondence, PadsAsAStepSaysAndDoesNotSayItOnTheWire) {
  Pair pair;
  pair.publish();
  auto message = parsed("<message from='492@s.whatsapp.net'><enc padding='3'>text</enc></message>");
  pair.scope.values["one.text"] = "text";
  pair.scope.values["one.padding"] = "3";
  const auto sealed =
      pair.ours->seal({.step = "one", .link = "alice", .element = message}, pair.scope);
  ASSERT_TRUE(sealed) << sealed.error();
  const auto* enc = sealed->back().child("enc");
  EXPECT_EQ(enc->find("padding"), nullptr);
  const auto plain = pair.alice.provider->decrypt(
      pair.bob, {.kind = signal::MessageKind::pkmsg, .octets = enc->text()});
  ASSERT_TRUE(plain);
  EXPECT_EQ(read_content(*plain)->padding, 3U);
}

TEST(Correspondence, MakesTheSameOctetsOfTheSameRun) {
  const auto octets = [](const char* name) {
    Pair pair;
    pair.publish();
    const auto change = forgery(name);
    const auto one = pair.seal("one", nullptr).value();
    return xml::print(one.back()) + xml::print(pair.seal("two", &change).value().back());
  };
  EXPECT_EQ(octets("x3dh-info"), octets("x3dh-info"));
  EXPECT_NE(octets("x3dh-info"), octets("x3dh-salt"));
}

TEST(Correspondence, ForgesTheBundleThatIsServed) {
  Pair pair;
  pair.fetch();
  const auto change = forgery("bundle-signature-zeros");
  const auto served =
      parsed("<iq type='result'><list><user jid='492@s.whatsapp.net'/></list></iq>");
  const auto filled = pair.ours->seal(
      {.step = "bundle", .link = "alice", .element = served, .change = &change}, pair.scope);
  ASSERT_TRUE(filled);
  const auto* key = filled->back().child("list")->child("user")->child("skey");
  EXPECT_EQ(key->child("signature")->text(), std::string(64, '\0'));
}

TEST(Correspondence, RefusesAChangeWhereNothingIsSealed) {
  Pair pair;
  const auto change = forgery("mac-zeros");
  const auto out = pair.ours->seal(
      {.step = "ping", .link = "alice", .element = parsed("<iq/>"), .change = &change}, pair.scope);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::unsupported);
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
  const auto change = content({.set = {{"1", "another"}}});
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
