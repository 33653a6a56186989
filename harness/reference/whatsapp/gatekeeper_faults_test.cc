// SPDX-License-Identifier: GPL-3.0-or-later
// Each fault of the gatekeeper for `whatsapp` that acts on a stanza shows on the wire, and what it
// breaks holds without it. Those before and around login: gatekeeper_login_faults_test.cc.
#include <gtest/gtest.h>

#include "harness/reference/whatsapp/client_keys.h"
#include "harness/reference/whatsapp/gatekeeper_house.h"
#include "harness/reference/whatsapp/prekeys.h"
#include "harness/testkit/run_to_end.h"
#include "harness/wire/deflate.h"

namespace parley::reference::whatsapp {
namespace {

// Everybody is logged in, juliet sees the presence of the others; romeo says `stanzas`. What all
// have heard before a fence, then the bodies and acknowledgements of each.
asio::awaitable<std::string> say(std::vector<std::string> faults, std::vector<Bytes> stanzas) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Phone romeo = co_await house.login("romeo", third_party(100, "rosaline"));
  Phone namesake = co_await house.login("namesake", third_party(100, "rosalind"));
  Phone tybalt = co_await house.login("tybalt", third_party(300, "cat"));
  Phone juliet = co_await house.login("juliet", native(200, "nurse"));
  co_await juliet.say_text("<presence type='subscribe' to='12-300@interop'/>");
  co_await juliet.fence("j1");
  for (const auto& stanza : stanzas) {
    co_await romeo.say(stanza);
  }
  std::string out;
  for (Phone* one : {&romeo, &namesake, &tybalt, &juliet}) {
    co_await one->fence("f1");
    out += one->all + one->name + " got: " + one->bodies + ";\n" + one->name +
           " acks: " + one->acks + ";\n";
  }
  co_await house.keeper->stop();
  co_return out;
}

struct Bent {
  const char* fault;
  std::vector<Bytes> stanzas;
  std::string without;  // in what is heard when there is no fault, and not with it
  std::string with;     // the reverse
};
void PrintTo(const Bent& bent, std::ostream* out) { *out << bent.fault; }
class WhatsAppFaultShows : public testing::TestWithParam<Bent> {};

TEST_P(WhatsAppFaultShows, OnTheWire) {
  const Bent& bent = GetParam();
  const std::string good = testkit::run_to_end(say({}, bent.stanzas));
  const std::string bad = testkit::run_to_end(say({bent.fault}, bent.stanzas));
  const std::string heard = "without:\n" + good + "\nwith:\n" + bad;
  ASSERT_FALSE(bent.without.empty() && bent.with.empty());
  if (!bent.without.empty()) {
    EXPECT_NE(good.find(bent.without), std::string::npos) << heard;
    EXPECT_EQ(bad.find(bent.without), std::string::npos) << heard;
  }
  if (!bent.with.empty()) {
    EXPECT_EQ(good.find(bent.with), std::string::npos) << heard;
    EXPECT_NE(bad.find(bent.with), std::string::npos) << heard;
  }
}

Bytes octets(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) {
    out += static_cast<char>(value);
  }
  return out;
}

Bytes literal(const Bytes& text) { return octets({252, static_cast<int>(text.size())}) + text; }

Bytes pair(const Bytes& key, const Bytes& value) { return literal(key) + literal(value); }

Bytes interop_jid(int form, int integrator, const Bytes& number, const Bytes& tail) {
  return octets({form}) + literal(number) + octets({0, 0, 0, integrator}) + tail;
}

// A message in pieces, so that each can be bent.
struct Pieces {
  Bytes flags = octets({0});
  Bytes id = literal("m1");
  Bytes to = literal("200@s.whatsapp.net");
  Bytes more{};  // further attributes
  int more_pairs = 0;
  int children = 1;
  Bytes before_enc{};  // a child
  Bytes body = literal("hello");
  Bytes tail{};
};

Bytes build(const Pieces& pieces) {
  return pieces.flags + octets({248, 8 + 2 * pieces.more_pairs}) + literal("message") +
         literal("id") + pieces.id + literal("to") + pieces.to + pair("type", "text") +
         pieces.more + octets({248, pieces.children}) + pieces.before_enc + octets({248, 6}) +
         literal("enc") + pair("v", "2") + pair("type", "msg") + pieces.body + pieces.tail;
}

