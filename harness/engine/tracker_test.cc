// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/tracker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/engine/played_run.h"

namespace parley::engine {
namespace {

using Kind = Event::Kind;
using State = Assessment::State;
using model::Party;

std::string text_of(const Assessment& assessment) {
  return fmt::format("{}: {}; expected {}; came {}; {}", static_cast<int>(assessment.state),
                     assessment.reason, assessment.expected, assessment.came,
                     assessment.difference);
}

std::string again(const CaseRun& run, const std::vector<Event>& events) {
  auto tracker = run.tracker();
  for (const auto& event : events) {
    tracker.feed(event);
  }
  return text_of(tracker.assess());
}

// The same events with every piece of the SUT's octets cut at `at`.
std::vector<Event> cut(const std::vector<Event>& events, std::size_t at) {
  std::vector<Event> out;
  for (const auto& event : events) {
    out.push_back(event);
    if (event.kind == Kind::received && event.octets.size() > at) {
      out.back().octets.resize(at);
      out.push_back(event);
      out.back().octets.erase(0, at);
    }
  }
  return out;
}

// What is made of a run.
const std::string kHolds = "holds";
const std::string kWaits = "waits";
const std::string kNothing = "nothing came in time";
const std::string kMisfit = "nothing that fits came in time";
const std::string kWrong = "the answer is not what it must be";
const std::string kEnded = "the SUT refused or ended what must go on";
const std::string kDid = "the SUT did what it must not";
const std::string kActed = "the SUT acted on it";
const std::string kTook = "the SUT did not refuse it";
const std::string kOther = "the SUT refused it, but not as it must";
const std::string kHeeded = "the SUT did not ignore it";
const std::string kMalformed = "the SUT sent what a peer must refuse: mismatched tag";

struct Row {
  const char* name;
  std::string flow;
  std::string rest;
  std::string lines;    // after the preamble
  std::string outcome;  // kHolds, kWaits or why it is violated
  Party party = Party::gatekeeper_server;
};
class Judges : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    player_.preamble();
    player_.play_all(GetParam().lines);
  }

  const CaseRun run_{GetParam().flow, GetParam().rest, GetParam().party};
  Player player_{run_};
};

TEST_P(Judges, ARunAsTheRowSays) {
  const auto assessment = player_.tracker().assess();
  const auto outcome = assessment.state == State::holds     ? kHolds
                       : assessment.state == State::pending ? kWaits
                                                            : assessment.reason;
  EXPECT_EQ(outcome, GetParam().outcome) << text_of(assessment);
  EXPECT_EQ(player_.tracker().settled(), outcome != kWaits);
}

TEST_P(Judges, ARunAgainAsItDidLive) {
  EXPECT_EQ(again(run_, player_.events()), text_of(player_.tracker().assess()));
}

TEST_P(Judges, ARunTheSameHoweverItsOctetsCome) {
  const auto live = text_of(player_.tracker().assess());
  std::size_t longest = 0;
  for (const auto& event : player_.events()) {
    longest = std::max(longest, event.octets.size());
  }
  for (std::size_t at = 1; at < longest; ++at) {
    ASSERT_EQ(again(run_, cut(player_.events(), at)), live) << "cut at " << at;
  }
}

std::string name_of(const testing::TestParamInfo<Row>& tested) { return tested.param.name; }

const std::string kNever =
    "never: [{ sends: server -> bob, message: presence, with: { from: eve@x } }]\n";

