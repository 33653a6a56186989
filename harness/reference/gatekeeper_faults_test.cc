// SPDX-License-Identifier: GPL-3.0-or-later
// Each fault of the gatekeeper shows on the wire, and what it breaks holds without it.
#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "harness/crypto/scram.h"
#include "harness/reference/gatekeeper_house.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference {
namespace {

// One user's octets after login, and what another user and the sender get before a fence.
struct Heard {
  std::string juliet;
  std::string romeo;
};
asio::awaitable<Heard> say(std::vector<std::string> faults, std::string octets) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire juliet = co_await house.login("juliet", "nurse", "balcony");
  Wire romeo = co_await house.login("romeo", "rosaline", "orchard");
  juliet.all.clear();
  co_await juliet.ask("<presence/><iq type='get' id='j1'><ping xmlns='urn:xmpp:ping'/></iq>", "j1");
  juliet.all.clear();
  romeo.all.clear();
  co_await romeo.write(std::move(octets));
  co_await romeo.ask("<iq type='get' id='r1'><ping xmlns='urn:xmpp:ping'/></iq>", "r1");
  co_await juliet.ask("<iq type='get' id='j2'><ping xmlns='urn:xmpp:ping'/></iq>", "j2");
  co_await house.keeper->stop();
  Heard heard{.juliet = juliet.all, .romeo = romeo.all};
  co_return heard;
}

const std::string kHello =
    "<message to='juliet@parley.test' type='chat' id='m'><body>hello</body></message>";

TEST(Gatekeeper, DeliversAMessageWithTheFullAddressOfItsSender) {
  const Heard heard = testkit::run_to_end(say({}, kHello));
  EXPECT_NE(heard.juliet.find("from='romeo@parley.test/orchard'"), std::string::npos)
      << heard.juliet;
  EXPECT_NE(heard.juliet.find("<body>hello</body>"), std::string::npos) << heard.juliet;
}

// What one user writes, and what must come on one side without a fault and not with it, or the
// other way round.
struct Bent {
  const char* fault;
  std::string octets;
  std::string without;  // in one of both ears when there is no fault, and not with it
  std::string with;     // the reverse
};
void PrintTo(const Bent& bent, std::ostream* out) { *out << bent.fault; }
class FaultShows : public testing::TestWithParam<Bent> {};

bool in(const Heard& heard, const std::string& text) {
  return (heard.juliet + heard.romeo).find(text) != std::string::npos;
}

TEST_P(FaultShows, OnTheWire) {
  const Bent& bent = GetParam();
  const Heard good = testkit::run_to_end(say({}, bent.octets));
  const Heard bad = testkit::run_to_end(say({bent.fault}, bent.octets));
  const std::string heard =
      "without: " + good.juliet + "\n" + good.romeo + "\nwith: " + bad.juliet + "\n" + bad.romeo;
  if (!bent.without.empty()) {
    EXPECT_TRUE(in(good, bent.without)) << heard;
    EXPECT_FALSE(in(bad, bent.without)) << heard;
  }
  if (!bent.with.empty()) {
    EXPECT_FALSE(in(good, bent.with)) << heard;
    EXPECT_TRUE(in(bad, bent.with)) << heard;
  }
}

std::string message(const std::string& inside) {
  return "<message to='juliet@parley.test' type='chat'>" + inside + "</message>";
}

