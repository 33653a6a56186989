// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/omemo_talk.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "harness/crypto/omemo/payload_forgery.h"
#include "harness/crypto/signal/forgery.h"
#include "harness/crypto/signal/two_devices.h"

namespace parley::engine {
namespace {

namespace signal = crypto::signal;
namespace omemo = crypto::omemo;

constexpr const char* kAlice = "alice@parley.test";
constexpr const char* kBob = "bob@parley.test";
constexpr omemo::DeviceId kAlicesDevice = 77;

// A run in which alice is under test and bob is played, and alice's device.
struct Pair {
  model::Flow flow;
  CastRun run;
  Scope scope;
  std::unique_ptr<OmemoTalk> ours;
  signal::TestDevice alice{"alice", 7};
  signal::Address bob;

  explicit Pair(const std::string& bobs_account = "") {
    flow.content = model::Content::omemo;
    flow.actors = {{"alice", model::Party::third_party_client},
                   {"bob", model::Party::gatekeeper_client},
                   {"server", model::Party::gatekeeper_server}};
    if (!bobs_account.empty()) {
      flow.accounts["bob"] = bobs_account;
    }
    run.flow = &flow;
    run.suts = {model::Party::third_party_client};
    scope.values = {{"alice.bare", kAlice}, {"bob.bare", kBob}};
    ours = OmemoTalk::of(run, scope.values, Rng(5));
    scope.values.merge(ours->values());
    bob = {.name = kBob, .device = signal::DeviceId(bobs_id())};
  }

  omemo::DeviceId bobs_id(const std::string& which = "bob.device") const {
    return static_cast<omemo::DeviceId>(std::stoul(scope.values.at(which)));
  }

  xml::Element publish(const std::string& node, xml::Element payload) const {
    auto pubsub =
        xml::parse("<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish/></pubsub>");
    pubsub->child("publish")->set("node", node);
    pubsub->child("publish")->children.emplace_back(omemo::pep_item(std::move(payload)));
    xml::Element iq{.ns = "jabber:client", .name = "iq", .attributes = {}, .children = {}};
    iq.set("type", "set");
    iq.children.emplace_back(std::move(*pubsub));
    return ours->opened("alice", iq);
  }
  omemo::KeyBundle bundle() const {
    omemo::KeyBundle out{.keys = alice.bundle(alice.device.one_time.size()), .one_time = {}};
    for (const auto& one : alice.device.one_time) {
      out.one_time.push_back({.id = one.id, .key = one.keys.public_key});
    }
    return out;
  }
  xml::Element publish_all() const {
    (void)publish(omemo::bundle_node(kAlicesDevice), omemo::bundle_element(bundle()));
    return publish(std::string(omemo::kDeviceListNode),
                   omemo::device_list_element({kAlicesDevice}));
  }