INSTANTIATE_TEST_SUITE_P(
    Unchanged, Judges,
    testing::Values(
        Row{"holds_when_all_came", "relay", "", "message; delivered; ping; pong", kHolds},
        Row{"waits_for_the_last", "relay", "", "message; delivered; ping", kWaits},
        Row{"is_not_disturbed_by_traffic_beside_it", "relay", "",
            "message; alice: <iq type='get' id='q'/>; bob: <presence/>; delivered; ping; pong",
            kHolds},
        Row{"fails_when_nothing_comes", "relay", "", "message; late delivered", kNothing},
        Row{"fails_by_a_wrong_answer", "relay", "",
            "message; delivered; ping; alice: <iq type='error' id='${ping.id}'/>", kWrong},
        Row{"takes_no_answer_to_something_else_for_wrong", "relay", "",
            "message; delivered; ping; alice: <iq type='error' id='other'/>", kWaits},
        Row{"fails_by_a_stream_error", "relay", "", "message; bob: <stream:error/>", kWrong},
        Row{"fails_by_a_stream_error_where_nothing_is_expected", "relay", "",
            "alice: <stream:error/>", kEnded},
        Row{"fails_when_the_SUT_hangs_up", "relay", "", "message; closes bob", kEnded},
        Row{"fails_when_the_connection_breaks", "relay", "", "message; breaks alice", kEnded},
        Row{"fails_by_malformed_XML", "relay", "", "message; bob: <message><body></message>",
            kMalformed},
        Row{"fails_when_the_harness_gives_the_SUT_up", "relay", "", "message; gives-up alice",
            "a reason"},
        Row{"fails_when_the_harness_breaks", "relay", "", "broken alice", "a reason"},
        Row{"tells_what_is_not_supported", "relay", "", "unsupported driver",
            "unsupported: a reason"},
        Row{"counts_nothing_that_comes_before_it_was_sent", "relay", "",
            "delivered; message; late delivered", kNothing},
        Row{"takes_unordered_neighbours_in_order", "both", "", "ping; pong; note; last", kHolds},
        Row{"takes_unordered_neighbours_out_of_order", "both", "", "ping; note; pong; last",
            kHolds},
        Row{"takes_no_ordered_neighbour_out_of_order", "both", "",
            "ping; note; last; pong; late last", kNothing},
        Row{"takes_the_answers_after_a_volley", "volley", "", "say#1; say#2; heard#1; heard#2",
            kHolds},
        Row{"takes_an_answer_while_a_volley_is_under_way", "volley", "",
            "say#1; heard#1; say#2; heard#2", kHolds},
        Row{"takes_no_answer_before_a_volley", "volley", "",
            "heard#1; say#1; say#2; heard#2; late heard#1", kMisfit},
        Row{"takes_no_answers_to_a_volley_out_of_order", "volley", "",
            "say#1; say#2; heard#2; heard#1; late heard#2", kNothing},
        Row{"takes_an_end_that_must_come", "end", "",
            "dial; open; header; bind; bound; bye; bye-too; ended", kHolds},
        Row{"fails_when_the_end_does_not_come", "end", "",
            "dial; open; header; bind; bound; bye; bye-too; late ended", kNothing},
        Row{"fails_by_a_message_that_must_never_come", "relay", kNever,
            "message; bob: <presence from='eve@x'/>", kDid},
        Row{"takes_what_differs_from_a_message_that_must_never_come", "relay", kNever,
            "bob: <presence from='ann@x'/>; alice: <presence from='eve@x'/>; message; delivered; "
            "ping; pong",
            kHolds}),
    name_of);

const std::string kChange = "change: { step: message, layer: stanza, set: { '@from': bob@x } }\n";
const std::string kRefused = kChange + "expect: refused\n";
const std::string kByCondition =
    kChange + "expect: { refused: { by: [stanza-error], condition: [jid-malformed] } }\n";
const std::string kHandshake =
    "change: { step: shake, layer: connection, tls-max: '1.0' }\nexpect: refused\n";