INSTANTIATE_TEST_SUITE_P(
    Gatekeeper, FaultShows,
    testing::Values(
        Bent{"gk-from-not-stamped", kHello, "from='romeo@parley.test/orchard'", ""},
        Bent{"gk-from-bare", kHello, "", "from='romeo@parley.test'"},
        Bent{"gk-answers-twice", "<iq type='get' id='q'><x xmlns='urn:x'/></iq>", "",
             "r1' to='romeo@parley.test/orchard'/><iq type='result' id='r1"},
        Bent{"gk-accepts-comment", message("<body>a<!-- > -->b</body>"), "restricted-xml",
             "<body>ab<"},
        Bent{"gk-accepts-pi", message("<body>a<?p i?>b</body>"), "restricted-xml", "<body>ab<"},
        Bent{"gk-accepts-doctype", "<!DOCTYPE x [<!ENTITY a 'b'>]>" + kHello, "stream:error",
             "hello"},
        Bent{"gk-accepts-invalid-utf8",
             message("<body>a\xFF"
                     "b</body>"),
             "bad-format", "\xEF\xBF\xBD"},
        Bent{"gk-accepts-duplicate-attribute", message("<body a='1' a='2'>dup</body>"),
             "not-well-formed", "dup</body>"},
        Bent{"gk-accepts-unbound-prefix", message("<body>pre</body><a:b/>"), "not-well-formed",
             "pre</body>"},
        Bent{"gk-accepts-control-characters",
             message("<body>a\x01"
                     "b&#2;c</body>"),
             "not-well-formed", "abc"},
        Bent{"gk-accepts-undefined-entity", message("<body>a&foo;b</body>"), "not-well-formed",
             "a&amp;foo;b"},
        Bent{"gk-accepts-mismatched-tags", message("<body>mis</boddy>"), "not-well-formed",
             "mis</body>"},
        Bent{"gk-accepts-text-between-stanzas", "text" + kHello, "bad-format", "hello"},
        Bent{"gk-acts-on-partial",
             "<message to='juliet@parley.test' type='chat'><body>part</body></wrong>", "",
             "part</body>"},
        Bent{"gk-wrong-condition", message("<body>x</b>") + kHello, "not-well-formed", "hello"},
        Bent{"gk-stream-error-keeps-open", "<odd/>" + kHello, "", "hello"},
        Bent{"gk-size-unbounded", message("<body>" + std::string(300'000, 'y') + "</body>"),
             "policy-violation", "yyyy"},
        Bent{"gk-depth-unbounded", message([] {
               std::string out;
               for (int i = 0; i < 100; ++i) out = "<d xmlns='urn:d'>" + out + "</d>";
               return out;
             }()),
             "policy-violation", "urn:d"},
        Bent{"gk-whitespace-breaks", " ", "r1", ""},
        Bent{"gk-forged-from-accepted",
             "<message from='mercutio@parley.test' to='juliet@parley.test' "
             "type='chat'><body>f</body></message>",
             "invalid-from", "from='mercutio@parley.test'"},
        Bent{"gk-forged-resource-accepted",
             "<message from='romeo@parley.test/other' to='juliet@parley.test' "
             "type='chat'><body>f</body></message>",
             "invalid-from", "from='romeo@parley.test/other'"},
        Bent{"gk-foreign-domain-from-accepted",
             "<message from='a@b.example' to='juliet@parley.test' "
             "type='chat'><body>f</body></message>",
             "invalid-from", "from='a@b.example'"},
        Bent{"gk-unknown-stanza-ignored", "<odd/>", "unsupported-stanza-type", ""},
        Bent{"gk-accepts-empty-iq", "<iq type='get' id='q'/>", "bad-request",
             "type='result' id='q'"},
        Bent{"gk-accepts-two-children", "<iq type='get' id='q'><a xmlns='a'/><b xmlns='b'/></iq>",
             "bad-request", "type='result' id='q'"},
        Bent{"gk-iq-without-id-accepted", "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
             "bad-request", ""},
        Bent{"gk-unknown-type-accepted", "<iq type='ask' id='q'><a xmlns='a'/></iq>", "bad-request",
             "type='result' id='q'"},
        Bent{"gk-unknown-namespace-result", "<iq type='get' id='q'><a xmlns='urn:a'/></iq>",
             "service-unavailable", "type='result' id='q'"},
        Bent{"gk-answers-results", "<iq type='result' id='q'/>", "", "type='error' id='q'"},
        Bent{"gk-wrong-id", "<iq type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>", "id='q'",
             "id='qx'"},
        Bent{"gk-reorders", message("<body>one</body>") + message("<body>two</body>"),
             "<body>one</body></message><message to='juliet@parley.test' type='chat' "
             "from='romeo@parley.test/orchard'><body>two",
             "<body>two</body></message><message to='juliet@parley.test' type='chat' "
             "from='romeo@parley.test/orchard'><body>one"},
        Bent{"gk-drops-unknown-children", message("<x xmlns='urn:y'/><body>z</body>"), "urn:y", ""},
        Bent{"gk-strips-subject", message("<subject>s</subject><body>z</body>"), "subject", ""},
        Bent{"gk-escapes-wrongly", message("<body>&amp;lt;b&amp;gt;</body>"), "&amp;lt;b",
             "<body>&lt;b"},
        Bent{"gk-cdata-dropped", message("<body>a<![CDATA[<]]>b</body>"), "a&lt;b", "<body>ab<"},
        Bent{"gk-truncates-long-body", message("<body>" + std::string(2000, 'l') + "</body>"),
             std::string(1001, 'l'), ""},
        Bent{"gk-no-error-for-absent-user", "<message to='nobody@parley.test' id='q'/>",
             "service-unavailable", ""},
        Bent{"gk-error-for-error", "<message type='error' to='nobody@parley.test' id='q'/>", "",
             "service-unavailable"},
        Bent{"gk-malformed-jid-accepted", "<message to='a@@b' id='q'/>", "jid-malformed", ""},
        Bent{"gk-foreign-domain-dropped", "<message to='a@b.example' id='q'/>",
             "remote-server-not-found", ""},
        Bent{"gk-second-bind-accepted",
             "<iq type='set' id='q'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
             "not-allowed", ""},
        Bent{"gk-sm-wrong-count", "<enable xmlns='urn:xmpp:sm:3'/><r xmlns='urn:xmpp:sm:3'/>",
             "h='0'", "h='1'"},
        Bent{"gk-sm-unanswered", "<enable xmlns='urn:xmpp:sm:3'/><r xmlns='urn:xmpp:sm:3'/>",
             "h='0'", ""},
        Bent{"gk-jid-case-sensitive",
             "<message to='JULIET@parley.test' type='chat'><body>case</body></message>", "case",
             "service-unavailable"},
        Bent{"gk-directed-presence-lost", "<presence to='juliet@parley.test'/>", "<presence", ""},
        Bent{"gk-subscribe-not-delivered", "<presence type='subscribe' to='juliet@parley.test'/>",
             "type='subscribe'", ""},
        Bent{"gk-subscribe-auto-approved",
             "<presence/><presence type='subscribe' to='juliet@parley.test'/>", "",
             "type='subscribed'"},
        Bent{"gk-prefix-unknown", message("<c:body xmlns:c='jabber:client'>p</c:body>"),
             "<body>p</body>", ""},
        Bent{"gk-double-quotes-unread",
             "<message type=\"chat\" to='juliet@parley.test'><body>q</body></message>",
             "to='juliet@parley.test'", ""},
        Bent{"gk-own-from-refused",
             "<message from='romeo@parley.test' to='juliet@parley.test' "
             "type='chat'><body>own</body></message>",
             "own</body>", "invalid-from"},
        Bent{"gk-roster-bad-item-accepted",
             "<iq type='set' id='q'><query xmlns='jabber:iq:roster'/></iq>", "bad-request",
             "type='result' id='q'"},
        Bent{"gk-roster-set-of-others",
             "<iq type='set' id='q' to='juliet@parley.test'><query xmlns='jabber:iq:roster'><item "
             "jid='a@parley.test'/></query></iq>",
             "service-unavailable", "type='result' id='q'"},
        Bent{"gk-roster-set-not-stored",
             "<iq type='set' id='q'><query xmlns='jabber:iq:roster'><item "
             "jid='a@parley.test'/></query></iq><iq type='get' id='q2'><query "
             "xmlns='jabber:iq:roster'/></iq>",
             "a@parley.test", ""}));

// What a third user and a second resource of the addressed one get of a message.
struct Overheard {
  std::string garden;
  std::string mercutio;
};
asio::awaitable<Overheard> overhear(std::vector<std::string> faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  house.keeper->enlist("mercutio", "mab", {});
  Wire juliet = co_await house.login("juliet", "nurse", "balcony");
  Wire garden = co_await house.login("juliet", "nurse", "garden");
  Wire mercutio = co_await house.login("mercutio", "mab", "street");
  Wire romeo = co_await house.login("romeo", "rosaline", "orchard");
  garden.all.clear();
  mercutio.all.clear();
  co_await romeo.write(
      "<message to='juliet@parley.test/balcony' type='chat'><body>hello</body></message>");
  co_await juliet.until("hello");
  const std::string fence = "<iq type='get' id='f1'><ping xmlns='urn:xmpp:ping'/></iq>";
  co_await garden.ask(fence, "f1");
  co_await mercutio.ask(fence, "f1");
  co_await house.keeper->stop();
  Overheard heard{.garden = garden.all, .mercutio = mercutio.all};
  co_return heard;
}

TEST(Gatekeeper, DeliversToTheAddressedResourceAlone) {
  const Overheard heard = testkit::run_to_end(overhear({}));
  EXPECT_EQ(heard.garden.find("hello"), std::string::npos) << heard.garden;
  EXPECT_EQ(heard.mercutio.find("hello"), std::string::npos) << heard.mercutio;
}

TEST(Gatekeeper, CopiesToOtherResourcesUnderThatFaultOnly) {
  const Overheard heard = testkit::run_to_end(overhear({"gk-copies-to-other-resources"}));
  EXPECT_NE(heard.garden.find("hello"), std::string::npos) << heard.garden;
  EXPECT_EQ(heard.mercutio.find("hello"), std::string::npos) << heard.mercutio;
}

TEST(Gatekeeper, CopiesToStrangersUnderThatFaultOnly) {
  const Overheard heard = testkit::run_to_end(overhear({"gk-copies-to-strangers"}));
  EXPECT_EQ(heard.garden.find("hello"), std::string::npos) << heard.garden;
  EXPECT_NE(heard.mercutio.find("hello"), std::string::npos) << heard.mercutio;
}

// Whether a message comes before a resource is bound.
asio::awaitable<std::string> wait_for_bind(std::vector<std::string> faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = co_await house.secure();
  co_await wire.ask(plain("romeo", "rosaline"), "<success");
  co_await wire.until(">");
  wire.all.clear();
  co_await wire.ask(kClientHeader, "</stream:features>");
  co_await wire.ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                    "</iq>");
  co_await house.keeper->stop();
  co_return wire.all;
}

TEST(Gatekeeper, GreetsBeforeTheBindingUnderThatFaultOnly) {
  const auto good = testkit::run_to_end(wait_for_bind({}));
  const auto bad = testkit::run_to_end(wait_for_bind({"gk-greets-before-bind"}));
  EXPECT_EQ(good.find("<message"), std::string::npos) << good;
  EXPECT_LT(bad.find("<message"), bad.find("<iq")) << bad;
}

// What a server says to `octets` in clear, or under TLS, before any login.
enum class Under { clear, tls };
asio::awaitable<std::string> greet(std::vector<std::string> faults, Under under,
                                   std::string octets) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = under == Under::tls ? co_await house.secure() : co_await house.connect();
  wire.got.clear();
  // The end of the stream is the fence: a server answers it after all that came before.
  co_await wire.write(octets + "</stream:stream>");
  const std::string out = co_await wire.to_end();
  co_await house.keeper->stop();
  co_return out;
}

