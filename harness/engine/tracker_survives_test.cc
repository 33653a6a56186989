// SPDX-License-Identifier: GPL-3.0-or-later
// What a SUT may make of a message that it has only to live through.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "harness/engine/played_run.h"

namespace parley::engine {
namespace {

const std::string kHolds = "holds";
const std::string kWaits = "waits";
const std::string kKeptUp = "the SUT keeps up a connection on which nothing can be read any more";

// In the flow `relay` alice's message is changed to `octets`.
std::string change_to(const std::string& octets) {
  return "change: { step: message, layer: bytes, replace: \"" + octets + "\" }\nexpect: survives\n";
}
const std::string kWhole = change_to("<message/>");
const std::string kBroken = change_to("<message></body>");
const std::string kCut = change_to("<message><body>");

std::string outcome_of(const Tracker& tracker) {
  const auto assessment = tracker.assess();
  return assessment.state == Assessment::State::holds     ? kHolds
         : assessment.state == Assessment::State::pending ? kWaits
                                                          : assessment.reason;
}

struct Row {
  const char* name;
  std::string rest;
  std::string lines;    // after the preamble
  std::string outcome;  // kHolds, kWaits or why it is violated
};
class Survives : public testing::TestWithParam<Row> {};

TEST_P(Survives, WhatTheRowSays) {
  const CaseRun run("relay", GetParam().rest, model::Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  player.play_all(GetParam().lines);
  EXPECT_EQ(outcome_of(player.tracker()), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Survives,
    testing::Values(
        Row{"waits_for_the_fence", kWhole, "message; ping", kWaits},
        Row{"holds_once_the_fence_is_answered", kWhole, "message; ping; pong", kHolds},
        Row{"holds_by_a_stream_error", kWhole, "message; alice: <stream:error/>", kHolds},
        Row{"holds_by_the_end_of_that_connection", kWhole, "message; closes alice", kHolds},
        Row{"fails_by_the_end_of_anothers", kWhole, "message; closes bob",
            "the SUT ended another user's connection"},
        Row{"does_not_mind_what_follows_from_it", kWhole,
            "message; bob: <message from='alice@x'><body>hello</body></message>; ping; pong",
            kHolds},
        Row{"fails_when_nothing_comes", kWhole, "message; ping; late pong",
            "the SUT neither answers afterwards nor ends the connection"},
        Row{"asks_once_more_after_another_answer", kWhole,
            "message; ping; alice: <iq type='error' id='other'/>; late pong", kWaits},
        Row{"holds_by_any_answer_to_the_second_time", kWhole,
            "message; ping; alice: <iq type='error' id='other'/>; late pong; ping; "
            "alice: <iq type='error' id='other'/>",
            kHolds},
        Row{"takes_no_word_of_another_for_one_of_who_is_asked", kWhole,
            "message; ping; alice: <iq type='error' id='other'/>; late pong; ping; "
            "bob: <message from='alice@x'/>",
            kWaits},
        Row{"fails_by_one_that_spoke_once", kWhole,
            "message; ping; alice: <message type='error'/>; late pong; ping; late pong",
            "the SUT neither answers afterwards nor ends the connection"},
        Row{"asks_nobody_who_has_said_nothing_once_more", kWhole,
            "message; alice: <message type='error'/>; ping; late pong",
            "the SUT neither answers afterwards nor ends the connection"},
        Row{"fails_by_an_answer_after_what_nobody_can_read", kBroken, "message; ping; pong",
            "the SUT goes on after what nobody can read"},
        Row{"fails_by_an_answer_after_what_is_no_utf8",
            change_to("<message><body>\\\\xC0</body></message>"), "message; ping; pong",
            "the SUT goes on after what nobody can read"},
        Row{"knows_the_prefix_of_the_stream", change_to("<message><stream:x/></message>"),
            "message; ping; pong", kHolds},
        Row{"fails_by_silence_over_what_nobody_can_read", kBroken, "message; ping; late pong",
            kKeptUp},
        Row{"asks_nobody_once_more_after_what_nobody_can_read", kBroken,
            "message; ping; alice: <iq type='error' id='other'/>; late pong", kKeptUp},
        Row{"holds_by_the_end_over_what_nobody_can_read", kBroken, "message; closes alice", kHolds},
        Row{"fails_by_malformed_XML", kWhole, "message; alice: <message><body></message>",
            "the SUT sent what a peer must refuse: mismatched tag"},
        Row{"takes_another_stream_on_the_same_connection", kWhole,
            "message; alice: <?xml version='1.0'?><stream:stream xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>; ping; "
            "alice: <iq type='result' id='${ping.id}'/>",
            kHolds}),
    [](const auto& row) { return std::string(row.param.name); });

// The suites' profile with somebody beside the one who is struck.
const model::Library& watched() {
  static const auto out = [] {
    auto copy = library();
    copy.profiles.at("xmpp").bystander = "watch";
    return copy;
  }();
  return out;
}

class Outlives : public testing::TestWithParam<Row> {};

TEST_P(Outlives, WhatTheRowSays) {
  CaseRun run("relay", GetParam().rest, model::Party::gatekeeper_server);
  run.cast = cast_case(run.one, watched())->at(1);
  Player player(run);
  player.preamble();
  player.play_all(GetParam().lines);
  EXPECT_EQ(outcome_of(player.tracker()), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Outlives,
    testing::Values(
        Row{"waits_for_the_bystander_after_the_fence", kWhole, "message; ping; pong", kWaits},
        Row{"waits_for_the_bystander_after_the_end", kWhole, "message; closes alice", kWaits},
        Row{"holds_by_its_answer", kWhole, "message; closes alice; bystander-ping; bystander-pong",
            kHolds},
        Row{"holds_by_any_answer_of_it", kWhole,
            "message; ping; pong; bystander-ping; bystander: <iq type='error' id='other'/>",
            kHolds},
        Row{"fails_by_its_end", kWhole, "message; closes alice; closes bystander",
            "the SUT ended another user's connection"},
        Row{"fails_by_its_silence", kWhole,
            "message; closes alice; bystander-ping; late bystander-pong",
            "the SUT does not answer another user afterwards"},
        Row{"takes_no_answer_to_the_bystander_for_one_to_the_strike", kWhole,
            "message; ping; bystander: <message/>; late pong",
            "the SUT neither answers afterwards nor ends the connection"}),
    [](const auto& row) { return std::string(row.param.name); });

// A flow that has no fence: a server answers the header of a stream, and keeps silent over what
// needs no answer.
TEST(Survival, AsksAServerForAWordWhereOneIsDueAndThereIsNoFence) {
  const std::string header = "change: { step: open, layer: bytes, replace: '<a>' }\n";
  const std::string bind = "change: { step: bind, layer: bytes, replace: '<a/>' }\n";
  for (const auto& [change, lines, outcome] :
       {std::tuple(header, "dial; open", kWaits),
        {header, "dial; open; header", kHolds},
        {"change: { step: open, layer: bytes, replace: '<iq/>' }\n", "dial; open", kWaits},
        {header, "dial; open; closes user", kHolds},
        {header, "dial; open; late header",
         "the SUT neither answers afterwards nor ends the connection"},
        {bind, "dial; open; header; bind", kHolds}}) {
    const CaseRun run("begin", change + "expect: survives\n", model::Party::gatekeeper_server);
    Player player(run);
    player.play_all(lines);
    EXPECT_EQ(outcome_of(player.tracker()), outcome) << lines;
  }
}

// What nobody can read has to end the connection where no fence follows it too, and whatever is
// said to it.
TEST(Survival, WaitsForTheEndOfAConnectionOnWhichNobodyCanRead) {
  const std::string failure = "user: <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
  for (const auto& [flow, step, lines, outcome] :
       {std::tuple("begin", "bind", std::string("dial; open; header; bind"), kWaits),
        {"begin", "bind", "dial; open; header; bind; closes user", kHolds},
        {"begin", "bind", "dial; open; header; bind; user: <stream:error/>", kHolds},
        {"begin", "bind", "dial; open; header; bind; late -", kKeptUp},
        {"begin", "open", "dial; open; header", kWaits},
        {"begin", "open", "dial; open; header; late -", kKeptUp},
        {"login", "auth", "auth; " + failure, kWaits},
        {"login", "auth", "auth; " + failure + "; late -", kKeptUp},
        {"login", "auth", "auth; " + failure + "; closes user", kHolds}}) {
    const CaseRun run(
        flow,
        fmt::format("change: {{ step: {}, layer: bytes, replace: '<a></b>' }}\nexpect: survives\n",
                    step),
        model::Party::gatekeeper_server);
    Player player(run);
    player.preamble();
    player.play_all(lines);
    EXPECT_EQ(outcome_of(player.tracker()), outcome) << lines;
  }
}

TEST(Survival, AsksTheBystanderOnceThatConnectionHasEnded) {
  CaseRun run("begin",
              "change: { step: bind, layer: bytes, replace: '<a></b>' }\nexpect: survives\n",
              model::Party::gatekeeper_server);
  run.cast = cast_case(run.one, watched())->at(1);
  Player player(run);
  player.preamble();
  player.play_all("dial; open; header; bind");
  EXPECT_EQ(player.tracker().due(), nullptr);
  player.play("closes user");
  ASSERT_NE(player.tracker().due(), nullptr);
  EXPECT_EQ(player.tracker().due()->step.id, "bystander-ping");
}

// A server may wait for the element that it has not come to, and pass over a stanza.
TEST(Survival, AwaitsNoWordWhereNothingThatNeedsOneWasSaid) {
  const std::string begun = "auth";
  const std::string failure = begun + "; user: <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
  for (const auto& [octets, lines, outcome] : {std::tuple("", begun, kHolds),
                                               {" \\x0A", begun, kHolds},
                                               {"<a/>", begun, kWaits},
                                               {"<iq type='error' id='a'/>", begun, kHolds},
                                               {"<iq type='error' id='a'/><a/>", begun, kWaits},
                                               {"<a/>", failure, kHolds}}) {
    const CaseRun run(
        "login",
        fmt::format("change: {{ step: auth, layer: bytes, replace: \"{}\" }}\nexpect: survives\n",
                    octets),
        model::Party::gatekeeper_server);
    Player player(run);
    player.preamble();
    player.play_all(lines);
    EXPECT_EQ(outcome_of(player.tracker()), outcome) << octets;
  }
}

// Here a fence that cannot be asked twice: what has come has to do, and the bystander is asked.
TEST(Survival, ProvesNothingByAWordAloneWhereNothingElseCanBeAsked) {
  const std::string spoke = "ping; user: <iq type='error' id='other'/>; bob/dial; late bob/open";
  for (const auto& [library_of, lines, outcome] :
       {std::tuple(
            &library(), spoke,
            std::string("the SUT has said something, but could be asked nothing afterwards")),
        {&library(), "ping; bob/dial; bob/open; late bob/header",
         "the SUT neither answers afterwards nor ends the connection"},
        {&watched(), spoke, kWaits},
        {&watched(), spoke + "; bystander-ping; bystander-pong", kHolds},
        {&watched(), spoke + "; bystander-ping; late bystander-pong",
         "the SUT does not answer another user afterwards"}}) {
    CaseRun run("join", "change: { step: ping, layer: bytes, replace: '<a/>' }\nexpect: survives\n",
                model::Party::gatekeeper_server);
    run.cast = cast_case(run.one, *library_of)->at(1);
    Player player(run);
    player.preamble();
    player.play_all(lines);
    EXPECT_EQ(outcome_of(player.tracker()), outcome) << lines;
    EXPECT_EQ(player.tracker().assess().unproven, outcome.starts_with("the SUT has said")) << lines;
  }
}

TEST(Survival, HasABystanderWhereAServerAloneIsUnderTest) {
  const std::string ping =
      "change: { step: ping, layer: bytes, replace: '<a/>' }\nexpect: survives\n";
  for (const auto& [flow, rest, party, has] :
       {std::tuple("both", ping, model::Party::gatekeeper_server, true),
        {"both", "change: { step: ping, layer: bytes, replace: '<a/>' }\nexpect: refused\n",
         model::Party::gatekeeper_server, false},
        {"show", "change: { step: one, layer: bytes, replace: '<a/>' }\nexpect: survives\n",
         model::Party::third_party_client, false}}) {
    const CaseRun run(flow, rest, party);
    const auto runs = *cast_case(run.one, watched());
    const auto is_there = [](const CastRun& one) {
      return std::ranges::any_of(one.steps, is_bystander);
    };
    EXPECT_EQ(is_there(runs.at(1)), has) << rest;
    EXPECT_FALSE(is_there(runs.at(0)));
    EXPECT_EQ(runs.at(1).flow->actors.contains("bystander"), has);
  }
}

TEST(Survival, EndsTheConnectionWhereASutMayWaitForMore) {
  for (const auto& [rest, ends] :
       {std::pair(kWhole, false), {kBroken, false}, {kCut, true}, {change_to("text"), true}}) {
    const CaseRun run("relay", rest, model::Party::gatekeeper_server);
    Player player(run);
    player.preamble();
    const auto* due = player.tracker().due();
    ASSERT_NE(due, nullptr);
    const auto message = player.tracker().compose(*due);
    ASSERT_TRUE(message) << message.error();
    EXPECT_EQ(message->then_end, ends) << rest;
  }
}

TEST(Survival, SendsTheFenceOnceMoreAsAReplayDoes) {
  const CaseRun run("relay", kWhole, model::Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  player.play_all("message; ping; alice: <iq type='error' id='other'/>");
  player.play("late pong");
  ASSERT_NE(player.tracker().due(), nullptr);
  EXPECT_EQ(player.tracker().due()->step.id, "ping");
  EXPECT_FALSE(player.tracker().scope().values.contains("ping.sent"));
  EXPECT_FALSE(player.tracker().settled());
  player.play("ping");
  EXPECT_TRUE(player.tracker().scope().values.contains("ping.sent"));
  // A replay that is given the same events composes the same.
  auto replayed = run.tracker();
  for (const auto& event : player.events()) {
    replayed.feed(event);
  }
  EXPECT_EQ(replayed.scope().values, player.tracker().scope().values);
}

// Mutators change from one version to the next, and a transcript does not.
TEST(Survival, GoesByWhatWasSentWhateverTheMutatorMakesNow) {
  const CaseRun run("relay",
                    "change: { step: message, layer: bytes, mutate: { by: xml, seed: 7 } }\n"
                    "expect: survives\n",
                    model::Party::gatekeeper_server);
  for (const auto& [octets, outcome] :
       {std::pair("<message></body>", "the SUT goes on after what nobody can read"),
        {"<message/>", "holds"}}) {
    Player player(run);
    player.preamble();
    player.tracker().feed(
        {.kind = Event::Kind::sent, .link = "alice", .step = "message", .octets = octets});
    player.play_all("ping; pong");
    EXPECT_EQ(outcome_of(player.tracker()), outcome) << octets;
  }
}

TEST(Survival, KeepsWhatTheChangeHasMadeOfTheMessage) {
  const CaseRun run("relay", kWhole, model::Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  EXPECT_FALSE(player.tracker().edited());
  player.play_all("message");
  ASSERT_TRUE(player.tracker().edited());
  EXPECT_EQ(player.tracker().edited()->octets, "<message/>");
  EXPECT_NE(player.tracker().edited()->honest.find("<body>"), Bytes::npos);
}

}  // namespace
}  // namespace parley::engine
