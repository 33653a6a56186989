// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/preflight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/crypto/certificate.h"
#include "harness/crypto/scram.h"
#include "harness/net/stream.h"
#include "harness/sut/script_folder.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using crypto::LeafKind;
using testkit::run_to_end;

constexpr auto kPatience = 10'000ms;
const model::Profile kPlainProfile{};
const std::string kHeader =
    "<?xml version='1.0'?><stream:stream from='toy.test' id='1' version='1.0' "
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const std::string kTlsFeatures =
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
const std::string kSaslFeatures =
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    "<mechanism>PLAIN</mechanism></mechanisms></stream:features>";

std::int64_t now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

enum class Manner {
  xmpp,
  other_domain,  // host-unknown to everybody, under the name of toy.test
  xmpp_without_tls,
  echo,
  hangs_up,
  plain_with_proceed,
  plain_after_proceed
};

const std::string kScramFeatures =
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    "<mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>";
const std::string kOtherFeatures =
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    "<mechanism>EXTERNAL</mechanism></mechanisms></stream:features>";

const std::string kHostUnknown =
    "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    "</stream:stream>";

// A SUT as far as the preflight talks to it. It knows romeo, juliet and nurse, each with the
// password secret.
struct Toy {
  Manner manner = Manner::xmpp;
  crypto::Leaf leaf;
  bool direct = false;
  std::string features = kSaslFeatures;  // under TLS
  std::string header = kHeader;          // of another domain
};

// Reads until `mark` has come; false when it never does.
asio::awaitable<bool> until(net::Stream& stream, std::string mark) {
  std::string held;
  while (held.find(mark) == std::string::npos) {
    const auto event = co_await stream.read(kPatience);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      co_return false;
    }
    held += *octets;
    if (mark.starts_with('<') && held.starts_with('\x16')) {
      co_return false;  // a ClientHello where XML belongs
    }
  }
  co_return true;
}

// The text of the next element that ends with `end`; empty when none comes.
asio::awaitable<std::string> base64_before(net::Stream& stream, std::string end) {
  std::string held;
  while (held.find(end) == std::string::npos) {
    const auto event = co_await stream.read(kPatience);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      co_return "";
    }
    held += *octets;
  }
  held.resize(held.find(end));
  co_return held.substr(held.rfind('>') + 1);
}

std::string sasl(const std::string& name, const std::string& inner) {
  return "<" + name + " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + inner + "</" + name + ">";
}

asio::awaitable<void> serve_scram(net::Stream& stream) {
  const auto first = from_base64(co_await base64_before(stream, "</auth>"));
  const auto challenge = crypto::scram_server_first(*first, "toy", "salt", 4096);
  (void)co_await stream.write(sasl("challenge", to_base64(*challenge)));
  const auto proof = from_base64(co_await base64_before(stream, "</response>"));
  const auto credentials = crypto::scram_credentials("secret", "salt", 4096);
  const auto end = crypto::scram_server_final(credentials, *first, *challenge, *proof);
  (void)co_await stream.write(end ? sasl("success", to_base64(*end))
                                  : sasl("failure", "<not-authorized/>"));
}

asio::awaitable<void> serve_login(net::Stream& stream, std::string features) {
  if (!co_await until(stream, "<stream:stream")) {
    co_return;
  }
  (void)co_await stream.write(kHeader + features);
  if (features == kScramFeatures) {
    co_await serve_scram(stream);
    co_return;
  }
  const auto said = co_await base64_before(stream, "</auth>");
  bool right = false;
  for (const char* user : {"romeo", "juliet", "nurse"}) {
    right = right || said == to_base64(crypto::sasl_plain("", user, "secret"));
  }
  (void)co_await stream.write(right ? sasl("success", "") : sasl("failure", "<not-authorized/>"));
}

