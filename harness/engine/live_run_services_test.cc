// SPDX-License-Identifier: GPL-3.0-or-later
// A gatekeeper that asks a played third party's server over HTTPS, over real sockets.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/engine/asking_gatekeeper.h"

namespace parley::engine {
namespace {

using model::VerdictKind;

constexpr const char* kStanding = R"(
flow: one
profile: whatsapp
title: Two things that a service answers
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: discovery, answers: partner -> server, to: discovery-get, message: discovery, with: { issuer: "${partner.issuer}", jwks-uri: "${partner.keys}/jwks" } }
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
constexpr const char* kElsewhereAsked = R"(
flow: one
profile: whatsapp
title: A service is told of pushes
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: pushes, answers: partner -> server, to: push, message: pushed }
  - { id: refresh, does: refresh, at: server }
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
  - { id: again, sends: server -> partner, message: jwks-get, within: 30, not-before: { step: told, ms: 200 } }
  - { id: told-again, sends: partner -> server, message: jwks, with: { keys: "2" } }
)";

constexpr const char* kBuiltOn = R"(
flow: one
profile: whatsapp
title: Two things that a service answers, of which one must be asked
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: discovery, answers: partner -> server, to: discovery-get, message: discovery, with: { issuer: a, jwks-uri: b } }
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, must-be-asked: true, with: { keys: "1" } }
  - { id: refresh, does: begin, at: server }
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
  - { id: again, sends: server -> partner, message: jwks-get, within: 30 }
  - { id: told, sends: partner -> server, message: jwks, with: { keys: "2" } }
)";

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
  EXPECT_EQ(out.told, (Words{"200 {\"issuer\":\"" + issuer + "\",\"jwks_uri\":\"" +
                                 issuer.substr(0, issuer.rfind('/')) + "/jwks\"}",
                             "200 {\"keys\":[\"old\"]}", "200 {\"keys\":[\"old\"]}", "404 "}));
  EXPECT_FALSE(out.has(Event::Kind::failed, "")) << "it was us who ended the connection";
  EXPECT_TRUE(issuer.starts_with("https://localhost:")) << issuer;
  EXPECT_EQ(net::parse_http_url(issuer)->target.size(), 9U) << issuer << " is a run's own";
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
              .asks = {"/.well-known/openid-configuration", "/jwks"}});
  EXPECT_EQ(refused.verdict.kind, VerdictKind::pass) << refused.verdict.reason;
  EXPECT_TRUE(refused.told.at(2).starts_with("200 ")) << "what is asked before is answered";
  EXPECT_EQ(refused.told.at(3), "untrusted certificate");
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

TEST(PlayedService, DoesNotTakeItForARefusalThatAHandshakeIsGivenUp) {
  const auto out = judged({.flow = kStanding, .asks = {kHangUp, "/jwks"}});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason << out.verdict.came;
  EXPECT_EQ(out.told.size(), 1U);
  EXPECT_FALSE(out.has(Event::Kind::tls_failed, ""));
}

TEST(PlayedService, IsToldOfOnePushNoMoreOftenThanThereIsReasonTo) {
  const auto pushed = [](std::size_t times) {
    return judged(
        {.flow = kElsewhereAsked, .asks = Words(times, kPushes), .features = {"partner-calls"}});
  };
  const auto often = pushed(9);
  EXPECT_EQ(often.verdict.kind, VerdictKind::pass) << often.verdict.reason;
  const auto too_often = pushed(10);
  EXPECT_EQ(too_often.verdict.kind, VerdictKind::fail);
  EXPECT_EQ(too_often.verdict.monitor, "bounded-pushes");
  EXPECT_EQ(too_often.verdict.requirement, "SRV-006");
}

TEST(PlayedService, DoesNotTakeItForARefusalThatNobodyWaitsForItsAnswer) {
  const auto out =
      judged({.flow = kUnanswered, .asks = {"/jwks", "/jwks"}, .asker_patience = kPatience});
  EXPECT_EQ(out.verdict.kind, VerdictKind::pass) << out.verdict.reason;
  EXPECT_EQ(out.told.front(), "timed out");
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

// The same run as if all that follows the answer to the first request had come so much later.
model::Verdict judged_when(Judged out, std::chrono::milliseconds passed) {
  const auto one = case_with("");
  std::int64_t answered_us = -1;
  for (auto& event : out.transcript.runs.at(0).events) {
    if (answered_us >= 0) {
      event.at_us = answered_us + std::chrono::microseconds(passed).count();
    } else if (event.step == "told") {
      answered_us = event.at_us;
    }
  }
  EXPECT_GE(answered_us, 0);
  return judge(one, out.library, out.transcript);
}

TEST(PlayedService, IsAskedWhatTheFlowExpectsAndNotTooSoon) {
  const auto out = judged({.flow = kExpected, .asks = {"/jwks", "300", "/jwks"}});
  const auto late = judged_when(out, std::chrono::milliseconds(200));
  EXPECT_EQ(late.kind, VerdictKind::pass) << late.reason;
  const auto soon = judged_when(out, std::chrono::milliseconds(199));
  EXPECT_EQ(soon.kind, VerdictKind::fail);
  EXPECT_NE(soon.came.find("too soon"), std::string::npos) << soon.came;
}

TEST(PlayedService, ProvesNothingWhenItIsNotAskedWhatItMustBe) {
  const auto asked = judged({.flow = kBuiltOn, .asks = {"/jwks"}});
  EXPECT_EQ(asked.verdict.kind, VerdictKind::pass) << asked.verdict.reason;
  const auto before = judged({.flow = kBuiltOn, .asks = {"/.well-known/openid-configuration"}});
  EXPECT_EQ(before.verdict.kind, VerdictKind::inconclusive);
  EXPECT_NE(before.verdict.reason.find("did not ask"), std::string::npos) << before.verdict.reason;
  EXPECT_EQ(before.verdict.expected, "jwks-get");
}

// What the case changes is not what it builds on: of that it says itself whether it must be asked.
TEST(PlayedService, IsAskedWhatItMustBeThoughTheCaseChangesSomethingElse) {
  const std::string change = "change: { step: discovery, layer: stanza, set: { '@status': 500 } }";
  const auto both = judged(
      {.flow = kBuiltOn, .rest = change, .asks = {"/.well-known/openid-configuration", "/jwks"}});
  EXPECT_EQ(both.verdict.kind, VerdictKind::pass) << both.verdict.reason;
  const auto one =
      judged({.flow = kBuiltOn, .rest = change, .asks = {"/.well-known/openid-configuration"}});
  EXPECT_EQ(one.verdict.kind, VerdictKind::inconclusive);
}

}  // namespace
}  // namespace parley::engine
