// SPDX-License-Identifier: GPL-3.0-or-later
// A gatekeeper that asks a played third party's server over HTTPS, over real sockets.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/engine/conductor.h"
#include "harness/engine/judge.h"
#include "harness/model/case_loader.h"
#include "harness/model/flow_loader.h"
#include "harness/model/library.h"
#include "harness/net/http_client.h"
#include "harness/testkit/run_to_end.h"
#include "harness/wire/http_message.h"

namespace parley::engine {
namespace {

namespace asio = boost::asio;
using model::VerdictKind;
constexpr std::chrono::milliseconds kPatience{300};
using Words = std::vector<std::string>;

constexpr const char* kStanding = R"(
flow: one
profile: whatsapp
title: Two things that a service answers
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: discovery, answers: partner -> server, to: discovery-get, message: discovery, with: { issuer: "${partner.keys}", jwks-uri: "${partner.keys}/jwks" } }
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: '{"keys":["old"]}' } }
  - { id: refresh, does: refresh, at: server }
)";
constexpr const char* kBoth = R"(
flow: one
profile: whatsapp
title: A service is asked two things at the same time
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: both, does: both, at: server }
)";
constexpr const char* kStalled = R"(
flow: one
profile: whatsapp
title: A service answers at length, and once more
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: stall, does: stall, at: server }
  - { id: ask, sends: server -> partner, message: discovery-get }
  - { id: told, sends: partner -> server, message: discovery, with: { issuer: "${repeat('7', 8000000)}", jwks-uri: "${repeat('7', 8000000)}" } }
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "2" } }
  - { id: refresh, does: refresh, at: server }
)";
constexpr const char* kElsewhere = R"(
flow: one
profile: whatsapp
title: Two services of one party answer
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: other, answers: partner -> server, to: push, message: pushed }
)";
constexpr const char* kReplaced = R"(
flow: one
profile: whatsapp
title: A service answers one thing and then another
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: refresh, does: refresh, at: server }
  - { id: later, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "2" } }
  - { id: again, does: refresh, at: server }
)";
constexpr const char* kExpected = R"(
flow: one
profile: whatsapp
title: A service is asked what it must be, twice and not too soon
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: refresh, does: begin, at: server }
  - { id: ask, sends: server -> partner, message: jwks-get }
  - { id: told, sends: partner -> server, message: jwks, with: { status: 503, keys: "1" } }
  - { id: again, sends: server -> partner, message: jwks-get, within: 5, not-before: { step: told, ms: 200 } }
  - { id: told-again, sends: partner -> server, message: jwks, with: { keys: "2" } }
)";

constexpr const char* kLate = R"(
flow: one
profile: whatsapp
title: A service is asked something else before what the flow waits for
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: discovery, answers: partner -> server, to: discovery-get, message: discovery, with: { issuer: a, jwks-uri: b } }
  - { id: refresh, does: begin, at: server }
  - { id: ask, sends: server -> partner, message: jwks-get, within: 30 }
  - { id: told, sends: partner -> server, message: jwks, with: { keys: "2" } }
)";
constexpr const char* kUnanswered = R"(
flow: one
profile: whatsapp
title: A service says nothing, and is asked once more
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: refresh, does: begin, at: server }
  - { id: ask, sends: server -> partner, message: jwks-get }
  - { id: again, sends: server -> partner, message: jwks-get, within: 5 }
  - { id: told, sends: partner -> server, message: jwks, with: { keys: "2" } }
)";

const model::Library& shipped() {
  static const auto loaded = [] {
    model::Problems problems;
    return model::load_library(PARLEY_SOURCE_DIR "/suites", problems, "whatsapp");
  }();
  return loaded;
}

const crypto::CertificateAuthority& authority() {
  static const auto made = crypto::CertificateAuthority::make(
      Rng(7), std::chrono::duration_cast<std::chrono::seconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count());
  return *made;
}