asio::awaitable<void> serve_one(net::Stream& stream, Toy toy, net::TlsContexts& contexts) {
  if (toy.manner == Manner::hangs_up) {
    co_return;
  }
  if (toy.manner == Manner::echo) {
    (void)co_await until(stream, "<");
    (void)co_await stream.write("220 mail.toy.test ESMTP\r\n");
    (void)co_await until(stream, "never");
    co_return;
  }
  if (!toy.direct) {
    if (!co_await until(stream, "<stream:stream")) {
      co_return;
    }
    if (toy.manner == Manner::other_domain) {
      (void)co_await stream.write(toy.header + kHostUnknown);
      co_return;
    }
    const bool plain = toy.manner == Manner::xmpp_without_tls;
    (void)co_await stream.write(kHeader + (plain ? kSaslFeatures : kTlsFeatures));
    if (plain || !co_await until(stream, "<starttls")) {
      co_return;
    }
    const bool at_once = toy.manner == Manner::plain_with_proceed;
    const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    (void)co_await stream.write(proceed + (at_once ? "<message/>" : ""));
    if (at_once) {
      (void)co_await until(stream, "never");
      co_return;
    }
    if (toy.manner == Manner::plain_after_proceed) {
      (void)co_await until(stream, "\x16");  // the ClientHello's record
      (void)co_await stream.write("<message>not TLS</message>");
      (void)co_await until(stream, "never");
      co_return;
    }
  }
  net::TlsServerOptions options{.chain_pem = toy.leaf.chain_pem, .key_pem = toy.leaf.key_pem};
  if (co_await stream.start_tls(contexts, options, kPatience)) {
    co_await serve_login(stream, toy.features);
  }
}

asio::awaitable<void> serve(net::Listener& listener, Toy toy) {
  net::TlsContexts contexts;
  while (auto stream = co_await listener.accept(0ms)) {
    co_await serve_one(*stream, toy, contexts);
    stream->close();
  }
}

asio::awaitable<std::vector<Check>> judged(model::Declaration declaration, net::Listener& starttls,
                                           net::Listener& direct) {
  auto checks = co_await preflight(co_await asio::this_coro::executor, declaration, kPlainProfile);
  starttls.close();
  direct.close();
  co_return checks;
}

// The SUT's listener for STARTTLS stands in the place of the one for direct TLS, and the other way
// round.
enum class Ports { right, swapped };

asio::awaitable<std::vector<Check>> checked(model::Declaration declaration, Toy toy,
                                            Ports ports = Ports::right) {
  using asio::experimental::awaitable_operators::operator&&;
  const auto executor = co_await asio::this_coro::executor;
  auto starttls = net::Listener::open(executor);
  auto direct = net::Listener::open(executor);
  Toy direct_toy = toy;
  direct_toy.direct = true;
  const bool swapped = ports == Ports::swapped;
  declaration.endpoints.emplace(swapped ? "direct-tls" : "starttls",
                                net::to_string((*starttls)->address()));
  declaration.endpoints.emplace(swapped ? "starttls" : "direct-tls",
                                net::to_string((*direct)->address()));
  auto checks = co_await (judged(declaration, **starttls, **direct) && serve(**starttls, toy) &&
                          serve(**direct, direct_toy));
  co_return checks;
}

// The failed checks, "what | detail | mend" each.
std::vector<std::string> failures(const std::vector<Check>& checks) {
  std::vector<std::string> out;
  for (const auto& check : checks) {
    if (!check.passed) {
      out.push_back(check.what + " | " + check.detail + " | " + check.mend);
    }
  }
  return out;
}

// The accounts that logged in.
std::vector<std::string> logins(const std::vector<Check>& checks) {
  std::vector<std::string> out;
  for (const auto& check : checks) {
    if (check.passed && check.what.ends_with("account logs in")) {
      out.push_back(check.detail);
    }
  }
  return out;
}

