// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/shared_runs.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

namespace parley::engine {
namespace {

namespace asio = boost::asio;

class SharedRunsTest : public ::testing::Test {
 protected:
  using When = SharedRuns::When;
  // Notes what each who asks gets: its own turn ("") or the name of a shared record.
  asio::awaitable<void> ask(When when) {
    auto taken = co_await runs_.take("flow", when);
    got_.push_back(taken.record == nullptr ? "" : taken.record->name);
    claims_.push_back(std::move(taken.claim));
  }
  void ask_and_run(When when = When::recently) {
    asio::co_spawn(io_, ask(when), asio::detached);
    run();
  }
  void run() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  SharedRuns runs_{io_.get_executor()};
  std::vector<std::string> got_;
  std::vector<SharedRuns::Claim> claims_;
};

TEST_F(SharedRunsTest, AreCarriedOutOnceForAllWhoWait) {
  ask_and_run();
  ask_and_run();
  ask_and_run();
  EXPECT_EQ(got_, std::vector<std::string>{""});
  claims_[0].done({.name = "twin", .values = {}, .events = {}}, "a/case");
  run();
  ask_and_run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", "twin", "twin", "twin"}));
}

TEST_F(SharedRunsTest, ThatFailedAreNotShared) {
  ask_and_run();
  ask_and_run();
  claims_.clear();  // withdrawn
  run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", ""}));
  ask_and_run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", "", ""}));
  claims_.back().done({.name = "later", .values = {}, .events = {}}, "a/case");
  ask_and_run();
  EXPECT_EQ(got_.back(), "later");
}

TEST_F(SharedRunsTest, FromNowOnServeAllWhoAskedBeforeTheyBegan) {
  const auto later = When::from_now_on;
  ask_and_run(later);  // begins at once
  ask_and_run(later);
  ask_and_run(later);
  claims_[0].done({.name = "first", .values = {}, .events = {}}, "a/case");
  run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", ""}));  // the first began before they asked
  claims_[1].done({.name = "second", .values = {}, .events = {}}, "a/case");
  run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", "", "second"}));
  ask_and_run(later);
  EXPECT_EQ(got_.back(), "");
}

TEST(SharedName, HoldsTheValuesThatTheFlowUses) {
  model::Profile profile;
  profile.name = "xmpp";
  model::Flow flow;
  flow.name = "send-text";
  CastRun run;
  run.profile = &profile;
  run.flow = &flow;
  run.steps.emplace_back().step.with["text"] = {"${text}"};
  const auto one = shared_name(run, {{"text", "a"}, {"octets", "1"}});
  EXPECT_EQ(one, shared_name(run, {{"text", "a"}, {"octets", "2"}}));
  EXPECT_NE(one, shared_name(run, {{"text", "b"}, {"octets", "1"}}));
}

}  // namespace
}  // namespace parley::engine
