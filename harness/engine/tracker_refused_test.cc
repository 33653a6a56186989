// SPDX-License-Identifier: GPL-3.0-or-later
// Steps that are a refusal, and what a SUT says before it ends a connection as it must.
#include <gtest/gtest.h>

#include <string>

#include "harness/engine/played_run.h"

namespace parley::engine {
namespace {

using State = Assessment::State;

const std::string kAgain =
    "again/dial; again/open; again/header; again/bind; again/bound; again/connected";

struct Played {
  CaseRun run;
  Player player;

  Played(const std::string& flow, const std::string& lines)
      : run(flow, "", model::Party::gatekeeper_server), player(run) {
    player.preamble();
    player.play_all(lines);
  }
  State state() { return player.tracker().assess().state; }
  bool turned_away() { return player.tracker().turned_away("user"); }
};

TEST(RefusalThatIsDue, IsTheConnectionsEnd) {
  Played ends("turned-away", "ping; closes user");
  EXPECT_EQ(ends.state(), State::pending);
  EXPECT_FALSE(ends.turned_away()) << "nothing is left to end";
  ends.player.play_all(kAgain);
  EXPECT_EQ(ends.state(), State::holds);
}

TEST(RefusalThatIsDue, IsWhatTheProfileTakesForOneAndThenOursToEnd) {
  Played says("turned-away", "ping; user: <stream:error/>");
  EXPECT_EQ(says.state(), State::pending);
  EXPECT_TRUE(says.turned_away());
  says.player.play_all("we-part user");
  EXPECT_FALSE(says.turned_away());
  says.player.play_all(kAgain);
  EXPECT_EQ(says.state(), State::holds);
}

TEST(RefusalThatIsDue, MayBeFollowedByTheConnectionsEnd) {
  Played both("turned-away", "ping; user: <stream:error/>; closes user; " + kAgain);
  EXPECT_EQ(both.state(), State::holds);
}

TEST(RefusalThatIsDue, IsNoStanzaAndNotNothing) {
  Played other("turned-away", "ping; user: <iq type='error' id='${ping.id}'/>");
  EXPECT_EQ(other.state(), State::pending);
  EXPECT_FALSE(other.turned_away());
  other.player.play_all("late refused");
  EXPECT_EQ(other.state(), State::violated);
}

TEST(EndThatIsDue, MayBeExplainedByAStreamError) {
  Played explained("back", "user: <stream:error/>");
  EXPECT_EQ(explained.state(), State::pending);
  explained.player.play_all("cut; again/dial");
  EXPECT_EQ(explained.state(), State::pending);
  Played never_ends("back", "user: <stream:error/>; late cut");
  EXPECT_EQ(never_ends.state(), State::violated);
}

}  // namespace
}  // namespace parley::engine