class PreflightTest : public testing::Test {
 protected:
  PreflightTest() : authority_(crypto::CertificateAuthority::make(Rng(1), now_s())) {
    folder_.write("toy.pem", authority_->pem());
    folder_.write("accounts.csv", "romeo,secret\njuliet,secret\nnurse,secret\n");
  }
  model::Declaration declaration() const {
    model::Declaration out;
    out.folder = folder_.path();
    out.endpoints = {{"domain", "toy.test"}, {"ca", "toy.pem"}};
    out.pool_file = "accounts.csv";
    return out;
  }
  Toy toy(Manner manner = Manner::xmpp, LeafKind kind = LeafKind::valid) const {
    return {.manner = manner, .leaf = *authority_->issue("toy.test", kind)};
  }
  Toy offering(const std::string& features) const {
    auto out = toy();
    out.features = features;
    return out;
  }
  // The mend of the first complaint about `field`; empty when there is none.
  std::string mend_of(const model::Declaration& declared, const Toy& sut,
                      const std::string& field) {
    for (const auto& check : run_to_end(checked(declared, sut))) {
      if (!check.passed && check.what.starts_with(field + ": ")) {
        return check.mend;
      }
    }
    return "";
  }
  // Expects that `field` is complained about with `detail`, and how to mend it.
  void expect_complaint(const model::Declaration& declared, const Toy& sut,
                        const std::string& field, const std::string& detail) {
    const auto checks = run_to_end(checked(declared, sut));
    const auto found = std::ranges::any_of(checks, [&](const Check& check) {
      return !check.passed && check.what.starts_with(field + ": ") && !check.mend.empty() &&
             check.detail.find(detail) != std::string::npos;
    });
    EXPECT_TRUE(found) << field << ": " << detail << "\n"
                       << testing::PrintToString(failures(checks));
  }
  ScriptFolder folder_;
  Result<crypto::CertificateAuthority> authority_;
};

TEST_F(PreflightTest, PassesARightDeclaration) {
  const auto checks = run_to_end(checked(declaration(), toy()));
  EXPECT_EQ(failures(checks), std::vector<std::string>());
  EXPECT_EQ(logins(checks), (std::vector<std::string>{"romeo", "juliet", "nurse"}));
}

TEST_F(PreflightTest, LogsInWithScramWherePlainIsNotOffered) {
  const auto checks = run_to_end(checked(declaration(), offering(kScramFeatures)));
  EXPECT_EQ(failures(checks), std::vector<std::string>());
  EXPECT_EQ(logins(checks), (std::vector<std::string>{"romeo", "juliet", "nurse"}));
}

TEST_F(PreflightTest, NamesTheMechanismThatIsNotOffered) {
  auto declared = declaration();
  declared.features = {"sasl-plain", "scram-sha-256"};
  expect_complaint(declared, toy(), "features", "does not offer SCRAM-SHA-256");
  expect_complaint(declared, offering(kScramFeatures), "features", "does not offer PLAIN");
  expect_complaint(declaration(), offering(kOtherFeatures), "identities/pool",
                   "neither PLAIN nor SCRAM-SHA-256");
}

TEST_F(PreflightTest, NamesWhatIsWrongWithTheCertificate) {
  const std::vector<std::pair<LeafKind, std::string>> rows{
      {LeafKind::expired, "has expired"},
      {LeafKind::not_yet_valid, "not yet valid"},
      {LeafKind::other_host, "names another host"},
      {LeafKind::self_signed, "unknown CA"},
      {LeafKind::unknown_ca, "CA"}};
  for (const auto& [kind, detail] : rows) {
    expect_complaint(declaration(), toy(Manner::xmpp, kind), "endpoints/starttls", detail);
    expect_complaint(declaration(), toy(Manner::xmpp, kind), "endpoints/direct-tls", detail);
  }
}

TEST_F(PreflightTest, NamesWhatIsWrongWithTheAddress) {
  expect_complaint(declaration(), toy(Manner::hangs_up), "endpoints/starttls", "closed");
  expect_complaint(declaration(), toy(Manner::echo), "endpoints/starttls", "not an XMPP stream");
  expect_complaint(declaration(), toy(Manner::echo), "endpoints/direct-tls", "");
  expect_complaint(declaration(), toy(Manner::xmpp_without_tls), "endpoints/starttls",
                   "no <starttls/>");
  expect_complaint(declaration(), toy(Manner::plain_with_proceed), "endpoints/starttls",
                   "after <proceed/>");
  expect_complaint(declaration(), toy(Manner::plain_after_proceed), "endpoints/starttls",
                   "not TLS");
  auto wrong = declaration();
  wrong.endpoints["starttls"] = "localhost";
  expect_complaint(wrong, toy(), "endpoints/starttls", "host:port");
  wrong.endpoints["starttls"] = "192.0.2.1:5222";
  expect_complaint(wrong, toy(), "endpoints/starttls", "not a loopback address");
  wrong.endpoints["starttls"] = "127.0.0.1:1";
  expect_complaint(wrong, toy(), "endpoints/starttls", "refused");
}