// Asks for these, one after another, when it is told to `refresh` or `begin`, at once for `both`,
// in the clear behind a "http:"; a number is a pause of so many milliseconds.
class AskingGatekeeper final : public Attachment {
 public:
  AskingGatekeeper(asio::any_io_executor executor, Words asks, Words features)
      : executor_(executor), asks_(std::move(asks)) {
    declaration_.profile = "whatsapp";
    declaration_.features = std::move(features);
  }
  const model::Declaration& declaration() const override { return declaration_; }
  std::string endpoint(const std::string& name) const override {
    return name == "domain" ? "gatekeeper.test" : "";
  }
  const std::string& ca_pem() const override { return authority().pem(); }
  asio::awaitable<Result<Identity>> lease(Identity fresh) override { co_return fresh; }
  void give_back(Identity /*identity*/, bool /*soiled*/) override {}
  void on_notice(const std::string& /*user*/, NoticeHandler /*handler*/) override {}
  asio::awaitable<Result<nlohmann::json>> call(std::string method, nlohmann::json params,
                                               std::chrono::milliseconds /*timeout*/) override {
    if (method == "partner") {
      partner = params;
      co_return nlohmann::json::object();
    }
    refreshed = params;
    if (method == "stall") {
      co_await stall("/.well-known/openid-configuration");
    } else if (method == "both") {
      using asio::experimental::awaitable_operators::operator&&;
      const auto issuer = partner["issuer"].get<std::string>();
      co_await (ask(issuer + asks_.front()) && ask(issuer + asks_.back()));
    } else if (method == "refresh") {
      co_await ask_all();
    } else {
      ++begun;
      asio::co_spawn(executor_, ask_all(), [this](std::exception_ptr /*error*/) { ++ended; });
    }
    co_return nlohmann::json::object();
  }

  nlohmann::json partner{};
  nlohmann::json refreshed{};
  Words told{};
  int begun = 0;
  int ended = 0;

 private:
  asio::awaitable<void> ask_all() {
    for (const auto& what : asks_) {
      if (what.starts_with('/')) {
        co_await ask(partner["issuer"].get<std::string>() + what);
        continue;
      }
      if (what.starts_with("http:")) {
        co_await ask("http" + partner["issuer"].get<std::string>().substr(5) + what.substr(5));
        continue;
      }
      asio::steady_timer pause(executor_, std::chrono::milliseconds(std::stoi(what)));
      co_await pause.async_wait(asio::use_awaitable);
    }
  }
  // Asks, and never looks at the answer.
  asio::awaitable<void> stall(std::string path) {
    const auto url = *net::parse_http_url(partner["issuer"].get<std::string>());
    stalled_ = std::move(*co_await net::Stream::connect({"127.0.0.1", url.port}, kPatience));
    net::TlsClientOptions trust{.ca_pem = authority().pem(), .host = url.host};
    (void)co_await stalled_->start_tls(tls_, std::move(trust), kPatience);
    (void)co_await stalled_->write("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  asio::awaitable<void> ask(std::string where) {
    net::HttpFetchOptions options;
    options.tls.ca_pem = authority().pem();
    options.patience = kPatience * 2;
    auto outcome = co_await client_->fetch(wire::http_request("GET", ""),
                                           *net::parse_http_url(where), std::move(options));
    told.push_back(outcome ? fmt::format("{} {}", outcome->answer.message.response()->status,
                                         outcome->answer.message.body)
                           : std::string(net::to_string(outcome.error().fault)));
  }

  asio::any_io_executor executor_;
  Words asks_;
  model::Declaration declaration_;
  net::TlsContexts tls_;
  std::unique_ptr<net::Stream> stalled_;
  std::unique_ptr<net::HttpClient> client_ = net::HttpClient::make(tls_, net::loopback_route);
};

// What a case on `flow`, whose `rest` says what it changes and expects, comes to.
struct Judged {
  model::Library library{};
  Transcript transcript{};
  model::Verdict verdict{};
  nlohmann::json partner{};
  nlohmann::json refreshed{};
  Words told{};  // to the gatekeeper

