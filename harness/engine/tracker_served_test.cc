// SPDX-License-Identifier: GPL-3.0-or-later
// What Tracker makes of services over HTTP: of a changed answer that the SUT may not have asked
// for, and of which question an answer belongs to.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/engine/asking_gatekeeper.h"
#include "harness/engine/tracker.h"

namespace parley::engine {
namespace {

using Kind = Event::Kind;
using State = Assessment::State;

constexpr const char* kTold = R"(
flow: one
profile: whatsapp
title: A server learns from a service whether it lets a client in
actors: { alice: third-party.client, server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: dial, connect: alice -> server }
  - { id: success, sends: server -> alice, message: success }
)";
constexpr const char* kNamed = R"(
flow: one
profile: whatsapp
title: A server learns from one page of a service where another is
actors: { alice: third-party.client, server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: place, answers: partner -> server, to: jwks-get-at, asked: { path: "/place" }, message: jwks, with: { keys: "1" } }
  - { id: keys, answers: partner -> server, to: jwks-get, message: jwks, with: { keys: "1" } }
  - { id: dial, connect: alice -> server }
  - { id: success, sends: server -> alice, message: success }
)";
constexpr const char* kTwice = R"(
flow: one
profile: whatsapp
title: A service is asked twice, and what it answers first does not matter
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: one, sends: server -> partner, message: jwks-get }
  - { id: two, sends: server -> partner, message: jwks-get }
  - { id: told, sends: partner -> server, message: jwks }
)";

constexpr const char* kAskedAgain = R"(
flow: one
profile: whatsapp
title: A service is asked twice
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: one, sends: server -> partner, message: jwks-get }
  - { id: told, sends: partner -> server, message: jwks }
fence:
  - { id: two, sends: server -> partner, message: jwks-get }
  - { id: told-again, sends: partner -> server, message: jwks }
)";
constexpr const char* kToldPartner = R"(
flow: one
profile: whatsapp
title: A third party's server is told something, and asked afterwards
actors: { server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: keys, answers: server -> partner, to: jwks-get, message: jwks, with: { keys: "1" } }
fence:
  - { id: ask, sends: server -> partner, message: jwks-get }
  - { id: told, sends: partner -> server, message: jwks }
)";

constexpr const char* kWoken = R"(
flow: one
profile: whatsapp
title: A call has a client connect, twice
actors: { alice: third-party.client, server: gatekeeper.server, partner: third-party.server }
steps:
  - { id: push, sends: server -> partner, message: push-once, with: { user: "${alice.user}" } }
  - { id: pushed, sends: partner -> server, message: pushed }
  - { id: dial, connect: alice -> server }
  - { id: leave, closes: server -> alice }
  - { id: push-again, sends: server -> partner, message: push-once, with: { user: "${alice.user}" } }
  - { id: pushed-again, sends: partner -> server, message: pushed }
  - { id: dial-again, connect: alice -> server }
)";

// One run of a case on `flow`, and its tracker.
struct Tracked {
  model::Library library;
  model::Case one;
  CastRun run;
  Tracker tracker;

  Tracked(const char* flow, const std::string& rest, std::size_t which,
          const std::vector<model::Party>& suts)
      : library(with_flow(flow)),
        one(case_with(rest)),
        run(cast_case(one, library, suts)->at(which)),
        tracker(run, values(), Rng(1)) {}

  static std::map<std::string, std::string> values() {
    return {{"noise.now", "1790000000"},
            {"noise.hashing", "whatsapp"},
            {"partner.secret", "00"},
            {"alice.user", "1"}};
  }
  State after(Event event) {
    tracker.feed(event);
    return tracker.assess().state;
  }
  State after_sending(const std::string& id) {
    const auto step =
        std::ranges::find(run.steps, id, [](const CastStep& one) { return one.step.id; });
    auto message = tracker.compose(*step);
    EXPECT_TRUE(message) << message.error();
    return after({.kind = Kind::sent, .link = step->link, .step = id, .octets = message->octets});
  }
};

// A client that is turned away, by a SUT that is yet to ask for what would have it do so.
struct TurnedAway : Tracked {
  TurnedAway()
      : Tracked(kTold,
                "change: { step: keys, layer: stanza, set: { '@status': 500 } }\n"
                "expect: { refused: { by: [close] } }",
                1, {model::Party::gatekeeper_server}) {
    after({.kind = Kind::serves, .link = "server/keys", .step = "keys"});
    after({.kind = Kind::dialled, .link = "alice", .step = "dial"});
    after({.kind = Kind::closed, .link = "alice"});
  }
};