struct BentGreeting {
  const char* fault;
  Under under;
  std::string octets;
  std::string without;
  std::string with;
};
void PrintTo(const BentGreeting& bent, std::ostream* out) { *out << bent.fault; }
class FaultShowsBeforeLogin : public testing::TestWithParam<BentGreeting> {};

TEST_P(FaultShowsBeforeLogin, OnTheWire) {
  const BentGreeting& bent = GetParam();
  const auto good = testkit::run_to_end(greet({}, bent.under, bent.octets));
  const auto bad = testkit::run_to_end(greet({bent.fault}, bent.under, bent.octets));
  EXPECT_NE(good.find(bent.without), std::string::npos) << good;
  EXPECT_EQ(bad.find(bent.without), std::string::npos) << bad;
  EXPECT_NE(bad.find(bent.with), std::string::npos) << bad;
}

std::string header(const std::string& attributes) {
  return "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' " + attributes + ">";
}
std::string sasl(const std::string& mechanism, const std::string& data) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='" + mechanism + "'>" + data +
         "</auth>";
}

INSTANTIATE_TEST_SUITE_P(
    Gatekeeper, FaultShowsBeforeLogin,
    testing::Values(
        BentGreeting{"gk-header-without-id", Under::clear, kClientHeader, " id='",
                     "<stream:stream"},
        BentGreeting{"gk-header-without-from", Under::clear, kClientHeader, " from='",
                     "<stream:stream"},
        BentGreeting{"gk-header-without-version", Under::clear, kClientHeader,
                     "version='1.0' xml:lang", "<stream:stream"},
        BentGreeting{"gk-header-without-lang", Under::clear, kClientHeader, "xml:lang",
                     "<stream:stream"},
        BentGreeting{"gk-features-missing", Under::clear, kClientHeader, "stream:features",
                     "</stream:stream>"},
        BentGreeting{"gk-no-close-answer", Under::clear, kClientHeader, "</stream:stream>", ""},
        BentGreeting{"gk-no-tls-required", Under::clear, kClientHeader, "<required/>", "PLAIN"},
        BentGreeting{"gk-accepts-any-host", Under::clear,
                     header("xmlns='jabber:client' version='1.0' to='x.test'"), "host-unknown",
                     "<stream:features>"},
        BentGreeting{"gk-accepts-any-content-namespace", Under::clear,
                     header("xmlns='urn:x' version='1.0' to='parley.test'"), "invalid-namespace",
                     "<stream:features>"},
        BentGreeting{"gk-accepts-any-stream-namespace", Under::clear,
                     "<stream:stream xmlns:stream='urn:x' xmlns='jabber:client' version='1.0' "
                     "to='parley.test'>",
                     "invalid-namespace", "<stream:features>"},
        BentGreeting{"gk-accepts-old-version", Under::clear,
                     header("xmlns='jabber:client' to='parley.test'"), "unsupported-version",
                     "<stream:features>"},
        BentGreeting{"gk-minor-version-refused", Under::clear,
                     header("xmlns='jabber:client' version='1.1' to='parley.test'"),
                     "<stream:features>", "unsupported-version"},
        BentGreeting{"gk-error-without-header", Under::clear,
                     header("xmlns='jabber:client' version='1.0' to='x.test'"), "<stream:stream",
                     "host-unknown"},
        BentGreeting{"gk-stream-error-without-close", Under::clear,
                     header("xmlns='jabber:client' version='1.0' to='x.test'"), "</stream:stream>",
                     "host-unknown"},
        BentGreeting{"gk-honours-before-login", Under::tls,
                     "<iq type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>", "not-authorized",
                     "type='result' id='q'"},
        BentGreeting{"gk-bind-before-login", Under::tls,
                     "<iq type='set' id='q'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                     "not-authorized", "<jid>"},
        BentGreeting{"gk-accepts-wrong-password", Under::tls, plain("romeo", "x"), "not-authorized",
                     "<success"},
        BentGreeting{"gk-accepts-unknown-user", Under::tls, plain("nobody", "x"), "not-authorized",
                     "<success"},
        BentGreeting{"gk-reveals-unknown-user", Under::tls, plain("nobody", "x"), "not-authorized",
                     "account-disabled"},
        BentGreeting{"gk-failure-without-condition", Under::tls, plain("romeo", "x"),
                     "not-authorized", "</failure>"},
        BentGreeting{"gk-accepts-any-mechanism", Under::tls,
                     sasl("X-ODD", to_base64(crypto::sasl_plain("", "romeo", "rosaline"))),
                     "invalid-mechanism", "<success"},
        BentGreeting{"gk-accepts-bad-base64", Under::tls,
                     sasl("PLAIN", "!" + to_base64(crypto::sasl_plain("", "romeo", "rosaline"))),
                     "incorrect-encoding", "<success"},
        BentGreeting{
            "gk-accepts-foreign-authzid", Under::tls,
            sasl("PLAIN", to_base64(crypto::sasl_plain("juliet@parley.test", "romeo", "rosaline"))),
            "invalid-authzid", "<success"},
        BentGreeting{
            "gk-acts-for-any-account", Under::tls,
            sasl("PLAIN", to_base64(crypto::sasl_plain("juliet@parley.test", "romeo", "rosaline"))),
            "invalid-authzid", "<success"},
        BentGreeting{"gk-ignores-abort", Under::tls,
                     "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "aborted",
                     "</stream:stream>"}));

}  // namespace
}  // namespace parley::reference