  bool has(Event::Kind kind, const std::string& step) const {
    return std::ranges::any_of(transcript.runs, [&](const RunRecord& run) {
      return std::ranges::any_of(
          run.events, [&](const Event& event) { return event.kind == kind && event.step == step; });
    });
  }
};

struct Given {
  const char* flow;
  std::string rest{};
  Words asks{};
  Words features{};
};

// The shipped library with that flow alone.
model::Library with_flow(const char* text) {
  auto out = shipped();
  model::Problems problems;
  std::vector<model::Document> flows{*model::parse_document("flow.yaml", text, problems)};
  model::check_schema(flows.front(), out.folder / "schema/flow.json", problems);
  out.flows = model::load_flows(flows, out.profiles, problems);
  out.profiles.at("whatsapp").probe = "one";
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return out;
}

model::Case case_with(const std::string& rest) {
  model::Problems problems;
  const auto document = *model::parse_document("case.yaml",
                                               "case: one\ntitle: A case of a test\n"
                                               "profile: whatsapp\nverifies: IDP-025\n"
                                               "party: gatekeeper.server\nflow: one\n" +
                                                   rest,
                                               problems);
  model::check_schema(document, shipped().folder / "schema/case.json", problems);
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return model::cases_of(document, "test", problems).at(0);
}

asio::awaitable<void> judge_into(Judged& out, Given given) {
  out.library = with_flow(given.flow);
  const auto one = case_with(given.rest);
  const auto executor = co_await asio::this_coro::executor;
  AskingGatekeeper gatekeeper(executor, given.asks, given.features);
  net::TlsContexts tls;
  Leaves leaves;
  Manners manners{.respond = [](const auto&, const auto&) { return std::vector<xml::Element>(); }};
  Patience patience(kPatience, kPatience);
  SharedRuns shared(executor);
  Turnstile leasing(executor);
  std::set<const Attachment*> introduced;
  Workshop workshop{.library = out.library,
                    .attachment = gatekeeper,
                    .driven = gatekeeper,
                    .suts = {},
                    .manners = manners,
                    .tls = tls,
                    .authority = authority(),
                    .leaves = leaves,
                    .authority_file = "played-ca.pem",
                    .domain = "gatekeeper.test",
                    .patience = patience,
                    .shared = shared,
                    .leasing = leasing,
                    .seed = 1,
                    .identity_seed = 1,
                    .introduced = introduced};
  out.transcript = co_await conduct(one, workshop);
  while (gatekeeper.ended < gatekeeper.begun) {
    co_await asio::post(asio::use_awaitable);
  }
  out.verdict = judge(one, out.library, out.transcript);
  out.partner = gatekeeper.partner;
  out.refreshed = gatekeeper.refreshed;
  out.told = gatekeeper.told;
}

Judged judged(Given given) {
  Judged out;
  testkit::run_to_end(judge_into(out, std::move(given)));
  return out;
}

constexpr const char* kProvoked = R"(
flow: one
profile: whatsapp
title: A service answers what a server asks because of what its client says
actors: { alice: third-party.client, server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: ping, sends: alice -> server, message: keepalive }
  - { id: pong, sends: server -> alice, message: iq-result }
  - { id: say, sends: alice -> server, message: keepalive }
  - { id: ask, sends: server -> partner, message: jwks-get }
  - { id: heard, sends: server -> alice, message: iq-result }
fence:
  - { id: more, sends: alice -> server, message: keepalive }
)";

// "server/keys keys send changed", of each step.
Words lines_of(const CastRun& run) {
  constexpr const char* kRoles[] = {"send", "expect", "done"};
  Words out;
  for (const auto& step : run.steps) {
    out.push_back(fmt::format("{} {} {}{}{}", step.link, step.step.id,
                              kRoles[static_cast<int>(step.role)], step.changed ? " changed" : "",
                              step.consequence ? " consequence" : ""));
  }
  return out;
}

TEST(StandingAnswer, HasForItsConsequencesWhatComesAfterTheLastThingSent) {
  const auto library = with_flow(kProvoked);
  const auto runs = cast_case(case_with("change: { step: keys, layer: stanza, set: { '@status': "
                                        "500 } }\nexpect: refused"),
                              library);
  ASSERT_TRUE(runs) << runs.error();
  EXPECT_EQ(lines_of(runs->at(1)),
            (Words{"server/keys keys send changed", "alice ping send", "alice pong expect",
                   "alice say send", "server/keys ask expect consequence",
                   "alice heard expect consequence", "alice more send"}));
}

TEST(StandingAnswer, IsNobodysWhereTheServiceIsUnderTest) {
  const auto library = with_flow(kProvoked);
  const auto runs = cast_case(case_with(""), library, {model::Party::third_party_server});
  ASSERT_TRUE(runs) << runs.error();
  EXPECT_EQ(lines_of(runs->at(0)).front(), "server/keys keys done");
  EXPECT_EQ(lines_of(runs->at(0)).at(4), "server/keys ask send");
}