Bytes deflated(const Pieces& pieces) {
  return octets({2}) + wire::deflate(build(pieces).substr(1));
}

Bytes long_body(std::size_t size) {
  return octets({254, static_cast<int>(size >> 24 & 255), static_cast<int>(size >> 16 & 255),
                 static_cast<int>(size >> 8 & 255), static_cast<int>(size & 255)}) +
         "hello" + Bytes(size - 5, 'x');
}

Bytes deep(int depth) {
  Bytes out = octets({248, 1}) + literal("x");
  for (int i = 1; i < depth; ++i) {
    out = octets({248, 2}) + literal("x") + octets({248, 1}) + out;
  }
  return out;
}

Bytes many_pairs(int count) {
  Bytes out;
  for (int i = 0; i < count; ++i) {
    out += pair("a" + std::to_string(i), "x");
  }
  return out;
}

const std::string kGood = "<enc v='2' type='msg'>hello</enc>";
const std::string kRefused = "romeo: <stream:error code='400'/>";

INSTANTIATE_TEST_SUITE_P(
    Octets, WhatsAppFaultShows,
    testing::Values(
        Bent{"wg-accepts-unknown-flags", {build({.flags = octets({1})})}, kRefused, kGood},
        Bent{"wg-ignores-flags", {build({.flags = octets({255})})}, kRefused, kGood},
        Bent{"wg-refuses-deflated", {deflated({})}, kGood, kRefused},
        Bent{"wg-inflates-without-bound",
             {deflated({.body = long_body(2'000'000)})},
             kRefused,
             "juliet got: hello"},
        Bent{"wg-accepts-list-size-zero",
             {build({.children = 2, .before_enc = octets({248, 0})})},
             kRefused,
             kGood},
        Bent{"wg-accepts-empty-tag",
             {build({.children = 2, .before_enc = octets({248, 1, 0})})},
             kRefused,
             kGood},
        Bent{"wg-accepts-missing-content",
             {octets({0, 248, 10}) + literal("iq") + pair("id", "q1") + pair("type", "get") +
              pair("xmlns", "w:p") + pair("to", "s.whatsapp.net")},
             kRefused,
             "romeo: <iq id='q1' type='result'"},
        Bent{"wg-accepts-broken-deflate",
             {octets({2, 0x78, 1, 1, static_cast<int>(build({}).size()) - 1, 0, 0, 0}) +
              build({}).substr(1) + octets({0, 0, 0, 0})},
             kRefused,
             kGood},
        Bent{"wg-refuses-wide-list",
             {octets({0, 249, 0, 8}) + build({}).substr(3)},
             kGood,
             kRefused},
        Bent{"wg-refuses-long-length",
             {build({.body = octets({254, 0, 0, 0, 5}) + "hello"})},
             kGood,
             kRefused},
        Bent{"wg-accepts-unknown-tag",
             {build({.more = literal("x") + octets({240}), .more_pairs = 1})},
             kRefused,
             kGood},
        Bent{"wg-refuses-empty-value",
             {build({.more = literal("x") + octets({0}), .more_pairs = 1})},
             kGood,
             kRefused},
        Bent{"wg-refuses-rare-jids",
             {build({.to = octets({250}) + literal("200") + literal("s.whatsapp.net")})},
             kGood,
             kRefused},
        Bent{"wg-refuses-content-strings",
             {build({.children = 2,
                     .before_enc = octets({248, 2}) + literal("x") + octets({255, 1, 0x12})})},
             kGood,
             kRefused},
        Bent{"wg-refuses-packed", {build({.id = octets({255, 1, 0x12})})}, kGood, kRefused},
        Bent{"wg-accepts-trailing-octets", {build({.tail = "xx"})}, kRefused, kGood},
        Bent{"wg-accepts-unknown-token",
             {build({.more = literal("x") + octets({17}), .more_pairs = 1})},
             kRefused,
             kGood},
        Bent{"wg-accepts-length-beyond",
             {build({.body = octets({252, 10}) + "hello"})},
             kRefused,
             kGood},
        Bent{"wg-refuses-masked-bits",
             {build({.body = octets({253, 0xF0, 0, 5}) + "hello"})},
             kGood,
             kRefused},
        Bent{"wg-accepts-bad-nibble", {build({.id = octets({255, 1, 0xC1})})}, kRefused, kGood},
        Bent{"wg-odd-flag-ignored",
             {build({.id = octets({255, 0x82, 0x12, 0x3F})})},
             "id='123'",
             "id='1230'"},
        Bent{"wg-accepts-any-depth",
             {build({.children = 2, .before_enc = deep(100)})},
             kRefused,
             kGood},
        Bent{"wg-accepts-any-attributes",
             {build({.more = many_pairs(70), .more_pairs = 70})},
             kRefused,
             kGood},
        Bent{"wg-accepts-bad-utf8",
             {build({.more = pair("x", "\xC0\x80"), .more_pairs = 1})},
             kRefused,
             kGood},
        Bent{"wg-accepts-duplicate-keys",
             {build({.more = pair("id", "m2"), .more_pairs = 1})},
             kRefused,
             kGood},
        Bent{"wg-refuses-interop-with-server",
             {build({.to = interop_jid(245, 12, "300", literal("interop"))})},
             "tybalt got: hello",
             kRefused},
        Bent{"wg-refuses-interop-bare",
             {build({.to = interop_jid(245, 12, "300", "")})},
             "tybalt got: hello",
             kRefused},
        Bent{"wg-refuses-interop-tuple",
             {build({.to = interop_jid(244, 12, "300", octets({0}))})},
             "tybalt got: hello",
             kRefused},
        Bent{"wg-accepts-other-interop-server",
             {build({.to = interop_jid(245, 12, "300", literal("evil"))})},
             kRefused,
             "tybalt got: hello"},
        Bent{"wg-acts-on-partial",
             {build({}).substr(0, build({}).size() - 2)},
             kRefused,
             "juliet got: hel ;"},
        Bent{"wg-refuses-large-frames",
             {build({.body = long_body(70'000)})},
             "juliet got: hello",
             ""},
        Bent{"wg-counter-skips", {}, "romeo: <iq id='f1'", "romeo: undecryptable"},
        Bent{"wg-counter-restarts", {}, "romeo: <iq id='f1'", "romeo: undecryptable"},
        Bent{"wg-counter-shared", {}, "romeo: <iq id='f1'", "romeo: undecryptable"}));

Bytes text(const std::string& to, const std::string& id = "m1", const std::string& body = "hello",
           const std::string& more = "") {
  return octets_of("<message id='" + id + "' to='" + to + "' type='text' " + more +
                   "><enc v='2' type='msg'>" + body + "</enc></message>");
}

Bytes shaped(const std::string& children) {
  return octets_of("<message id='m1' to='200@s.whatsapp.net' type='text'>" + children +
                   "</message>");
}

const std::string kJuliet = "200@s.whatsapp.net";
const std::string kEnc = "<enc v='2' type='msg'>hello</enc>";
const std::string kAckError =
    "romeo: <ack class='message' id='m1' from='200@s.whatsapp.net' error='400'/>";

Bytes iq(const std::string& attributes, const std::string& children = "") {
  return octets_of("<iq id='q1' to='s.whatsapp.net' " + attributes + ">" + children + "</iq>");
}

Bytes typing(const std::string& children, const std::string& more = "") {
  return octets_of("<chatstate to='200@s.whatsapp.net' " + more + ">" + children + "</chatstate>");
}

INSTANTIATE_TEST_SUITE_P(
    Stanzas, WhatsAppFaultShows,
    testing::Values(
        Bent{"wg-integrator-lost", {text(kJuliet)}, "from='12-100@interop'", "from='100@interop'"},
        Bent{"wg-integrator-swapped",
             {text(kJuliet)},
             "from='12-100@interop'",
             "from='3072-100@interop'"},
        Bent{"wg-device-zero-shown",
             {text(kJuliet)},
             "from='12-100@interop'",
             "from='12-100:0@interop'"},
        Bent{"wg-integrators-merged",
             {text("13-100@interop")},
             "namesake got: hello ;",
             "romeo got: hello ;"},
        Bent{"wg-accepts-any-integrator",
             {text("1000-300@interop")},
             "error='400'",
             "tybalt got: hello ;"},
        Bent{"wg-accepts-malformed-jid",
             {text("+12--300@interop")},
             "error='400'",
             "tybalt got: hello ;"},
        Bent{"wg-iq-wrong-id",
             {iq("type='get' xmlns='w:p'")},
             "romeo: <iq id='q1'",
             "romeo: <iq id='q1x'"},
        Bent{"wg-iq-unanswered", {iq("type='get' xmlns='w:p'")}, "romeo: <iq id='q1'", ""},
        Bent{"wg-iq-answered-twice",
             {iq("type='get' xmlns='w:p'")},
             "",
             "romeo: <iq id='q1' type='result' from='s.whatsapp.net'/>\nromeo: <iq id='q1'"},
        Bent{"wg-answers-result", {iq("type='result'")}, "", "romeo: <iq id='q1'"},
        Bent{"wg-answers-error", {iq("type='error'")}, "", "romeo: <iq id='q1'"},
        Bent{"wg-accepts-zero-payloads",
             {iq("type='set' xmlns='passive'")},
             "<error code='400' text='bad-request'/>",
             "romeo: <iq id='q1' type='result'"},
        Bent{"wg-accepts-two-payloads",
             {iq("type='set' xmlns='passive'", "<active/><active/>")},
             "<error code='400' text='bad-request'/>",
             "romeo: <iq id='q1' type='result'"},
        Bent{"wg-accepts-unknown-xmlns",
             {iq("type='get' xmlns='urn:x'", "<x/>")},
             "<error code='501' text='feature-not-implemented'/>",
             "romeo: <iq id='q1' type='result'"},
        Bent{"wg-unknown-xmlns-unanswered",
             {iq("type='get' xmlns='urn:x'", "<x/>")},
             "<error code='501' text='feature-not-implemented'/>",
             ""},
        Bent{"wg-unknown-children-refused",
             {shaped(kEnc + "<odd/>")},
             "juliet got: hello ;",
             kAckError},
        Bent{"wg-from-message-not-enforced",
             {text(kJuliet, "m1", "hello", "from='12-300@interop'")},
             kAckError,
             "juliet: <message id='m1' from='12-300@interop'"},
        Bent{"wg-from-integrator-not-enforced",
             {text(kJuliet, "m1", "hello", "from='13-100@interop'")},
             kAckError,
             "juliet: <message id='m1' from='13-100@interop'"},
        Bent{"wg-from-receipt-not-enforced",
             {octets_of("<receipt id='r' to='200@s.whatsapp.net' from='12-300@interop'/>")},
             "",
             "juliet: <receipt id='r' from='12-300@interop'"},
        Bent{"wg-from-presence-not-enforced",
             {octets_of("<presence type='available' from='12-300@interop'/>")},
             "",
             "juliet: <presence from='12-300@interop'/>"},
        Bent{"wg-from-chatstate-not-enforced",
             {typing("<composing/>", "from='12-300@interop'")},
             "",
             "juliet: <chatstate from='12-300@interop'"},
        Bent{"wg-reorders-messages",
             {text(kJuliet, "m1", "one"), text(kJuliet, "m2", "two")},
             "juliet got: one two ;",
             "juliet got: two one ;"},
        Bent{"wg-drops-messages",
             {text(kJuliet, "m1", "one"), text(kJuliet, "m2", "two")},
             "juliet got: one two ;",
             "juliet got: one ;"},
        Bent{"wg-duplicates-messages",
             {text(kJuliet)},
             "juliet got: hello ;",
             "juliet got: hello hello ;"},
        Bent{"wg-delivers-to-stranger", {text(kJuliet)}, "tybalt got: ;", "tybalt got: hello ;"},
        Bent{"wg-no-ack", {text(kJuliet)}, "romeo acks: m1 ;", "romeo acks: ;"},
        Bent{"wg-ack-wrong-id", {text(kJuliet)}, "romeo acks: m1 ;", "romeo acks: m1x ;"},
        Bent{"wg-ack-wrong-class",
             {text(kJuliet)},
             "romeo: <ack class='message' id='m1'",
             "romeo: <ack class='receipt' id='m1'"},
        Bent{"wg-resend-delivered-twice",
             {text(kJuliet), text(kJuliet)},
             "juliet got: hello ;",
             "juliet got: hello hello ;"},
        Bent{"wg-resend-unacked",
             {text(kJuliet), text(kJuliet)},
             "romeo acks: m1 m1 ;",
             "romeo acks: m1 ;"},
        Bent{
            "wg-accepts-participants",
            {shaped("<participants><to jid='200@s.whatsapp.net'>" + kEnc + "</to></participants>")},
            kAckError,
            "juliet: <message id='m1' from='12-100@interop'"},
        Bent{"wg-accepts-two-enc",
             {shaped(kEnc + kEnc)},
             kAckError,
             "juliet: <message id='m1' from='12-100@interop'"},
        Bent{"wg-accepts-no-enc",
             {shaped("<body/>")},
             kAckError,
             "juliet: <message id='m1' from='12-100@interop'"},
        Bent{"wg-wraps-in-participants",
             {text(kJuliet)},
             "juliet got: hello ;",
             "<participants><enc v='2' type='msg'>hello</enc></participants>"},
        Bent{"wg-receipt-lost",
             {octets_of("<receipt id='r' to='200@s.whatsapp.net'/>")},
             "juliet: <receipt id='r' from='12-100@interop'",
             ""},
        Bent{"wg-receipt-unacked",
             {octets_of("<receipt id='r' to='200@s.whatsapp.net'/>")},
             "romeo: <ack class='receipt' id='r'",
             ""},
        Bent{"wg-chatstate-two-children",
             {typing("<composing/><paused/>")},
             "",
             "juliet: <chatstate from='12-100@interop'"},
        Bent{"wg-chatstate-unknown-child",
             {typing("<dancing/>")},
             "",
             "juliet: <chatstate from='12-100@interop'"},
        Bent{"wg-chatstate-without-child",
             {typing("")},
             "",
             "juliet: <chatstate from='12-100@interop'"}));

const std::string kFromTybalt = "from='12-300@interop'";

// An upload in tybalt's name, and a look at what tybalt's keys are then.
std::vector<Bytes> forged_upload() {
  const auto request = xml::parse("<iq id='q1' type='set' xmlns='encrypt' " + kFromTybalt + "/>");
  auto upload = wire::plain_namespaces(*request);
  write_upload(*upload, ClientKeys({}, Rng(1)).draw(0));
  return {wire::encode(*upload, {}).value_or("not encoded"),
          iq("type='get' xmlns='encrypt'", "<key><user jid='12-300@interop'/></key>")};
}

INSTANTIATE_TEST_SUITE_P(
    Senders, WhatsAppFaultShows,
    testing::Values(
        Bent{"wg-from-existing-not-enforced",
             {text(kJuliet, "m1", "hello", kFromTybalt)},
             kAckError,
             "juliet: <message id='m1' from='12-300@interop'"},
        Bent{"wg-from-device-shown",
             {text(kJuliet, "m1", "hello", "from='12-100:3@interop'")},
             "juliet: <message id='m1' from='12-100@interop'",
             "juliet: <message id='m1' from='12-100:3@interop'"},
        Bent{"wg-participant-passed-on",
             {text(kJuliet, "m1", "hello", "participant='12-300@interop'")},
             "",
             "participant='12-300@interop'"},
        Bent{"wg-upload-for-claimed-user", forged_upload(),
             "<user jid='12-300@interop'><error code='404'",
             "<user jid='12-300@interop'><registration>"},
        Bent{"wg-remembers-last-id",
             {text(kJuliet, "m1", "one"), text(kJuliet, "m2", "two"), text(kJuliet, "m1", "one")},
             "juliet got: one two ;",
             "juliet got: one two one ;"},
        Bent{"wg-enc-type-changed", {text(kJuliet)}, kGood, "<enc v='2' type='pkmsg'>hello</enc>"},
        Bent{"wg-may-drop-forged", {text(kJuliet, "m1", "hello", kFromTybalt)}, kAckError, ""},
        Bent{"wg-may-deliver-forged-as-own",
             {text(kJuliet, "m1", "hello", kFromTybalt)},
             kAckError,
             "juliet: <message id='m1' from='12-100@interop'"},
        Bent{"wg-may-refuse-forged-request",
             {iq("type='get' xmlns='w:p' " + kFromTybalt)},
             "romeo: <iq id='q1' type='result'",
             "<error code='400' text='bad-request'/>"},
        Bent{"wg-may-refuse-reused-id",
             {text(kJuliet, "m1", "one"), text(kJuliet, "m1", "two")},
             "",
             kAckError},
        Bent{"wg-may-keep-absence-quiet",
             {},
             "juliet: <presence from='12-300@interop' type='unavailable'/>",
             ""}));

}  // namespace
}  // namespace parley::reference::whatsapp
