// SPDX-License-Identifier: GPL-3.0-or-later
// What a driver answers: bound as the step's fields, and held to what the step says.
#include <gtest/gtest.h>

#include "harness/engine/played_run.h"

namespace parley::engine {
namespace {

using model::Party;
using Kind = Event::Kind;
using State = Assessment::State;

// After the call that asks for it.
Assessment answered(Tracker& tracker, nlohmann::json data) {
  tracker.feed({.kind = Kind::call, .link = "user", .step = "ask", .text = "token"});
  tracker.feed({.kind = Kind::answer,
                .link = "user",
                .step = "ask",
                .text = "token",
                .data = std::move(data)});
  return tracker.assess();
}

TEST(TrackerOfAnswers, BindsWhatTheDriverAnswers) {
  const CaseRun run("ask-token", "", Party::third_party_client);
  auto tracker = run.tracker();
  answered(tracker, {{"token", "abc"}, {"number", 7}});
  EXPECT_EQ(tracker.scope().values.at("ask.token"), "abc");
  EXPECT_FALSE(tracker.scope().values.contains("ask.number"));
  EXPECT_EQ(tracker.assess().state, State::pending);
  ASSERT_NE(tracker.due(), nullptr);
  EXPECT_EQ(tracker.due()->step.id, "ask-none");
}

struct Wrong {
  const char* name;
  nlohmann::json data;
  std::string actual;
};
class HoldsTheDriverToIt : public testing::TestWithParam<Wrong> {};

TEST_P(HoldsTheDriverToIt, AndSaysWhatItAnswered) {
  const CaseRun run("ask-token", "", Party::third_party_client);
  auto tracker = run.tracker();
  const auto state = answered(tracker, GetParam().data);
  EXPECT_EQ(state.state, State::violated);
  EXPECT_EQ(state.came, "the driver answers 'token' with token '" + GetParam().actual + "'");
  EXPECT_EQ(state.difference, "token: expected ! or !none, came " + GetParam().actual);
}

INSTANTIATE_TEST_SUITE_P(Answers, HoldsTheDriverToIt,
                         testing::Values(Wrong{"Nothing", nlohmann::json(), ""},
                                         Wrong{"NoSuchField", nlohmann::json::object(), ""},
                                         Wrong{"Empty", {{"token", ""}}, ""},
                                         Wrong{"NoText", {{"token", 7}}, ""},
                                         Wrong{"Excluded", {{"token", "none"}}, "none"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(TrackerOfAnswers, TakesTheAbsenceOfAFieldForAnEmptyText) {
  const CaseRun run("ask-token", "", Party::third_party_client);
  auto tracker = run.tracker();
  answered(tracker, {{"token", "abc"}});
  tracker.feed({.kind = Kind::call, .link = "user", .step = "ask-none", .text = "token"});
  tracker.feed({.kind = Kind::answer, .link = "user", .step = "ask-none", .text = "token"});
  EXPECT_EQ(tracker.assess().state, State::holds);
}

}  // namespace
}  // namespace parley::engine