TEST(PlayedService, AnswersWhateverItIsAskedAsTheFlowSays) {
  const auto out = judged(
      {.flow = kStanding, .asks = {"/.well-known/openid-configuration", "/jwks", "/jwks", "/no"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  const auto issuer = out.partner["issuer"].get<std::string>();
  EXPECT_EQ(out.told,
            (Words{"200 {\"issuer\":\"" + issuer + "\",\"jwks_uri\":\"" + issuer + "/jwks\"}",
                   "200 {\"keys\":[\"old\"]}", "200 {\"keys\":[\"old\"]}", "404 "}));
  EXPECT_FALSE(out.has(Event::Kind::failed, "")) << "it was us who ended the connection";
  EXPECT_TRUE(issuer.starts_with("https://localhost:")) << issuer;
  EXPECT_EQ(out.partner["ca"], "played-ca.pem");
  EXPECT_FALSE(out.partner.contains("server"));
  EXPECT_GE(out.partner["integrator"], 1000);
  EXPECT_EQ(out.refreshed, (nlohmann::json{{"integrator", out.partner["integrator"]}}));
}

TEST(PlayedService, TellsWhereAndByWhatItIsCalledToWhoCallsOnly) {
  const auto silent = judged({.flow = kElsewhere});
  EXPECT_TRUE(silent.partner.contains("issuer") && !silent.partner.contains("server"));
  const auto calling = judged({.flow = kElsewhere, .features = {"partner-calls"}});
  EXPECT_NE(calling.partner["server"], calling.partner["issuer"]);
  EXPECT_EQ(calling.partner["secret"].get<std::string>().size(), 64U);
}

TEST(PlayedService, AnswersAsTheLatestStepSays) {
  const auto out = judged({.flow = kReplaced, .asks = {"/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told, (Words{"200 1", "200 2"}));
}

TEST(PlayedService, AnswersOneAfterTheOtherWhoeverComesAtTheSameTime) {
  const auto out = judged({.flow = kBoth, .asks = {"/jwks", "/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told, (Words{"200 1", "200 1"}));
}

TEST(PlayedService, LetsAChangeBendItsAnswer) {
  const auto out = judged({.flow = kStanding,
                           .rest = "change: { step: keys, layer: stanza, set: { '@status': 500, "
                                   "'json/keys/item': new } }",
                           .asks = {"/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told, (Words{"200 {\"keys\":[\"old\"]}", "500 {\"keys\":[\"new\"]}"}));
}

TEST(PlayedService, DoesNotPassAChangeThatTheGatekeeperHasNotAskedFor) {
  const auto out = judged({.flow = kStanding,
                           .rest = "change: { step: keys, layer: stanza, set: { '@status': 500 } }",
                           .asks = {"/.well-known/openid-configuration"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::inconclusive);
  EXPECT_NE(out.verdict.reason.find("did not ask"), std::string::npos) << out.verdict.reason;
}

TEST(PlayedService, ShowsTheCertificateThatTheChangeSays) {
  const auto refused =
      judged({.flow = kStanding,
              .rest = "change: { step: keys, layer: connection, certificate: self-signed }\n"
                      "expect: { refused: { by: [tls-failure] } }",
              .asks = {"/jwks"}});
  EXPECT_EQ(refused.verdict.kind, VerdictKind::pass) << refused.verdict.reason;
  EXPECT_EQ(refused.told.at(1), "untrusted certificate");
  EXPECT_TRUE(refused.has(Event::Kind::accepted, "keys"));
  EXPECT_TRUE(refused.has(Event::Kind::tls_failed, "keys"));
}

TEST(PlayedService, IsNotAskedInTheClear) {
  const auto out = judged({.flow = kStanding, .asks = {"/jwks", "http:/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::fail);
  EXPECT_EQ(out.verdict.monitor, "https-alone");
  EXPECT_EQ(out.verdict.requirement, "IDP-023");
}

TEST(PlayedService, IsAskedForKeysNoMoreOftenThanThereIsReasonTo) {
  const auto often = judged({.flow = kStanding, .asks = Words(12, "/jwks")});
  EXPECT_EQ(often.verdict.kind, VerdictKind::pass) << often.verdict.reason;
  const auto too_often = judged({.flow = kStanding, .asks = Words(13, "/jwks")});
  EXPECT_EQ(too_often.verdict.kind, VerdictKind::fail);
  EXPECT_EQ(too_often.verdict.monitor, "bounded-fetches");
  EXPECT_EQ(too_often.verdict.requirement, "IDP-005");
}

TEST(PlayedService, DoesNotTakeItForARefusalThatNobodyWaitsForItsAnswer) {
  const auto out = judged({.flow = kUnanswered, .asks = {"/jwks", "/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told, (Words{"timed out", "200 2"}));
}

TEST(PlayedService, AnswersForAsLongAsTheFlowWaits) {
  const auto pause = std::to_string((kPatience * 11).count());
  const auto out =
      judged({.flow = kLate, .asks = {pause, "/.well-known/openid-configuration", "/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told.size(), 2U);
}

TEST(PlayedService, LeavesItToWhoAsksHowMuchOfAnAnswerIsRead) {
  const auto out = judged({.flow = kStalled, .asks = {"/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told, Words{"200 2"});
}

TEST(PlayedService, IsAskedWhatTheFlowExpectsAndNotTooSoon) {
  const auto late = judged({.flow = kExpected, .asks = {"/jwks", "300", "/jwks"}});
  EXPECT_EQ(late.verdict.kind, VerdictKind::pass) << late.verdict.reason;
  const auto soon = judged({.flow = kExpected, .asks = {"/jwks", "/jwks"}});
  EXPECT_EQ(soon.verdict.kind, VerdictKind::fail);
  EXPECT_NE(soon.verdict.came.find("too soon"), std::string::npos) << soon.verdict.came;
}

}  // namespace
}  // namespace parley::engine
