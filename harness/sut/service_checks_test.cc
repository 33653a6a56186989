// SPDX-License-Identifier: GPL-3.0-or-later
// Wrong set-ups of what a SUT serves over HTTPS: each is told what was found and how to mend it.
#include "harness/sut/service_checks.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>

#include "harness/base/text.h"
#include "harness/crypto/certificate.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/signature.h"
#include "harness/net/http_server.h"
#include "harness/sut/script_folder.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

namespace jose = crypto::jose;
using namespace std::chrono_literals;
using crypto::LeafKind;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::system_clock;
using testkit::run_to_end;

std::int64_t now_s() { return floor<seconds>(system_clock::now()).time_since_epoch().count(); }

const crypto::CertificateAuthority& authority() {
  static const auto made = crypto::CertificateAuthority::make(Rng(5), now_s());
  return *made;
}
const jose::PrivateKey& key() {
  static const auto made = [] {
    Rng rng(7);
    return jose::make_key(jose::KeyKind::ec_p256, rng);
  }();
  return *made;
}

model::Profile profile() {
  model::Profile out;
  out.name = "served";
  out.wire = model::Wire::noise;
  out.services = {{"enlistment", model::Party::gatekeeper_server},
                  {"keys", model::Party::third_party_server},
                  {"partner", model::Party::third_party_server}};  // which nobody needs to have
  out.settings["enlistment-path"].value = "/v1/enlistments";
  out.settings["discovery-path"].value = "/discovery";
  out.settings["token-audience"].value = "https://gatekeeper.test";
  return out;
}

// What a toy server is; "ISSUER" and "KEYS" stand for where it is.
struct Toy {
  model::Party party = model::Party::third_party_server;
  LeafKind leaf = LeafKind::valid;
  std::string host = "localhost";  // of the certificate
  enum class Served { over_tls, in_the_clear } served = Served::over_tls;
  std::string declared = "ISSUER";
  std::string issuer = "ISSUER";  // declared
  std::string discovery = R"({"issuer": "ISSUER", "jwks_uri": "KEYS"})";
  int keys_status = 200;
  std::string key_set = jose::write_jwks(std::span(&key().public_key, 1));
  seconds ahead{0};  // of its clock
  std::string audience = "https://gatekeeper.test";
  std::string more_in_header{};  // of its tokens
  std::string issued = "iat";    // the claim that says when it issued one
  seconds token_ahead{0};        // of the clock that it issues them by
  std::string kid = key().public_key.kid;
  std::string driver{};  // what it does with "token"; empty: there is none
};

net::HttpAnswer answer_of(const Toy& toy, const std::string& here, const std::string& target) {
  const auto placed = [&](std::string text) {
    return replace_all(replace_all(std::move(text), "ISSUER", here), "KEYS", here + "/keys");
  };
  wire::HttpFields headers{
      {.name = "date",
       .value =
           fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                       fmt::gmtime(system_clock::to_time_t(system_clock::now() + toy.ahead)))}};
  if (target == "/discovery" || target == "/tenant/discovery") {
    return {.message = wire::http_response(200, headers, placed(toy.discovery))};
  }
  if (target == "/keys") {
    return {.message = wire::http_response(toy.keys_status, headers, placed(toy.key_set))};
  }
  return {.message = wire::http_response(401, headers)};
}

std::string token_of(const Toy& toy, const std::string& here) {
  const auto issued = now_s() + toy.token_ahead.count();
  const auto claims =
      fmt::format(R"({{"iss":"{}","sub":"490000000000","aud":"{}","{}":{},"exp":{}}})", here,
                  toy.audience, toy.issued, issued, issued + 300);
  const auto header = fmt::format(R"({{"alg":"ES256","kid":"{}"{}}})", toy.kid, toy.more_in_header);
  return jose::sign_token(header, claims, jose::Algorithm::es256, key()).value();
}

class ServedPreflight : public testing::Test {
 protected:
  asio::awaitable<std::vector<Check>> checked(Toy toy) {
    using asio::experimental::awaitable_operators::operator||;
    const auto executor = co_await asio::this_coro::executor;
    const auto leaf = authority().issue(toy.host, toy.leaf);
    net::TlsContexts contexts;
    std::string here;
    net::HttpServerOptions options;
    if (toy.served == Toy::Served::over_tls) {
      options.tls = net::TlsServerOptions{.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem};
    }
    auto server =
        net::HttpServer::open(executor, contexts, std::move(options),
                              [&toy, &here](wire::HttpReceived request,
                                            net::HttpPeer) -> asio::awaitable<net::HttpAnswer> {
                                co_return answer_of(toy, here, request.message.request()->target);
                              });
    here = fmt::format("https://localhost:{}", (*server)->address().port);
    ServerUnderCheck under;
    const auto placed = [&](const std::string& text) { return replace_all(text, "ISSUER", here); };
    under.endpoints[toy.party == model::Party::third_party_server ? "keys" : "enlistment"] =
        placed(toy.declared);
    under.endpoints["issuer"] = placed(toy.issuer);
    under.ca_pem = authority().pem();
    std::unique_ptr<Driver> driver;
    if (!toy.driver.empty()) {
      folder_.write("token", token_of(toy, here));
      driver = std::move(*Driver::start(executor, folder_.driver(toy.driver), folder_.path(), ""));
    }
    const auto known = profile();
    Checks checks;
    ServiceChecks services(under, known, driver.get(), checks);
    co_await (services.run(toy.party) || (*server)->run());
    co_return checks.take();
  }