INSTANTIATE_TEST_SUITE_P(
    Refused, Judges,
    testing::Values(
        Row{"waits_for_the_fence_after_a_stanza_error", "relay", kRefused,
            "message; error alice ${message.id}; ping", kWaits},
        Row{"holds_when_the_fence_is_answered", "relay", kRefused,
            "message; error alice ${message.id}; ping; pong", kHolds},
        Row{"holds_by_a_stanza_error_after_the_fence", "relay", kRefused,
            "message; ping; pong; error alice ${message.id}", kHolds},
        Row{"fails_when_the_fence_is_not_answered", "relay", kRefused,
            "message; error alice ${message.id}; ping; late pong",
            "the SUT refused it, but did not answer afterwards"},
        Row{"holds_by_a_stream_error_and_the_end", "relay", kRefused,
            "message; alice: <stream:error/></stream:stream>; closes alice", kHolds},
        Row{"holds_by_an_end", "relay", kRefused, "message; closes alice", kHolds},
        Row{"takes_no_end_of_another_link", "relay", kRefused,
            "message; closes bob; ping; pong; late -", kTook},
        Row{"takes_no_end_that_answers_ours", "relay", kRefused,
            "message; we-part alice; alice: </stream:stream>; closes alice", kTook},
        Row{"takes_a_stanza_error_while_we_part", "relay", kRefused,
            "message; we-part alice; error alice ${message.id}", kHolds},
        Row{"takes_no_error_under_another_id", "relay", kRefused,
            "message; error alice other; ping; pong; late -", kTook},
        Row{"takes_no_error_without_an_id", "relay", kRefused,
            "message; alice: <message type='error'/>; ping; pong; late -", kTook},
        Row{"takes_an_error_without_the_id_that_the_change_took_away", "relay",
            "change: { step: message, layer: stanza, remove: '@id' }\nexpect: refused\n",
            "message; alice: <message type='error'/>; ping; pong", kHolds},
        Row{"takes_an_error_under_the_changed_id", "relay",
            "change: { step: message, layer: stanza, set: { '@id': new } }\nexpect: refused\n",
            "message; error alice new; ping; pong", kHolds},
        Row{"takes_no_error_on_another_link", "relay", kRefused,
            "message; error bob ${message.id}; ping; pong; late -", kTook},
        Row{"fails_when_only_later_exchanges_are_answered", "relay", kRefused,
            "message; ping; pong; late -", kTook},
        Row{"fails_when_nothing_comes", "relay", kRefused, "message; ping; late pong", kNothing},
        Row{"fails_by_another_condition", "relay", kByCondition,
            "message; error alice ${message.id}; ping; pong; late -", kOther},
        Row{"fails_by_an_end_that_does_not_count", "relay", kByCondition, "message; closes alice",
            kOther},
        Row{"fails_when_the_SUT_does_it", "relay", kRefused, "message; delivered", kActed},
        Row{"fails_by_a_new_stream_on_top_of_the_old", "reopen",
            "change: { step: reopen, layer: bytes, prepend: ' ' }\nexpect: refused\n",
            "reopen; reheader", kActed},
        Row{"fails_when_the_SUT_does_it_after_a_refusal", "relay", kRefused,
            "message; error alice ${message.id}; delivered; ping; pong", kActed},
        Row{"fails_when_the_text_reaches_another_link", "relay", kRefused,
            "message; bob: <message><body>a-canary</body></message>", kActed},
        Row{"takes_the_text_on_its_own_link_and_in_an_error", "relay", kRefused,
            "message; alice: <message><body>a-canary</body></message>; bob: <message "
            "type='error'><body>a-canary</body></message>; error alice ${message.id}; ping; pong",
            kHolds},
        Row{"fails_when_the_flow_ends_before_the_change", "relay", kRefused, "closes alice",
            kEnded},
        Row{"fails_by_malformed_XML", "relay", kRefused, "message; alice: <a></b>", kMalformed},
        Row{"fails_by_what_must_never_come_after_the_change", "relay", kRefused + kNever,
            "message; bob: <presence from='eve@x'/>", kActed},
        Row{"takes_what_must_never_come_before_the_change", "relay", kRefused + kNever,
            "bob: <presence from='eve@x'/>; message; error alice ${message.id}; ping; pong",
            kHolds},
        Row{"holds_by_a_failed_handshake", "secure", kHandshake, "dial; fails shake", kHolds},
        Row{"waits_after_a_handshake_that_must_fail", "secure", kHandshake, "dial; shake", kWaits}),
    name_of);

const std::string kEither = kChange + "expect: { any-of: [completes, refused] }\n";

INSTANTIATE_TEST_SUITE_P(
    RefusedOrDone, Judges,
    testing::Values(Row{"holds_when_the_SUT_does_it", "relay", kEither,
                        "message; delivered; ping; pong", kHolds},
                    Row{"holds_when_the_SUT_refuses_it", "relay", kEither,
                        "message; error alice ${message.id}; ping; pong", kHolds},
                    Row{"waits_for_the_fence", "relay", kEither,
                        "message; error alice ${message.id}; ping", kWaits},
                    Row{"fails_when_the_SUT_refuses_it_and_does_it", "relay", kEither,
                        "message; error alice ${message.id}; delivered", kDid},
                    Row{"fails_when_the_SUT_does_it_and_refuses_it", "relay", kEither,
                        "message; delivered; error alice ${message.id}; ping; pong", kEnded},
                    Row{"is_not_refused_under_another_id", "relay", kEither,
                        "message; error alice other; delivered; ping; pong", kHolds},
                    Row{"fails_when_nothing_comes", "relay", kEither, "message; late delivered",
                        kNothing}),
    name_of);