TEST_F(PreflightTest, SaysWhichTwoPortsAreSwapped) {
  const auto checks = run_to_end(checked(declaration(), toy(), Ports::swapped));
  std::size_t swaps = 0;
  for (const auto& check : checks) {
    if (!check.passed) {
      const auto at = check.mend.find("swap the two: endpoints/starttls: 127.0.0.1:");
      EXPECT_NE(at, std::string::npos)
          << check.what << " | " << check.detail << " | " << check.mend;
      ++swaps;
    }
  }
  EXPECT_EQ(swaps, 2u) << testing::PrintToString(failures(checks));
}

TEST_F(PreflightTest, SaysWhereAPortForDirectTlsBelongs) {
  auto wrong = declaration();
  wrong.endpoints["direct-tls"] = "";
  const auto checks = run_to_end(checked(wrong, toy(), Ports::swapped));
  const auto failed = failures(checks);
  ASSERT_EQ(failed.size(), 1u) << testing::PrintToString(failed);
  EXPECT_NE(failed[0].find("speaks TLS from the first octet"), std::string::npos) << failed[0];
  EXPECT_NE(failed[0].find("set endpoints/direct-tls to 127.0.0.1:"), std::string::npos)
      << failed[0];
}

TEST_F(PreflightTest, SaysWhichDomainTheCertificateIsFor) {
  auto wrong = declaration();
  wrong.endpoints["domain"] = "wrong.test";
  for (const auto* field : {"endpoints/starttls", "endpoints/direct-tls"}) {
    EXPECT_EQ(mend_of(wrong, toy(), field),
              "set endpoints/domain to 'toy.test' (the certificate is for 'toy.test'), or give the "
              "SUT a certificate for 'wrong.test'");
  }
}

TEST_F(PreflightTest, SaysWhichDomainIsServed) {
  auto wrong = declaration();
  wrong.endpoints["domain"] = "wrong.test";
  auto sut = toy(Manner::other_domain);
  EXPECT_EQ(mend_of(wrong, sut, "endpoints/domain"),
            "set endpoints/domain to 'toy.test', as the SUT calls itself");
  sut.header = replace_all(kHeader, "toy.test", "wrong.test");
  EXPECT_EQ(mend_of(wrong, sut, "endpoints/domain"),
            "set endpoints/domain to 'toy.test', as the SUT says in its certificate");
}

