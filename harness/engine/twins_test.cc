// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/twins.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

namespace parley::engine {
namespace {

namespace asio = boost::asio;

class TwinsTest : public ::testing::Test {
 protected:
  // Notes what each who asks gets: its own turn ("") or the name of a shared record.
  asio::awaitable<void> ask() {
    auto taken = co_await twins_.take("flow");
    got_.push_back(taken.record == nullptr ? "" : taken.record->name);
    claims_.push_back(std::move(taken.claim));
  }
  void ask_and_run() {
    asio::co_spawn(io_, ask(), asio::detached);
    run();
  }
  void run() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_;
  Twins twins_{io_.get_executor()};
  std::vector<std::string> got_;
  std::vector<Twins::Claim> claims_;
};

TEST_F(TwinsTest, AreCarriedOutOnceForAllWhoWait) {
  ask_and_run();
  ask_and_run();
  ask_and_run();
  EXPECT_EQ(got_, std::vector<std::string>{""});
  claims_[0].done({.name = "twin", .values = {}, .events = {}});
  run();
  ask_and_run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", "twin", "twin", "twin"}));
}

TEST_F(TwinsTest, ThatFailedAreNotShared) {
  ask_and_run();
  ask_and_run();
  claims_.clear();  // withdrawn
  run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", ""}));
  ask_and_run();
  EXPECT_EQ(got_, (std::vector<std::string>{"", "", ""}));
  claims_.back().done({.name = "later", .values = {}, .events = {}});
  ask_and_run();
  EXPECT_EQ(got_.back(), "later");
}

TEST(TwinName, HoldsTheValuesThatTheFlowUses) {
  model::Profile profile;
  profile.name = "xmpp";
  model::Flow flow;
  flow.name = "send-text";
  CastRun run;
  run.profile = &profile;
  run.flow = &flow;
  run.steps.emplace_back().step.with["text"] = {"${text}"};
  const auto one = twin_name(run, {{"text", "a"}, {"octets", "1"}});
  EXPECT_EQ(one, twin_name(run, {{"text", "a"}, {"octets", "2"}}));
  EXPECT_NE(one, twin_name(run, {{"text", "b"}, {"octets", "1"}}));
}

}  // namespace
}  // namespace parley::engine
