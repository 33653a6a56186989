// SPDX-License-Identifier: GPL-3.0-or-later
// What a SUT may make of a message that it has only to live through.
#include <gtest/gtest.h>

#include <string>

#include "harness/engine/played_run.h"

namespace parley::engine {
namespace {

const std::string kHolds = "holds";
const std::string kWaits = "waits";

// In the flow `relay` alice's message is changed to `octets`.
std::string change_to(const std::string& octets) {
  return "change: { step: message, layer: bytes, replace: \"" + octets + "\" }\nexpect: survives\n";
}
const std::string kWhole = change_to("<message/>");
const std::string kBroken = change_to("<message></body>");
const std::string kCut = change_to("<message><body>");

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
  const auto assessment = player.tracker().assess();
  const auto outcome = assessment.state == Assessment::State::holds     ? kHolds
                       : assessment.state == Assessment::State::pending ? kWaits
                                                                        : assessment.reason;
  EXPECT_EQ(outcome, GetParam().outcome);
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
        Row{"takes_another_answer_for_one", kWhole,
            "message; ping; alice: <iq type='error' id='other'/>; late pong", kHolds},
        Row{"fails_by_an_answer_after_what_nobody_can_read", kBroken, "message; ping; pong",
            "the SUT goes on after what nobody can read"},
        Row{"knows_the_prefix_of_the_stream", change_to("<message><stream:x/></message>"),
            "message; ping; pong", kHolds},
        Row{"may_keep_silent_over_what_nobody_can_read", kBroken, "message; ping; late pong",
            kHolds},
        Row{"fails_by_malformed_XML", kWhole, "message; alice: <message><body></message>",
            "the SUT sent what a peer must refuse: mismatched tag"},
        Row{"takes_another_stream_on_the_same_connection", kWhole,
            "message; alice: <?xml version='1.0'?><stream:stream xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>; ping; "
            "alice: <iq type='result' id='${ping.id}'/>",
            kHolds}),
    [](const auto& row) { return std::string(row.param.name); });

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
