// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include "harness/crypto/scram.h"
#include "harness/reference/gatekeeper_house.h"
#include "harness/reference/gatekeeper_jid.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference {
namespace {

asio::awaitable<std::string> scram_login() {
  House house(co_await asio::this_coro::executor);
  Wire wire = co_await house.secure();
  const std::string first = crypto::scram_client_first("romeo", "abcdef");
  std::string text = co_await wire.ask(
      "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>" +
          to_base64(first) + "</auth>",
      "</challenge>");
  const auto content = [](const std::string& element) {
    const auto start = element.find('>') + 1;
    return *from_base64(element.substr(start, element.find('<', start) - start));
  };
  const std::string server_first = content(text);
  const std::string final = *crypto::scram_client_final("rosaline", first, server_first);
  text = co_await wire.ask(
      "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + to_base64(final) + "</response>",
      "</success>");
  const bool right =
      crypto::scram_server_final_is_right("rosaline", first, server_first, content(text));
  co_await house.keeper->stop();
  co_return right ? "right" : "wrong: " + text;
}

TEST(Gatekeeper, LogsInWithScramAndProvesThatItKnowsThePassword) {
  EXPECT_EQ(testkit::run_to_end(scram_login()), "right");
}

// The two messages that the client signs in place of its first and the server's: the octets are the
// same, the final message says something else.
struct Claim {
  const char* fault;
  std::string header;  // of the client's first message
  std::string first;   // its rest
  bool nonce_again;    // the client's nonce counts as the server's
};
void PrintTo(const Claim& claim, std::ostream* out) { *out << claim.fault; }

asio::awaitable<std::string> claim_by_scram(std::vector<std::string> faults, Claim claim) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = co_await house.secure();
  std::string text = co_await wire.ask(
      "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>" +
          to_base64("n,,n=romeo,r=abcdef") + "</auth>",
      "</challenge>");
  const auto start = text.find('>') + 1;
  const auto challenge = *from_base64(text.substr(start, text.find('<', start) - start));
  const auto final = *crypto::scram_client_final(
      "rosaline", claim.header + claim.first, (claim.nonce_again ? "r=abcdef," : "") + challenge);
  text = co_await wire.ask(
      "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + to_base64(final) + "</response>",
      ">");
  co_await house.keeper->stop();
  co_return text;
}

class ClaimsByScram : public testing::TestWithParam<Claim> {};

TEST_P(ClaimsByScram, AreTakenUnderTheirFaultAlone) {
  const auto good = testkit::run_to_end(claim_by_scram({}, GetParam()));
  const auto bad = testkit::run_to_end(claim_by_scram({GetParam().fault}, GetParam()));
  EXPECT_TRUE(good.starts_with("<failure")) << good;
  EXPECT_TRUE(bad.starts_with("<success")) << bad;
}

INSTANTIATE_TEST_SUITE_P(Gatekeeper, ClaimsByScram,
                         testing::Values(Claim{"gk-scram-ignores-nonce", "n,,", "n=romeo", true},
                                         Claim{"gk-scram-ignores-channel-binding", "y,,",
                                               "n=romeo,r=abcdef", false}));

const std::string kHello =
    "<message to='juliet@parley.test' type='chat'><body>hello</body></message>";

asio::awaitable<std::string> answer_to_header(std::vector<std::string> faults, std::string octets) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = co_await house.connect();
  co_await wire.write(std::move(octets));
  const std::string out = co_await wire.to_end();
  const std::string end = wire.ended ? " (ended)" : "";
  co_await house.keeper->stop();
  co_return out + end;
}

struct BadHeader {
  std::string octets;
  std::string condition;
};
class RefusesHeader : public testing::TestWithParam<BadHeader> {};

TEST_P(RefusesHeader, WithItsConditionAfterAHeaderOfItsOwn) {
  const std::string heard = testkit::run_to_end(answer_to_header({}, GetParam().octets));
  EXPECT_TRUE(heard.starts_with("<?xml version='1.0'?><stream:stream")) << heard;
  EXPECT_NE(heard.find("<" + GetParam().condition + " xmlns"), std::string::npos) << heard;
  EXPECT_TRUE(heard.ends_with("</stream:stream> (ended)")) << heard;
}

