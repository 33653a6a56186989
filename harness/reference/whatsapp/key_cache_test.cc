// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/key_cache.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string>
#include <vector>

#include "harness/reference/whatsapp/key_service.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using namespace std::chrono_literals;
using testkit::run_to_end;
using Faults = std::vector<std::string>;

constexpr KeyTimes kTimes{.lifetime = 10min,
                          .outage = 1h,
                          .cool_down = 30s,
                          .retry = 1s,
                          .bounds = {.patience = 20s, .idle_patience = 10s}};

// A cache, the service that it asks, and a clock that is moved by hand.
struct House {
  KeyService service;
  std::chrono::steady_clock::time_point now{};
  FaultSet faults;
  std::shared_ptr<KeyCache> cache;

  House(const asio::any_io_executor& executor, const Faults& names)
      : service(executor), faults(*fault_set(names)) {
    KeyKeeping keeping{.executor = executor,
                       .run =
                           [executor](asio::awaitable<void> task, const std::function<void()>&) {
                             asio::co_spawn(executor, std::move(task),
                                            [](std::exception_ptr thrown) {
                                              if (thrown) {
                                                std::rethrow_exception(thrown);
                                              }
                                            });
                           },
                       .times = kTimes,
                       .now = [this] { return now; }};
    cache = std::make_shared<KeyCache>(std::move(keeping), service.source());
  }

  void publish(const std::vector<std::string>& names) { service.keys.content = set_of(names); }

  // Whether it has a key of that name, once it has asked for it if it does.
  asio::awaitable<bool> has(std::string kid) {
    co_await cache->prepare(kid, faults);
    bool found = false;
    for (const auto& key : cache->keys().keys()) {
      found = found || key.key().kid == kid;
    }
    co_return found;
  }
};

// What a test does with a house; the names of what it finds, a space behind each.
using Story = asio::awaitable<std::string> (*)(House& house);

asio::awaitable<std::string> told(Story story, Faults faults) {
  House house(co_await asio::this_coro::executor, faults);
  co_return co_await house.service.during(story(house));
}

std::string tell(Story story, Faults faults = {}) {
  return run_to_end(told(story, std::move(faults)));
}

std::string outcome(bool first, bool second, const House& house) {
  return fmt::format("{} {} after {}", first, second, house.service.fetches);
}

asio::awaitable<std::string> asks_twice(House& house) {
  const bool first = co_await house.has("a");
  const bool second = co_await house.has("a");
  co_return outcome(first, second, house);
}

TEST(KeyCache, FetchesOnce) {
  EXPECT_EQ(tell(asks_twice), "true true after 1");
  EXPECT_EQ(tell(asks_twice, {"wg-keys-not-cached"}), "true true after 2");
}

asio::awaitable<std::string> rotates(House& house) {
  house.publish({"a"});
  const bool before = co_await house.has("a");
  house.publish({"a", "b"});
  const bool fresh = co_await house.has("b");
  const bool old = co_await house.has("a");
  co_return outcome(before && fresh, old, house);
}

TEST(KeyCache, AsksAgainForANameThatItDoesNotKnow) {
  EXPECT_EQ(tell(rotates), "true true after 2");
  EXPECT_EQ(tell(rotates, {"wg-may-await-refresh"}), "false true after 1");
  EXPECT_EQ(tell(rotates, {"wg-keys-first-only"}), "false true after 2");
  EXPECT_EQ(tell(rotates, {"wg-keys-last-only"}), "true false after 2");
}

asio::awaitable<std::string> guesses(House& house) {
  const bool first = co_await house.has("x0");
  for (int i = 1; i < 20; ++i) {
    (void)co_await house.has("x" + std::to_string(i));
  }
  const bool good = co_await house.has("a");
  co_return outcome(first, good, house);
}