const std::string kIgnored = kChange + "expect: ignored\n";

INSTANTIATE_TEST_SUITE_P(
    Ignored, Judges,
    testing::Values(
        Row{"holds_when_the_fence_is_answered", "relay", kIgnored, "message; ping; pong", kHolds},
        Row{"waits_for_the_fence", "relay", kIgnored, "message; ping", kWaits},
        Row{"fails_by_an_error_that_answers_it", "relay", kIgnored,
            "message; error alice ${message.id}; ping; pong", kHeeded},
        Row{"fails_by_an_error_under_an_id_that_was_never_used", "relay", kIgnored,
            "message; error alice other; ping; pong", kHeeded},
        Row{"fails_by_an_error_without_an_id", "relay", kIgnored,
            "message; alice: <iq type='error'/>; ping; pong", kHeeded},
        Row{"takes_an_error_that_answers_something_else", "relay", kIgnored,
            "message; error alice ${alice/bind.id}; ping; pong", kHolds},
        Row{"takes_an_error_on_another_link", "relay", kIgnored,
            "message; error bob other; ping; pong", kHolds},
        Row{"takes_an_error_before_the_change", "relay", kIgnored,
            "error alice other; message; ping; pong", kHolds},
        Row{"fails_by_an_end", "relay", kIgnored, "message; closes alice", kHeeded},
        Row{"fails_when_the_SUT_does_it", "relay", kIgnored, "message; delivered", kActed},
        Row{"fails_when_the_fence_is_not_answered", "relay", kIgnored, "message; ping; late pong",
            kNothing}),
    name_of);

const std::string kForged =
    "change: { step: one, layer: stanza, set: { '@from': eve@x } }\nexpect: ignored\n";
const std::string kNeverShown = "never: [{ shows: received, at: user, with: { text: other } }]\n";
constexpr auto kClient = Party::third_party_client;

INSTANTIATE_TEST_SUITE_P(
    OfAClient, Judges,
    testing::Values(
        Row{"holds_when_all_was_shown", "show", "", "one; two; one-shown; two-shown; ping; pong",
            kHolds, kClient},
        Row{"takes_what_is_shown_while_a_volley_is_under_way", "show", "",
            "one; one-shown; two; two-shown; ping; pong", kHolds, kClient},
        Row{"fails_when_it_is_shown_out_of_order", "show", "",
            "one; two; two-shown; one-shown; ping; pong", kWrong, kClient},
        Row{"takes_any_order_where_it_is_free", "show-any", "", "one; two; two-shown; one-shown",
            kHolds, kClient},
        Row{"fails_when_it_is_shown_before_it_was_sent", "show", "",
            "one-shown; one; two; two-shown", kWrong, kClient},
        Row{"does_not_count_another_text", "show", "", "one; two; shown text; late one-shown",
            kNothing, kClient},
        Row{"fails_by_what_must_never_be_shown", "show", kNeverShown, "one; shown other", kDid,
            kClient},
        Row{"takes_what_differs_from_what_must_never_be_shown", "show-any", kNeverShown,
            "shown text; one; two; one-shown; two-shown", kHolds, kClient},
        Row{"fails_when_the_change_is_shown", "show", kForged, "one; one-shown", kActed, kClient},
        Row{"fails_when_more_than_the_change_is_shown", "show", kForged,
            "one; shown eve wrote text-one", kActed, kClient},
        Row{"holds_when_the_change_is_not_shown", "show", kForged, "one; shown text; ping; pong",
            kHolds, kClient},
        Row{"fails_by_what_must_never_be_shown_after_the_change", "show", kForged + kNeverShown,
            "one; shown other", kActed, kClient},
        Row{"takes_what_must_never_be_shown_before_the_change", "show", kForged + kNeverShown,
            "shown other; one; ping; pong", kHolds, kClient},
        Row{"takes_a_message_before_the_driver_says_that_it_asked", "do", "", "do; said; answer do",
            kHolds, kClient},
        Row{"takes_no_message_that_nobody_asked_for", "do", "",
            "user: <message type='chat'><body>text-one</body></message>; do; answer do; late said",
            kNothing, kClient}),
    name_of);