  Result<std::vector<xml::Element>> seal(const std::string& step, const model::Change* change) {
    scope.values[step + ".text"] = "text of " + step;
    auto message = xml::parse(
        "<message id='i' from='bob@parley.test/x'><encrypted "
        "xmlns='eu.siacs.conversations.axolotl'><opened xmlns='urn:parley:opened'/></encrypted>"
        "</message>");
    message->child("encrypted")->child("opened")->set_text("text of " + step);
    return ours->seal(
        {.step = step, .link = "alice", .element = std::move(*message), .change = change}, scope);
  }
  // What alice reads of it; why not, in brackets.
  std::string reads(const xml::Element& stanza) {
    const auto message = omemo::read_envelope(*stanza.child("encrypted"));
    if (!message) {
      return "(form)";
    }
    const auto material = alice.provider->decrypt(bob, message->keys.front().message);
    if (!material) {
      return "(" + std::string(to_string(material.error().reason)) + ")";
    }
    const auto text = omemo::open_payload({.key_material = *material,
                                           .iv = message->iv,
                                           .ciphertext = message->payload.value_or("")});
    return text ? *text : "(payload)";
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
  // A message of hers, encrypted in her session with `to`, a device of bob's or the name of one.
  xml::Element message_of(const std::string& text, omemo::DeviceId sid, const signal::Address& to) {
    Rng rng(3);
    const auto payload = omemo::seal_payload(text, 12, rng);
    const auto message = alice.provider->encrypt(to, payload->key_material);
    xml::Element stanza{.ns = "jabber:client", .name = "message", .attributes = {}, .children = {}};
    stanza.set("to", kBob);
    stanza.children.emplace_back(
        omemo::envelope_element({.sid = sid,
                                 .keys = {{.rid = bobs_id(), .message = *message}},
                                 .iv = payload->iv,
                                 .payload = payload->ciphertext}));
    return stanza;
  }
  xml::Element says(const std::string& text, omemo::DeviceId sid = kAlicesDevice) {
    return ours->opened("alice", message_of(text, sid, bob));
  }
  // Each in a session of its own, begun by one of bob's one-time prekeys.
  void use_every_prekey() {
    const auto item = view().item_of(kBob, omemo::bundle_node(bobs_id()));
    auto offered = *omemo::read_bundle(*item->child("bundle"));
    omemo::DeviceId sid = 1;
    for (const auto& one : offered.one_time) {
      const signal::Address to{.name = kBob, .device = signal::DeviceId(++sid)};
      offered.keys.one_time = one;
      EXPECT_TRUE(alice.provider->start_session(to, offered.keys));
      (void)ours->opened("alice", message_of("a text", sid, to));
    }
  }
  PeerView view() const {
    PeerView out{.plays = model::Party::gatekeeper_server, .domain = "", .bare = "", .jid = ""};
    ours->inform({"alice", "i"}, out);
    return out;
  }
};

const xml::Element& view_in(const xml::Element& message) {
  return *message.child("encrypted")->child("opened");
}

std::string breaches_of(const OmemoTalk& talk) {
  std::string out;
  for (const auto& breach : talk.breaches()) {
    out += breach.monitor + " ";
  }
  return out;
}

model::Change forgery(std::string_view name) {
  return {.step = "", .edit = model::EncryptionEdit{.forge = std::string(name)}};
}

TEST(OmemoTalk, SaysWhenAClientCanBeWrittenTo) {
  Pair pair;
  EXPECT_FALSE(pair.seal("early", nullptr));
  const auto published = pair.publish_all();
  EXPECT_EQ(published.child("pubsub")->child("opened")->get("ready"), "yes");
  EXPECT_EQ(pair.hears("first"), "text of first");
  EXPECT_EQ(pair.hears("second"), "text of second");
  EXPECT_EQ(breaches_of(*pair.ours), "");
}

TEST(OmemoTalk, ReadsWhatAClientSends) {
  Pair pair;
  (void)pair.publish_all();
  EXPECT_EQ(pair.hears("first"), "text of first");
  const auto seen = pair.says("an answer");
  EXPECT_EQ(view_in(seen).text(), "an answer");
  EXPECT_EQ(view_in(seen).get("devices"), "1");
  EXPECT_EQ(view_in(seen).get("type"), "msg");
  EXPECT_EQ(view_in(pair.says("another", 5)).get("unopened"), "sid");
}

TEST(OmemoTalk, BelievesNoMessageThatDescribesItself) {
  Pair pair;
  auto message = xml::parse(
      "<message to='bob@parley.test'><encrypted xmlns='eu.siacs.conversations.axolotl'><opened "
      "xmlns='urn:parley:opened' devices='1'>text</opened></encrypted></message>");
  const auto seen = pair.ours->opened("alice", *message);
  EXPECT_EQ(view_in(seen).text(), "");
  EXPECT_NE(view_in(seen).get("unopened"), "");
}

TEST(OmemoTalk, TakesOutWhatAClientSaysOfItselfWhereverItStands) {
  const std::string opened = "<opened xmlns='urn:parley:opened' devices='1' ready='yes'>t</opened>";
  const std::string encrypted =
      "<encrypted xmlns='eu.siacs.conversations.axolotl'>" + opened + "</encrypted>";
  const std::string pubsub =
      "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item>" + opened +
      "</item></publish>" + opened + "</pubsub>";
  for (const auto& said :
       {"<message to='bob@parley.test'>" + opened + "<x>" + encrypted + "</x></message>",
        "<message to='carol@parley.test'>" + encrypted + encrypted + "</message>",
        "<iq type='set'>" + pubsub + pubsub + "</iq>", "<iq type='get'>" + pubsub + "</iq>",
        "<iq type='result'>" + pubsub + "</iq>", "<presence>" + opened + "</presence>"}) {
    const Pair pair;
    for (const auto* link : {"alice", "another"}) {
      const auto seen = xml::print(pair.ours->opened(link, *xml::parse(said)));
      EXPECT_EQ(seen.find(kOpenedNamespace), std::string::npos) << link << " " << seen;
    }
  }
}

TEST(OmemoTalk, FindsWhatAUserWroteInTheClear) {
  for (const auto* said : {"<body>is 1 &lt; 2 &amp; 3?</body>", "<x y='is 1 &lt; 2 &amp; 3?'/>",
                           "<x y='is%201%20%3C%202%20%26%203%3F'/>"}) {
    Pair pair;
    pair.ours->note_written("is 1 < 2 & 3?");
    (void)pair.ours->opened(
        "alice", *xml::parse("<message to='bob@parley.test'>" + std::string(said) + "</message>"));
    EXPECT_EQ(breaches_of(*pair.ours), "sealed-content ") << said;
  }
}

TEST(OmemoTalk, FindsAnotherPayloadUnderAHeaderThatItKnows) {
  Pair pair;
  (void)pair.publish_all();
  EXPECT_EQ(pair.hears("first"), "text of first");
  auto message = pair.message_of("an answer", kAlicesDevice, pair.bob);
  EXPECT_EQ(view_in(pair.ours->opened("alice", message)).text(), "an answer");
  EXPECT_EQ(view_in(pair.ours->opened("alice", message)).get("again"), "yes");
  EXPECT_EQ(breaches_of(*pair.ours), "");
  message.child("encrypted")->child("payload")->set_text(to_base64("something"));
  const auto seen = pair.ours->opened("alice", message);
  EXPECT_EQ(view_in(seen).get("unopened"), "duplicate");
  EXPECT_EQ(view_in(seen).text(), "");
  EXPECT_EQ(breaches_of(*pair.ours), "message-keys-once ");
}

TEST(OmemoTalk, FindsKeysThatNobodyCanUse) {
  Pair pair;
  auto bundle = pair.bundle();
  bundle.keys.signature[3] ^= 1;
  (void)pair.publish(omemo::bundle_node(kAlicesDevice), omemo::bundle_element(bundle));
  EXPECT_EQ(breaches_of(*pair.ours), "prekey-form ");
}

TEST(OmemoTalk, CountsThePrekeysThatWereUsed) {
  Pair pair;
  (void)pair.publish_all();
  EXPECT_EQ(pair.hears("first"), "text of first");
  const auto again =
      pair.publish(omemo::bundle_node(kAlicesDevice), omemo::bundle_element(pair.bundle()));
  EXPECT_EQ(again.child("pubsub")->child("opened")->get("used"), "1");
}

TEST(OmemoTalk, KnowsWhatNodesHold) {
  const auto listed = [](const std::string& account) {
    const Pair pair(account);
    const auto item = pair.view().item_of(kBob, std::string(omemo::kDeviceListNode));
    return item ? omemo::read_device_list(*item->child("list"))->size() : 0;
  };
  EXPECT_EQ(listed(""), 1U);
  EXPECT_EQ(listed("two-devices"), 2U);
  EXPECT_EQ(listed("second-device"), 1U);
  EXPECT_EQ(listed("no-devices"), 0U);
  const Pair pair;
  const auto bundle = pair.view().item_of(kBob, omemo::bundle_node(pair.bobs_id()));
  ASSERT_TRUE(bundle);
  EXPECT_TRUE(omemo::read_bundle(*bundle->child("bundle")));
  EXPECT_FALSE(pair.view().item_of(kBob, "another-node"));
  EXPECT_FALSE(pair.view().item_of("carol@parley.test", std::string(omemo::kDeviceListNode)));
}

TEST(OmemoTalk, ForgesNoBundleOnceEveryPrekeyWasUsed) {
  Pair pair;
  const auto forged = [&] {
    auto answer = xml::parse(
        "<iq from='bob@parley.test'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items>"
        "<item><bundle xmlns='eu.siacs.conversations.axolotl'/></item></items></pubsub></iq>");
    answer->child("pubsub")->child("items")->set("node", omemo::bundle_node(pair.bobs_id()));
    const auto change = forgery("bundle-signature-zeros");
    return pair.ours->seal(
        {.step = "bundle", .link = "alice", .element = std::move(*answer), .change = &change},
        pair.scope);
  };
  EXPECT_TRUE(forged());
  pair.use_every_prekey();
  const auto without = forged();
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Errc::not_found);
}

TEST(OmemoTalk, ForgesPayloadsThatAreNotRead) {
  for (const auto& forgery_row : omemo::payload_forgeries()) {
    Pair pair;
    (void)pair.publish_all();
    EXPECT_EQ(pair.hears("first"), "text of first");
    (void)pair.says("an answer");
    const auto change = forgery(forgery_row.name);
    EXPECT_EQ(pair.hears("forged", &change), "(payload)") << forgery_row.name;
    EXPECT_EQ(pair.hears("next"), "text of next") << forgery_row.name;
  }
}

TEST(OmemoTalk, ForgesMessagesThatAreNotRead) {
  for (const auto& row : signal::forgeries()) {
    if (row.kind != signal::ForgeryKind::msg || row.acceptance == signal::Acceptance::legal) {
      continue;
    }
    Pair pair;
    (void)pair.publish_all();
    EXPECT_EQ(pair.hears("first"), "text of first");
    (void)pair.says("an answer");
    const auto change = forgery(row.name);
    const auto sealed = pair.seal("forged", &change);
    if (!sealed) {
      EXPECT_EQ(sealed.error().code, Errc::unsupported) << row.name << sealed.error().detail;
      continue;
    }
    for (std::size_t i = 0; i + 1 < sealed->size(); ++i) {
      (void)pair.reads((*sealed)[i]);
    }
    EXPECT_TRUE(pair.reads(sealed->back()).starts_with("(")) << row.name;
    EXPECT_EQ(pair.hears("next"), "text of next") << row.name;
  }
}

TEST(OmemoTalk, RefusesChangesThatItsMessagesCannotHave) {
  Pair pair;
  (void)pair.publish_all();
  const model::Change of_content{.step = "", .edit = model::ContentEdit{.padding = 3}};
  const model::Change of_version{.step = "", .edit = model::EncryptionEdit{.version = 35}};
  for (const auto* change : {&of_content, &of_version}) {
    const auto sealed = pair.seal("first", change);
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().code, Errc::unsupported);
  }
}

TEST(OmemoTalk, EncryptsTheTextThatAChangeMakes) {
  Pair pair;
  (void)pair.publish_all();
  model::ContentEdit edit;
  edit.octets.append = " and more";
  const model::Change change{.step = "", .edit = edit};
  EXPECT_EQ(pair.hears("first", &change), "text of first and more");
  EXPECT_TRUE(pair.ours->was_written("text of first and more"));
}

// What a mutation makes may still be authentic: then the next message must not have the same key.
TEST(OmemoTalk, UsesTheKeyOfAMutatedMessageUp) {
  Pair pair;
  (void)pair.publish_all();
  EXPECT_EQ(pair.hears("first"), "text of first");
  (void)pair.says("an answer");
  model::EncryptionEdit edit;
  edit.octets.mutate = {.by = "octets", .seed = 1};
  const model::Change change{.step = "", .edit = edit};
  ASSERT_TRUE(pair.seal("mutated", &change));
  EXPECT_EQ(pair.hears("next"), "text of next");
  EXPECT_EQ(pair.scope.values["next.counter"], "1");
}

TEST(OmemoTalk, MutatesAMessageThatWouldBeLateAsTheNext) {
  Pair pair;
  (void)pair.publish_all();
  EXPECT_EQ(pair.hears("first"), "text of first");
  pair.scope.values["late.late"] = "a step that has overtaken nothing";
  model::EncryptionEdit edit;
  edit.octets.mutate = {.by = "octets", .seed = 1};
  const model::Change change{.step = "", .edit = edit};
  EXPECT_TRUE(pair.seal("late", &change));
  EXPECT_EQ(pair.seal("late", nullptr).error().code, Errc::not_found);
}

TEST(OmemoTalk, SendsWhatWasSentOnceMore) {
  Pair pair;
  (void)pair.publish_all();
  EXPECT_EQ(pair.hears("first"), "text of first");
  const model::Change replay{.step = "", .edit = model::EncryptionEdit{.replay = "first"}};
  EXPECT_EQ(pair.hears("again", &replay), "(duplicate)");
  EXPECT_EQ(pair.hears("next"), "text of next");
}

TEST(OmemoTalk, IsForClientsUnderTest) {
  Pair pair;
  pair.run.suts = {model::Party::gatekeeper_server};
  EXPECT_EQ(OmemoTalk::of(pair.run, pair.scope.values, Rng(5)), nullptr);
}

}  // namespace
}  // namespace parley::engine