TEST(ChangedAnswer, IsWaitedForUntilTheSutHasAsked) {
  TurnedAway run;
  EXPECT_EQ(run.tracker.assess().state, State::pending);
  EXPECT_FALSE(run.tracker.settled());
  run.after({.kind = Kind::accepted, .link = "server/keys"});
  run.after({.kind = Kind::received,
             .link = "server/keys",
             .octets = "GET /jwks HTTP/1.1\r\nHost: localhost\r\n\r\n"});
  EXPECT_EQ(run.after_sending("keys"), State::holds);
}

TEST(ChangedAnswer, ProvesNothingWhenTheSutNeverAsks) {
  TurnedAway run;
  EXPECT_EQ(run.after({.kind = Kind::deadline}), State::violated);
  EXPECT_EQ(run.tracker.assess().reason, "the SUT did not ask for what the case changes");
}

TEST(ChangedConnection, ComesOnceTheSutHasAskedWhatIsAnsweredBefore) {
  constexpr const char* kLink = "server/keys";
  Tracked run(kNamed,
              "change: { step: keys, layer: connection, certificate: expired }\n"
              "expect: { refused: { by: [close] } }",
              1, {model::Party::gatekeeper_server});
  run.after({.kind = Kind::serves, .link = kLink, .step = "place"});
  run.after({.kind = Kind::serves, .link = kLink, .step = "keys"});
  EXPECT_EQ(run.tracker.changed_service(kLink), nullptr);
  run.after({.kind = Kind::accepted, .link = kLink});
  run.after({.kind = Kind::received,
             .link = kLink,
             .octets = "GET /place HTTP/1.1\r\nHost: localhost\r\n\r\n"});
  const auto* changed = run.tracker.changed_service(kLink);
  ASSERT_NE(changed, nullptr);
  EXPECT_EQ(changed->step.id, "keys");
}

TEST(AnswerOverHttp, BelongsToWhatWasAskedAndToNothingThatIsYetToBe) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  Tracked run(kTwice, "", 0, {model::Party::third_party_server});
  const auto& link = run.run.steps.front().link;
  run.after({.kind = Kind::dialled, .link = link});
  run.after_sending("one");
  run.after({.kind = Kind::received, .link = link, .octets = answer});
  EXPECT_EQ(run.after_sending("two"), State::pending) << "the first answer is none to the second";
  EXPECT_EQ(run.after({.kind = Kind::received, .link = link, .octets = answer}), State::holds);
}

std::string answer_of(const std::string& status) {
  return "HTTP/1.1 " + status + " Why\r\nContent-Length: 0\r\n\r\n";
}

// Who answers something else to the honest request twice lives; who says that it cannot does not.
TEST(SurvivalOverHttp, IsShownByNoAnswerThatTheSutIsNotAbleToGive) {
  for (const auto& [first, second, state] : {std::tuple("404", "404", State::holds),
                                             {"500", "404", State::holds},
                                             {"404", "503", State::pending},
                                             {"500", "500", State::pending}}) {
    Tracked run(kAskedAgain,
                "change: { step: one, layer: stanza, set: { '@method': PUT } }\nexpect: survives",
                1, {model::Party::third_party_server});
    const auto& link = run.run.steps.front().link;
    run.after({.kind = Kind::dialled, .link = link});
    run.after_sending("one");
    run.after({.kind = Kind::received, .link = link, .octets = answer_of("500")});
    run.after_sending("two");
    run.after({.kind = Kind::received, .link = link, .octets = answer_of(first)});
    EXPECT_EQ(run.after({.kind = Kind::deadline, .step = "told-again"}), State::pending);
    run.after_sending("two");
    EXPECT_EQ(run.after({.kind = Kind::received, .link = link, .octets = answer_of(second)}), state)
        << first << ' ' << second;
    EXPECT_EQ(run.after({.kind = Kind::deadline, .step = "told-again"}),
              state == State::holds ? State::holds : State::violated);
  }
}