const std::string kAgain = "again/dial; again/open; again/header; again/bind; again/bound; ";
const std::string kNeverAgain = "never: [{ connect: user -> server }]\n";

INSTANTIATE_TEST_SUITE_P(
    OfTwoConnections, Judges,
    testing::Values(
        Row{"holds_when_both_were_as_they_must", "back", "", "cut; " + kAgain + "ping; pong; ended",
            kHolds},
        Row{"takes_the_end_of_the_first_for_no_end_of_the_second", "back", "",
            "cut; closes user; " + kAgain + "ping; pong; late ended", kEnded},
        Row{"fails_when_the_second_ends_too_soon", "back", "", "cut; " + kAgain + "closes user",
            "the flow cannot go on"},
        Row{"takes_nothing_on_the_first_for_the_second", "back", "",
            "user: <iq type='result' id='${user.jid}'/></stream:stream>; cut; " + kAgain +
                "ping; pong; ended",
            kHolds},
        Row{"waits_for_the_second", "back", "", "cut", kWaits},
        Row{"fails_when_there_is_no_second", "back", "", "cut; late again/dial", kNothing, kClient},
        Row{"takes_the_clients_own_second_connection", "back", "",
            "cut; " + kAgain + "again/connected; ping; pong; ended", kHolds, kClient},
        Row{"takes_a_client_that_ends_it_before_we_do", "back", "",
            "user: </stream:stream>; closes user; " + kAgain + "again/connected; ping; pong; ended",
            kHolds, kClient},
        Row{"takes_a_connection_that_nobody_asked_for_where_it_may_come", "back", "",
            "cut; " + kAgain + "again/connected; ping; pong; ended; strays user", kHolds, kClient},
        Row{"fails_by_a_connection_that_must_never_come", "show", kNeverAgain,
            "one; strays user; two; one-shown; two-shown; ping; pong", kDid, kClient},
        Row{"takes_another_users_connection", "show", kNeverAgain,
            "one; strays other; two; one-shown; two-shown; ping; pong", kHolds, kClient}),
    name_of);

std::string due_of(const Tracker& tracker) {
  return tracker.due() == nullptr ? "nothing" : tracker.due()->step.id;
}

struct Due {
  const char* name;
  std::string rest;
  std::string lines;
  std::string due;  // after each line
};
class IsDue : public testing::TestWithParam<Due> {};

TEST_P(IsDue, AfterEachLine) {
  const CaseRun run("relay", GetParam().rest, Party::gatekeeper_server);
  Player player(run);
  EXPECT_EQ(due_of(player.tracker()), "alice/dial");
  EXPECT_TRUE(player.tracker().failed_in_preamble());
  player.preamble();
  EXPECT_FALSE(player.tracker().failed_in_preamble());
  std::vector<std::string> due{due_of(player.tracker())};
  for (const auto& line : split(GetParam().lines, ';')) {
    player.play_all(line);
    due.push_back(due_of(player.tracker()));
  }
  EXPECT_EQ(join(due, " "), GetParam().due);
}