TEST(KeyCache, AsksNoMoreThanOnceForMadeUpNamesWithinTheCoolDown) {
  EXPECT_EQ(tell(guesses), "false true after 2");
  EXPECT_EQ(tell(guesses, {"wg-keys-refresh-unbounded"}), "false true after 20");
}

asio::awaitable<std::string> rests(House& house) {
  (void)co_await house.has("a");
  (void)co_await house.has("x");
  house.publish({"a", "b"});
  const bool at_once = co_await house.has("b");
  house.now += kTimes.cool_down;
  const bool later = co_await house.has("b");
  co_return outcome(at_once, later, house);
}

TEST(KeyCache, AsksAgainAfterTheCoolDown) { EXPECT_EQ(tell(rests), "false true after 3"); }

asio::awaitable<std::string> withdraws(House& house) {
  const bool before = co_await house.has("a");
  house.publish({"b"});
  house.cache->refresh();
  const bool after = co_await house.has("a");
  co_return outcome(before, after, house);
}

TEST(KeyCache, ForgetsAWithdrawnKeyWithTheNextFetch) {
  EXPECT_EQ(tell(withdraws), "true false after 2");
  EXPECT_EQ(tell(withdraws, {"wg-keys-withdrawn-kept"}), "true true after 2");
  EXPECT_EQ(tell(withdraws, {"wg-keys-never-stale"}), "true true after 1");
}

asio::awaitable<std::string> ages(House& house) {
  const bool before = co_await house.has("a");
  house.publish({"b"});
  house.now += kTimes.lifetime;
  const bool after = co_await house.has("a");
  co_return outcome(before, after, house);
}

TEST(KeyCache, FetchesAgainAfterTheLifetime) { EXPECT_EQ(tell(ages), "true false after 2"); }

asio::awaitable<std::string> goes_out(House& house) {
  (void)co_await house.has("a");
  house.service.keys.status = 500;
  house.cache->refresh();
  const bool for_now = co_await house.has("a");
  house.now += kTimes.lifetime + kTimes.outage;
  const bool at_last = co_await house.has("a");
  co_return outcome(for_now, at_last, house);
}

TEST(KeyCache, OutlivesAnOutageForABoundedTime) {
  EXPECT_EQ(tell(goes_out), "true false after 3");
  EXPECT_EQ(tell(goes_out, {"wg-keys-outage-forgets"}), "false false after 3");
}

asio::awaitable<std::string> comes_back(House& house) {
  house.service.keys.status = 500;
  (void)co_await house.has("a");
  const bool at_once = co_await house.has("a");
  house.service.keys.status = 200;
  house.now += kTimes.retry;
  const bool later = co_await house.has("a");
  co_return outcome(at_once, later, house);
}

TEST(KeyCache, TriesAgainALittleLaterWhenAFetchHasFailed) {
  EXPECT_EQ(tell(comes_back), "false true after 2");
}

asio::awaitable<std::string> many_at_once(House& house) {
  using asio::experimental::awaitable_operators::operator&&;
  const auto [first, second, third] = co_await (house.has("a") && house.has("a") && house.has("a"));
  co_return outcome(first && second, third, house);
}

TEST(KeyCache, FetchesOnceForAllThatWait) { EXPECT_EQ(tell(many_at_once), "true true after 1"); }

asio::awaitable<bool> refreshed(House& house) {
  house.cache->refresh();
  co_return true;
}

// The second is asked for while the first fetch is under way.
asio::awaitable<std::string> stale_meanwhile(House& house) {
  using asio::experimental::awaitable_operators::operator&&;
  const auto [first, ignored] = co_await (house.has("a") && refreshed(house));
  house.publish({"b"});
  const bool second = co_await house.has("a");
  co_return outcome(first, second, house);
}

TEST(KeyCache, TakesWhatWasFetchedForStaleWhenToldSoMeanwhile) {
  EXPECT_EQ(tell(stale_meanwhile), "true false after 2");
}

}  // namespace
}  // namespace parley::reference::whatsapp