INSTANTIATE_TEST_SUITE_P(
    Gatekeeper, RefusesHeader,
    testing::Values(
        BadHeader{"<stream:stream xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='other.test'>",
                  "host-unknown"},
        BadHeader{"<stream:stream xmlns='jabber:server' "
                  "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='parley.test'>",
                  "invalid-namespace"},
        BadHeader{"<stream:stream xmlns='jabber:client' xmlns:stream='urn:other' version='1.0' "
                  "to='parley.test'>",
                  "invalid-namespace"},
        BadHeader{"<stream:flow xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='parley.test'>",
                  "bad-format"},
        BadHeader{"<stream:stream xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams' to='parley.test'>",
                  "unsupported-version"},
        BadHeader{"<stream:stream xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams' version='0.9' to='parley.test'>",
                  "unsupported-version"},
        BadHeader{"<stream:stream <", "not-well-formed"},
        BadHeader{kClientHeader + kHello, "not-authorized"},
        BadHeader{kClientHeader + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><injected/>",
                  "policy-violation"}));

asio::awaitable<std::string> fail_often(std::vector<std::string> faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = co_await house.secure();
  std::string out;
  for (int i = 0; i < 3; ++i) {
    out += co_await wire.ask(plain("romeo", "wrong"), "</failure>");
  }
  co_await wire.write(plain("romeo", "wrong"));
  out += co_await wire.to_end();
  co_await house.keeper->stop();
  co_return out;
}

TEST(Gatekeeper, EndsTheStreamAfterTheFourthWrongPassword) {
  const std::string heard = testkit::run_to_end(fail_often({}));
  EXPECT_NE(heard.find("not-authorized"), std::string::npos) << heard;
  EXPECT_NE(heard.find("policy-violation"), std::string::npos) << heard;
}

TEST(Gatekeeper, AcceptsAWrongPasswordUnderAFault) {
  const std::string heard = testkit::run_to_end(fail_often({"gk-accepts-wrong-password"}));
  EXPECT_NE(heard.find("<success"), std::string::npos) << heard;
}

// Pre-login faults that let a client skip a stream.
asio::awaitable<std::string> skip_restart(std::vector<std::string> faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = co_await house.secure();
  co_await wire.ask(plain("romeo", "rosaline"), "</success>");
  co_await wire.write(
      "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  const std::string out = co_await wire.until("id='b'");
  co_await house.keeper->stop();
  co_return out;
}

TEST(Gatekeeper, BindsOnlyOnANewStream) {
  EXPECT_EQ(testkit::run_to_end(skip_restart({})), "");
  EXPECT_NE(testkit::run_to_end(skip_restart({"gk-no-restart-after-sasl"})), "");
}

asio::awaitable<std::string> inject(std::vector<std::string> faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire wire = co_await house.connect();
  co_await wire.ask(kClientHeader, "</stream:features>");
  co_await wire.ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + kClientHeader,
                    "proceed");
  if (wire.ended) {
    co_await house.keeper->stop();
    co_return "refused";
  }
  co_await wire.until(">");
  net::TlsClientOptions options{.ca_pem = house.keeper->ca_pem(), .host = "parley.test"};
  co_await wire.stream->start_tls(house.contexts, std::move(options), kPatience);
  const std::string out = co_await wire.until("</stream:features>");
  co_await house.keeper->stop();
  co_return out;
}

TEST(Gatekeeper, NeverTakesOctetsInClearForThoseUnderTls) {
  EXPECT_EQ(testkit::run_to_end(inject({})), "refused");
  EXPECT_NE(testkit::run_to_end(inject({"gk-starttls-injection"})).find("PLAIN"),
            std::string::npos);
}

// Presence of two users who subscribe to each other, then one leaves without a word.
asio::awaitable<std::string> befriend(std::vector<std::string> faults) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  Wire juliet = co_await house.login("juliet", "nurse", "balcony");
  Wire romeo = co_await house.login("romeo", "rosaline", "orchard");
  co_await juliet.ask("<presence/>", "<presence");
  co_await romeo.ask("<presence/><iq type='get' id='ro'><query xmlns='jabber:iq:roster'/></iq>",
                     "ro'");
  co_await romeo.write("<presence type='subscribe' to='juliet@parley.test'/>");
  co_await juliet.until("type='subscribe'");
  co_await juliet.write(
      "<presence type='subscribed' to='romeo@parley.test'/>"
      "<iq type='get' id='f1'><ping xmlns='urn:xmpp:ping'/></iq>");
  co_await juliet.until("f1");
  co_await romeo.ask("<iq type='get' id='f2'><ping xmlns='urn:xmpp:ping'/></iq>", "f2");
  juliet.stream->reset();
  co_await romeo.ask("<iq type='get' id='f3'><ping xmlns='urn:xmpp:ping'/></iq>", "f3");
  co_await romeo.ask("<iq type='get' id='f4'><ping xmlns='urn:xmpp:ping'/></iq>", "f4");
  co_await house.keeper->stop();
  co_return romeo.all;
}