INSTANTIATE_TEST_SUITE_P(
    Steps, IsDue,
    testing::Values(Due{"every_step_of_an_unchanged_flow", "", "message; delivered; ping; pong",
                        "message delivered ping pong nothing"},
                    Due{"no_consequence_of_what_must_be_refused", kRefused, "message; ping; pong",
                        "message ping pong nothing"},
                    Due{"no_consequence_once_it_is_refused", kEither,
                        "message; error alice ${message.id}", "message delivered ping"},
                    Due{"a_consequence_after_an_error_under_another_id", kEither,
                        "message; error alice other", "message delivered delivered"},
                    Due{"nothing_on_a_link_that_has_ended", "", "message; closes bob",
                        "message delivered nothing"},
                    Due{"nothing_after_a_deadline", "", "message; late delivered",
                        "message delivered nothing"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Tracker, GivesTrafficBesideTheFlowOnceAndSaysWhichStepTookTheRest) {
  const CaseRun run("relay", "", Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  player.play_all("message; bob: <presence/><iq type='get' id='1'/>");
  const auto beside = player.tracker().take_beside();
  ASSERT_EQ(beside.size(), 2U);
  EXPECT_EQ(beside[0].link, "bob");
  EXPECT_EQ(std::get<xml::Stanza>(beside[1].item).element.name, "iq");
  player.play("delivered");
  EXPECT_TRUE(player.tracker().take_beside().empty());
  EXPECT_EQ(player.tracker().seen().back().step, "delivered");
}

TEST(Tracker, TakesANewStreamOnTopOfTheOldForActing) {
  const CaseRun run("reopen",
                    "change: { step: reopen, layer: bytes, prepend: ' ' }\nexpect: refused\n",
                    Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  player.play("reopen");
  EXPECT_FALSE(player.tracker().acted());
  player.play("reheader");
  EXPECT_TRUE(player.tracker().acted());
  EXPECT_EQ(player.tracker().assess().reason, kActed);
}

TEST(Tracker, MayPartWhileBothStreamsAreOpen) {
  const CaseRun run("end", "", Party::gatekeeper_server);
  Player player(run);
  for (const auto& [line, may] : {std::pair("dial", false), std::pair("open", false),
                                  std::pair("header", true), std::pair("bye", false)}) {
    player.play(line);
    EXPECT_EQ(player.tracker().can_part("user"), may) << line;
  }
}

TEST(Tracker, LetsAConnectionBeginWhenTheOneBeforeHasEnded) {
  const CaseRun run("back", "", Party::third_party_client);
  Player player(run);
  auto& tracker = player.tracker();
  EXPECT_EQ(tracker.connection_to_come("user"), &run.step("dial"));
  EXPECT_TRUE(tracker.may_connect("user"));
  player.preamble();
  EXPECT_EQ(tracker.connection_to_come("user"), &run.step("again/dial"));
  EXPECT_FALSE(tracker.may_connect("user"));
  player.play("cut");
  EXPECT_TRUE(tracker.may_connect("user"));
  player.play("again/dial");
  EXPECT_EQ(tracker.connection_to_come("user"), nullptr);
  EXPECT_TRUE(tracker.link_open("user"));
}

TEST(Tracker, AnswersNothingOfAConnectionThatHasEnded) {
  const CaseRun run("back", "", Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  player.play_all("user: <presence/>; cut; again/dial; again/open; again/header; user: <message/>");
  const auto beside = player.tracker().take_beside();
  ASSERT_EQ(beside.size(), 1U);
  EXPECT_EQ(std::get<xml::Stanza>(beside[0].item).element.name, "message");
  EXPECT_EQ(beside[0].connection, 2);
}

TEST(Tracker, TakesAConnectionThatTheChangeForbidsForActing) {
  const CaseRun run("back",
                    "change: { step: cut, insert: { message: stream-error, where: before, with: { "
                    "condition: conflict } } }\n"
                    "expect: refused\n",
                    Party::third_party_client);
  Player player(run);
  player.preamble();
  player.play("inserted");
  EXPECT_FALSE(player.tracker().acted());
  player.play("strays user");
  EXPECT_TRUE(player.tracker().acted());
}

TEST(Tracker, KnowsWhenTheNextOctetsAreAHandshake) {
  const CaseRun run("secure", "", Party::gatekeeper_server);
  Player player(run);
  player.play("dial");
  EXPECT_TRUE(player.tracker().handshake_next("user"));
  player.play("shake");
  EXPECT_FALSE(player.tracker().handshake_next("user"));
  EXPECT_TRUE(player.tracker().link_open("user"));
  player.play("closes user");
  EXPECT_FALSE(player.tracker().link_open("user"));
}

TEST(Tracker, CallsADeadlineLateWhenTheHarnessWas) {
  for (const auto& [late_ms, late] : {std::pair(250, false), std::pair(251, true)}) {
    const CaseRun run("relay", "", Party::gatekeeper_server);
    auto tracker = run.tracker();
    EXPECT_FALSE(tracker.timed_out());
    tracker.feed({.kind = Kind::deadline, .data = {{"waited_ms", 1000}, {"late_ms", late_ms}}});
    EXPECT_TRUE(tracker.timed_out());
    EXPECT_EQ(tracker.late(), late) << late_ms;
  }
}

}  // namespace
}  // namespace parley::engine
