// SPDX-License-Identifier: GPL-3.0-or-later
// One link's connections, one after the other, over real sockets.
#include "harness/engine/connections.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/testkit/run_to_end.h"

namespace parley::engine {
namespace {

namespace asio = boost::asio;
using Words = std::vector<std::string>;
using When = Connections::Admission::When;
constexpr std::chrono::seconds kPatience{10};

// What the run of a flow says of one link, and what it is told.
struct Told {
  Words steps;  // of the connections to come
  bool stands = false;
  Words log{};

  void note(const Event& event) {
    log.push_back(std::string(to_string(event.kind)) + " " + event.step + event.octets);
    const bool begins = (event.kind == Event::Kind::accepted && !event.step.empty()) ||
                        event.kind == Event::Kind::dialled;
    if (begins) {
      stands = true;
      steps.erase(steps.begin());
    }
    stands = stands && event.kind != Event::Kind::closed && event.kind != Event::Kind::failed;
  }

  Connections::Admission admission() const {
    if (steps.empty()) {
      return {.when = When::never};
    }
    return {.when = stands ? When::once_ended : When::now, .step = steps.front()};
  }
};

Connections::Run run_of(Told& told) {
  return {.note = [&told](Event event) { told.note(event); },
          .patience = [] { return std::chrono::milliseconds(kPatience); },
          .handshake_next = [](const std::string&) { return false; },
          .admission = [&told](const std::string&) { return told.admission(); },
          .too_much = [] { return false; },
          .rng = [](const std::string&) { return Rng(1); }};
}

// Lets everything else go on until so much has been told.
asio::awaitable<void> until(Told& told, std::size_t events) {
  while (told.log.size() < events) {
    co_await asio::post(asio::use_awaitable);
  }
}

// A client connects twice, speaks on both and ends the first; `second` is what must have been told
// before it speaks, `all` at the end.
asio::awaitable<Words> accept_two(Words steps, std::size_t second, std::size_t all) {
  Told told{.steps = std::move(steps)};
  net::TlsContexts tls;
  Connections connections(co_await asio::this_coro::executor, tls, run_of(told));
  const auto address = connections.listen("user", {});
  auto first = co_await net::Stream::connect(*address, kPatience);
  co_await until(told, 1);
  auto other = co_await net::Stream::connect(*connections.listen("user", {}), kPatience);
  co_await until(told, second);
  (void)co_await (*other)->write("two");
  (void)co_await (*first)->write("one");
  co_await until(told, second + 1);
  (*first)->close();
  co_await until(told, all);
  co_await connections.shut();
  co_return told.log;
}

TEST(Connections, HoldASecondOneUntilTheFirstHasEnded) {
  EXPECT_EQ(testkit::run_to_end(accept_two({"a", "b"}, 1, 5)),
            (Words{"accepted a", "received one", "closed ", "accepted b", "received two"}));
}

TEST(Connections, TellOfOneThatNobodyAskedForAndDoNotReadIt) {
  EXPECT_EQ(testkit::run_to_end(accept_two({"a"}, 2, 4)),
            (Words{"accepted a", "accepted ", "received one", "closed "}));
}

asio::awaitable<Words> dial_two() {
  Told told{.steps = {"a", "b"}};
  const auto executor = co_await asio::this_coro::executor;
  net::TlsContexts tls;
  Connections connections(executor, tls, run_of(told));
  const auto listener = net::Listener::open(executor);
  co_await connections.dial("user", "a", {.to = (*listener)->address()});
  connections.end("user", false);
  co_await connections.dial("user", "b", {.to = (*listener)->address()});
  EXPECT_TRUE(connections.reading("user"));
  co_await connections.shut();
  co_return told.log;
}

TEST(Connections, HaveToldTheEndOfTheFirstBeforeTheyDialAgain) {
  const auto log = testkit::run_to_end(dial_two());
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log.front(), "dialled a");
  EXPECT_EQ(log.back(), "dialled b");
}

}  // namespace
}  // namespace parley::engine