TEST(Gatekeeper, ShowsPresenceToSubscribersAndItsEndWhenTheConnectionBreaks) {
  const std::string heard = testkit::run_to_end(befriend({}));
  EXPECT_NE(heard.find("ask='subscribe'"), std::string::npos) << heard;
  EXPECT_NE(heard.find("type='subscribed'"), std::string::npos) << heard;
  EXPECT_NE(heard.find("subscription='to'"), std::string::npos) << heard;
  EXPECT_NE(heard.find("from='juliet@parley.test/balcony'"), std::string::npos) << heard;
  EXPECT_NE(heard.find("type='unavailable'"), std::string::npos) << heard;
}

TEST(Gatekeeper, HidesTheEndOfAPresenceUnderAFault) {
  EXPECT_EQ(testkit::run_to_end(befriend({"gk-no-unavailable"})).find("unavailable"),
            std::string::npos);
}

asio::awaitable<std::string> good_bye() {
  House house(co_await asio::this_coro::executor);
  Wire romeo = co_await house.login("romeo", "rosaline", "orchard");
  co_await romeo.write("</stream:stream>");
  const std::string out = co_await romeo.to_end();
  const std::string end = romeo.ended ? " (ended)" : "";
  co_await house.keeper->stop();
  co_return out + end;
}

TEST(Gatekeeper, AnswersTheEndOfTheStreamAndCloses) {
  EXPECT_EQ(testkit::run_to_end(good_bye()), "</stream:stream> (ended)");
}

asio::awaitable<std::string> drive() {
  House house(co_await asio::this_coro::executor);
  std::string out;
  const auto call = [&](const std::string& method, const nlohmann::json& params) {
    const RpcResult result = house.keeper->handle(method, params);
    out += result ? result->dump() : std::to_string(result.error().code);
    out += '\n';
  };
  call("enlist", {{"user", "Tybalt"}, {"password", "x"}, {"faults", {"gk-wrong-id"}}});
  call("enlist", {{"user", "tybalt"}, {"password", "x"}, {"faults", {"gk-wrong"}}});
  call("reset", {{"user", "tybalt"}});
  call("connect", nlohmann::json::object());
  call("canary-x", nlohmann::json::object());
  co_await house.keeper->stop();
  co_return out;
}

TEST(Gatekeeper, SpeaksTheDriverProtocol) {
  EXPECT_EQ(testkit::run_to_end(drive()), "{}\n-32602\n{}\n-32001\n-32601\n");
}

// What a fault breaks: a clause of one of these.
constexpr std::array<std::string_view, 8> kSources{"RFC ",       "XEP-",         "X3DH section",
                                                   "DR section", "SP 800-38D",   "DMA Art.",
                                                   "libsignal ", "good practice"};

TEST(Faults, HaveEachTheNameOfTheirEnumerator) {
  EXPECT_EQ(to_string(Fault::gk_header_without_id), "gk-header-without-id");
  EXPECT_EQ(to_string(Fault::tp_shows_error_as_message), "tp-shows-error-as-message");
  EXPECT_EQ(find_fault("gk-lang-lost"), Fault::gk_lang_lost);
  EXPECT_EQ(find_fault("tp-header-without-to"), Fault::tp_header_without_to);
  for (const FaultEntry& entry : faults()) {
    if (entry.profile != "xmpp") {
      continue;
    }
    const bool server = entry.name.starts_with("gk-");
    EXPECT_EQ(entry.party, server ? "gatekeeper.server" : "third-party.client") << entry.name;
    EXPECT_TRUE(std::ranges::any_of(kSources, [&](std::string_view source) {
      return entry.breaks.find(source) != entry.breaks.npos;
    })) << entry.name;
  }
}

TEST(ParseJid, KeepsSlashAndAtInsideTheResourceAndMapsCase) {
  const auto jid = parse_jid(
      "\xC3\x84"
      "Bc@Example.COM/a/b@C");
  ASSERT_TRUE(jid);
  EXPECT_EQ(jid->full(),
            "\xC3\xA4"
            "bc@example.com/a/b@C");
  for (const char* bad :
       {"", "@b", "a@", "a@b/", "a@b@c", "a b@c", "a<@b", "a@-b", "a@b..c", "/r"}) {
    EXPECT_FALSE(parse_jid(bad)) << bad;
  }
}

}  // namespace
}  // namespace parley::reference