  // "what | detail | mend" of the first that fails; empty when all pass.
  std::string complaint(Toy toy) {
    for (const auto& check : run_to_end(checked(std::move(toy)))) {
      if (!check.passed) {
        return check.what + " | " + check.detail + " | " + check.mend;
      }
    }
    return "";
  }

  ScriptFolder folder_;
};

constexpr const char* kTokens = R"(
for request in requests():
    answer(request, {"token": open("token").read()} if request["method"] == "token" else {})
)";

TEST_F(ServedPreflight, PassesWhatIsRight) {
  EXPECT_EQ(complaint({.driver = kTokens}), "");
  EXPECT_EQ(complaint({.party = model::Party::gatekeeper_server}), "");
}

TEST_F(ServedPreflight, LeavesToTheCasesWhatATokenMaySay) {
  EXPECT_EQ(complaint({.issued = "issued", .driver = kTokens}), "");
  EXPECT_EQ(complaint({.more_in_header = R"(,"jku":"https://localhost/keys")", .driver = kTokens}),
            "");
}

TEST_F(ServedPreflight, HasNothingToSayOfAGatekeeperWithoutServices) {
  EXPECT_EQ(complaint({.party = model::Party::gatekeeper_server, .declared = ""}), "");
}

struct Row {
  const char* name;
  Toy toy;
  std::vector<std::string> parts;  // of the complaint
};
class WrongSetUp : public ServedPreflight, public testing::WithParamInterface<Row> {};
TEST_P(WrongSetUp, IsToldWithItsMend) {
  const auto found = complaint(GetParam().toy);
  for (const auto& part : GetParam().parts) {
    EXPECT_NE(found.find(part), std::string::npos) << found;
  }
}

const Row kRows[] = {
    {"undeclared", {.declared = ""}, {"endpoints/keys", "neither declared", "https://localhost"}},
    {"no_url", {.declared = "localhost:1"}, {"endpoints/keys: is the address of a server"}},
    {"a_path", {.declared = "ISSUER/keys"}, {"it has a path"}},
    {"plain_http", {.declared = "http://localhost:1"}, {"without TLS", "write https://"}},
    {"plain_http_behind_https",
     {.served = Toy::Served::in_the_clear},
     {"it speaks HTTP in the clear there", "let the SUT serve HTTPS"}},
    {"far_away", {.declared = "https://issuer.example"}, {"attach the SUT at a loopback address"}},
    {"port_closed", {.declared = "https://localhost:1"}, {"start the SUT, or correct the port"}},
    {"expired", {.leaf = LeafKind::expired}, {"renew the SUT's certificate"}},
    {"other_ca", {.leaf = LeafKind::unknown_ca}, {"endpoints/ca"}},
    {"other_host", {.host = "elsewhere.test"}, {"give the SUT a certificate for 'localhost'"}},
    {"clock_behind", {.ahead = -10min}, {"is 10 min behind ours", "set the clocks right"}},
    {"clock_ahead", {.ahead = 2h}, {"is 120 min ahead of ours"}},
    {"gatekeepers_clock",
     {.party = model::Party::gatekeeper_server, .ahead = -10min},
     {"endpoints/enlistment: its clock", "10 min behind"}},
    {"issuer_slash", {.issuer = "ISSUER/"}, {"slash at the end", "octet by octet"}},
    {"issuer_other",
     {.discovery = R"({"issuer": "https://other.test", "jwks_uri": "KEYS"})"},
     {"set endpoints/issuer to 'https://other.test'"}},
    {"issuer_with_a_path",
     {.issuer = "ISSUER/tenant", .discovery = R"({"issuer": "ISSUER/tenant", "jwks_uri": "KEYS"})"},
     {"gets a token", "add driver"}},
    {"no_document", {.discovery = "<html>"}, {"is no JSON object with issuer and jwks_uri"}},
    {"keys_over_http",
     {.discovery = R"({"issuer": "ISSUER", "jwks_uri": "http://localhost:1/keys"})"},
     {"jwks_uri is 'http://localhost:1/keys'"}},
    {"keys_missing", {.keys_status = 404}, {"/keys: answers 404", "RFC 7517 section 5"}},
    {"keys_empty", {.key_set = R"({"keys": []})"}, {"no key that can verify a token"}},
    {"driver_missing", {}, {"gets a token", "there is none", "add driver"}},
    {"driver_without_tokens",
     {.driver = "for request in requests():\n    refuse(request, -32601)\n"},
     {"enlist:"}},
    {"token_of_nobody",
     {.driver = "for request in requests():\n    answer(request, {})\n"},
     {"the answer holds no string 'token'"}},
    {"wrong_audience",
     {.audience = "https://gatekeeper.test/", .driver = kTokens},
     {"audience-wrong", "aud 'https://gatekeeper.test'", "is told aud by 'gatekeeper'"}},
    {"token_of_tomorrow",
     {.token_ahead = 24h, .driver = kTokens},
     {"issued-in-future", "seconds since 1970"}},
    {"token_of_yesterday", {.token_ahead = -24h, .driver = kTokens}, {"expired", "to come"}},
    {"token_of_an_unpublished_key",
     {.kid = "other", .driver = kTokens},
     {"kid-unknown", "in the published set"}},
};
INSTANTIATE_TEST_SUITE_P(All, WrongSetUp, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::sut