// Nobody else is there who could be asked.
TEST(SurvivalOverHttp, IsNotShownByOneThatFallsSilentOverWhatItIsTold) {
  for (const auto& [answers, state] : {std::pair(true, State::holds), {false, State::violated}}) {
    Tracked run(kToldPartner,
                "change: { step: keys, layer: stanza, set: { '@status': 500 } }\nexpect: survives",
                1, {model::Party::third_party_server});
    const auto& own = run.run.steps.front().link;
    run.after({.kind = Kind::serves, .link = own, .step = "keys"});
    run.after({.kind = Kind::accepted, .link = own});
    run.after({.kind = Kind::received,
               .link = own,
               .octets = "GET /jwks HTTP/1.1\r\nHost: localhost\r\n\r\n"});
    EXPECT_EQ(run.after_sending("keys"), State::pending);
    const auto& asked = run.run.steps.at(1).link;
    run.after({.kind = Kind::dialled, .link = asked});
    run.after_sending("ask");
    if (answers) {
      run.after({.kind = Kind::received, .link = asked, .octets = answer_of("404")});
    }
    EXPECT_EQ(run.after({.kind = Kind::deadline, .step = "told"}), state);
  }
}

// A third party's server and its client, of which the one is called and the other comes.
struct Woken : Tracked {
  explicit Woken(const std::string& rest = "", std::size_t which = 0)
      : Tracked(kWoken, rest, which,
                {model::Party::third_party_server, model::Party::third_party_client}) {}

  void push(const std::string& id) {
    after({.kind = Kind::dialled, .link = "server/partner"});
    after_sending(id);
    after({.kind = Kind::received,
           .link = "server/partner",
           .octets = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"});
  }
  State come(const std::string& step) {
    return after({.kind = Kind::accepted, .link = "alice", .step = step});
  }
};

TEST(WokenClient, ComesOnceTheCallIsMade) {
  Woken run;
  EXPECT_EQ(run.tracker.call_to_come("alice")->step.id, "push");
  run.push("push");
  EXPECT_EQ(run.tracker.call_to_come("alice"), nullptr);
  EXPECT_EQ(run.come("dial"), State::pending);
  EXPECT_EQ(run.tracker.call_to_come("alice")->step.id, "push-again");
  run.after({.kind = Kind::ended, .link = "alice", .step = "leave"});
  run.push("push-again");
  EXPECT_EQ(run.come("dial-again"), State::holds);
}

TEST(WokenClient, ThatComesBeforeTheCallIsNobodysDoingThatCanBeTold) {
  Woken run;
  EXPECT_EQ(run.come(""), State::violated);
  EXPECT_EQ(run.tracker.assess().came, "alice connected before step 'push'");
  EXPECT_FALSE(run.tracker.assess().broke);
}

TEST(WokenClient, ThatComesThoughItIsThereIsToBlame) {
  Woken run;
  run.push("push");
  run.come("dial");
  EXPECT_EQ(run.come(""), State::violated);
  EXPECT_EQ(run.tracker.assess().broke, model::Party::third_party_client);
}

TEST(WokenClient, ThatComesAfterTheChangeIsNobodysDoingThatCanBeToldEither) {
  Woken run("change: { step: push, layer: stanza, set: { '@method': PUT } }\nexpect: refused", 1);
  run.after({.kind = Kind::dialled, .link = "server/partner"});
  run.after_sending("push");
  EXPECT_EQ(run.come(""), State::violated);
  EXPECT_EQ(run.tracker.assess().came, "step 'dial' happened: alice connected again");
  EXPECT_FALSE(run.tracker.assess().broke);
}

TEST(WokenClient, ThatStaysAwayIsNobodysDoingThatCanBeTold) {
  Woken run;
  run.push("push");
  EXPECT_EQ(run.after({.kind = Kind::deadline, .step = "dial"}), State::violated);
  EXPECT_FALSE(run.tracker.assess().broke);
}

TEST(WokenClient, WaitsForAServerThatIsToBlameForWhatItAnswers) {
  Woken run;
  run.after({.kind = Kind::dialled, .link = "server/partner"});
  run.after_sending("push");
  EXPECT_EQ(run.after({.kind = Kind::deadline, .step = "pushed"}), State::violated);
  EXPECT_EQ(run.tracker.assess().broke, model::Party::third_party_server);
}

}  // namespace
}  // namespace parley::engine