TEST_F(PreflightTest, NamesWhatIsWrongWithTheCa) {
  auto wrong = declaration();
  wrong.endpoints["ca"] = "missing.pem";
  expect_complaint(wrong, toy(), "endpoints/ca", "missing.pem");
  wrong.endpoints["ca"] = "accounts.csv";
  expect_complaint(wrong, toy(), "endpoints/ca", "no PEM certificate");
  const auto old = crypto::CertificateAuthority::make(Rng(2), 1'000'000'000);
  folder_.write("old.pem", old->pem());
  wrong.endpoints["ca"] = "old.pem";
  expect_complaint(wrong, toy(), "endpoints/ca", "expired");
  wrong.endpoints.erase("ca");
  expect_complaint(wrong, toy(), "endpoints/ca", "neither declared");
}

TEST_F(PreflightTest, NamesWhatIsWrongWithTheAccounts) {
  folder_.write("wrong.csv", "romeo,other\n");
  folder_.write("empty.csv", "\n");
  auto wrong = declaration();
  wrong.pool_file = "wrong.csv";
  expect_complaint(wrong, toy(), "identities/pool", "'romeo': not-authorized");
  wrong.pool_file = "empty.csv";
  expect_complaint(wrong, toy(), "identities/pool", "is empty");
  folder_.write("few.csv", "romeo,secret\njuliet,secret\n");
  wrong.pool_file = "few.csv";
  expect_complaint(wrong, toy(), "identities/pool", "2 in few.csv");
  folder_.write("late.csv", "romeo,secret\njuliet,secret\nnurse,other\n");
  wrong.pool_file = "late.csv";
  expect_complaint(wrong, toy(), "identities/pool", "'nurse': not-authorized");
  wrong.pool_file = "";
  expect_complaint(wrong, toy(), "identities", "neither a pool nor a driver");
  wrong.pool_file = "missing.csv";
  expect_complaint(wrong, toy(), "identities/pool", "missing.csv");
}

TEST_F(PreflightTest, NamesWhatIsWrongWithTheDriver) {
  auto driven = declaration();
  driven.driver = folder_.driver(kGoodDriver);
  EXPECT_EQ(failures(run_to_end(checked(driven, toy()))), std::vector<std::string>());
  driven.party = model::Party::third_party_client;
  expect_complaint(driven, toy(), "party", "the driver gatekeeper.server");
  driven.party = model::Party::gatekeeper_server;
  driven.driver = {"./missing"};
  expect_complaint(driven, toy(), "driver/command", "./missing");
  driven.driver = folder_.driver("print('Hello!', flush=True)\ntime.sleep(60)");
  expect_complaint(driven, toy(), "driver/command", "not a JSON object: 'Hello!'");
  driven.driver = folder_.driver("sys.stderr.write('no\\nlicence\\n')\nsys.exit(3)");
  expect_complaint(driven, toy(), "driver/command", "its standard error ends: no | licence");
  driven.driver = folder_.driver("for request in requests():\n    answer(request, {})\n");
  expect_complaint(driven, toy(), "driver/command", "cannot exist");
}

TEST_F(PreflightTest, DoesNotAskForWhatADriverThatFailsWouldHaveSaid) {
  auto driven = declaration();
  driven.endpoints.clear();
  driven.driver = folder_.driver("sys.exit(3)");
  const auto found = failures(run_to_end(checked(driven, toy())));
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found[0].find("describes itself"), std::string::npos) << found[0];
  for (const auto& one : found) {
    EXPECT_EQ(one.find("neither declared nor described"), std::string::npos) << one;
  }
}

TEST_F(PreflightTest, NamesADriverOfAnotherProfile) {
  auto driven = declaration();
  const auto features = std::string("\"features\": [],");
  driven.driver =
      folder_.driver(replace_all(kGoodDriver, features, features + " \"profile\": \"whatsapp\","));
  expect_complaint(driven, toy(), "profile", "the driver whatsapp");
}

asio::awaitable<std::vector<Check>> shared_by(model::Declaration declaration, std::size_t workers,
                                              model::Profile profile = {}) {
  co_return co_await preflight(co_await asio::this_coro::executor, declaration, profile, workers);
}

TEST_F(PreflightTest, AdvisesAgainstMoreWorkersThanTheAccountsAreEnoughFor) {
  auto shared = declaration();
  shared.endpoints["starttls"] = "127.0.0.1:1";
  for (const std::size_t workers : {1, 2}) {
    const auto checks = run_to_end(shared_by(shared, workers));
    const auto* pool = &*std::ranges::find(checks, "identities/pool: holds accounts", &Check::what);
    EXPECT_TRUE(pool->passed);
    EXPECT_EQ(pool->detail.find("2 workers share them") != std::string::npos, workers == 2);
    EXPECT_EQ(pool->mend.find("--workers 1") != std::string::npos, workers == 2);
  }
}

TEST_F(PreflightTest, CountsTheBystanderAmongThoseWhoNeedAccounts) {
  auto few = declaration();
  few.endpoints["starttls"] = "127.0.0.1:1";
  model::Profile watched;
  for (const auto* bystander : {"", "watch"}) {
    watched.bystander = bystander;
    const auto checks = run_to_end(shared_by(few, 1, watched));
    const auto pool = std::ranges::find(checks, "identities/pool: holds accounts", &Check::what);
    EXPECT_EQ(pool->passed, watched.bystander.empty());
    EXPECT_EQ(pool->detail.find("3 in accounts.csv; a case may need 4 at once"),
              watched.bystander.empty() ? std::string::npos : 0)
        << pool->detail;
  }
}

TEST_F(PreflightTest, AsksAClientForADriver) {
  auto client = declaration();
  client.party = model::Party::third_party_client;
  expect_complaint(client, toy(), "driver/command", "there is none");
}

}  // namespace
}  // namespace parley::sut
