// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/wake_line.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "harness/net/stream.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using testkit::run_to_end;
using Woken = std::vector<std::string>;  // "user id alert"

constexpr milliseconds kTimeout{5'000};

// A sender and a receiver of one executor.
struct Ends {
  explicit Ends(const asio::any_io_executor& executor)
      : sender(std::move(*WakeSender::open(executor, Rng(1)))),
        receiver(executor, [this](const Wake& wake) {
          woken.push_back(wake.user + " " + wake.id + " " + wake.alert);
        }) {}

  // Until so many wakes have come.
  asio::awaitable<void> wait(std::size_t count) {
    while (woken.size() < count) {
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    }
  }

  std::unique_ptr<WakeSender> sender;
  Woken woken;
  WakeReceiver receiver;
};

// What has come once `count` have, when `act` has been done with the ends.
template <class Act>
asio::awaitable<Woken> woken_after(Act act, std::size_t count) {
  Ends ends(co_await asio::this_coro::executor);
  act(ends);
  co_await ends.wait(count);
  co_return ends.woken;
}

TEST(WakeLine, WakesTheUserWhoWaitsAndNoOther) {
  const auto woken = run_to_end(woken_after(
      [](Ends& ends) {
        EXPECT_TRUE(ends.receiver.wait_on("alice", ends.sender->line_of("alice")));
        EXPECT_TRUE(ends.receiver.wait_on("carol", ends.sender->line_of("carol")));
        ends.sender->send({.user = "carol", .id = "1", .alert = "text\n"});
        ends.sender->send({.user = "bob", .id = "2"});
        ends.sender->send({.user = "carol", .id = "3"});
      },
      2));
  EXPECT_EQ(woken, (Woken{"carol 1 text\n", "carol 3 "}));
}

TEST(WakeLine, KeepsForAClientThatIsNotThereWhatCameLatest) {
  const auto woken = run_to_end(woken_after(
      [](Ends& ends) {
        const auto line = ends.sender->line_of("alice");
        for (std::size_t i = 0; i < kMostWakesKept + 2; ++i) {
          ends.sender->send({.user = "alice", .id = std::to_string(i)});
        }
        EXPECT_TRUE(ends.receiver.wait_on("alice", line));
      },
      kMostWakesKept));
  EXPECT_EQ(woken.size(), kMostWakesKept);
  EXPECT_EQ(woken.back(), "alice " + std::to_string(kMostWakesKept + 1) + " ");
}

TEST(WakeLine, IsTheSameUntilItsUserIsForgotten) {
  const auto lines = run_to_end([]() -> asio::awaitable<Woken> {
    const auto sender = WakeSender::open(co_await asio::this_coro::executor, Rng(1));
    Woken out{(*sender)->line_of("alice"), (*sender)->line_of("alice")};
    (*sender)->forget("alice");
    out.push_back((*sender)->line_of("alice"));
    co_return out;
  }());
  EXPECT_EQ(lines[0], lines[1]);
  EXPECT_NE(lines[0], lines[2]);
}

TEST(WakeLine, OfAForgottenUserWakesNobody) {
  const auto woken = run_to_end(woken_after(
      [](Ends& ends) {
        EXPECT_TRUE(ends.receiver.wait_on("alice", ends.sender->line_of("alice")));
        EXPECT_TRUE(ends.receiver.wait_on("carol", ends.sender->line_of("carol")));
        EXPECT_TRUE(ends.receiver.wait_on("bob", ends.sender->line_of("bob")));
        ends.sender->forget("alice");
        ends.sender->send({.user = "alice", .id = "1"});
        ends.receiver.forget("carol");
        ends.sender->send({.user = "carol", .id = "2"});
        ends.sender->send({.user = "bob", .id = "3"});
      },
      1));
  EXPECT_EQ(woken, Woken{"bob 3 "});
}

// What the sender says to whoever sends `octets`, and how it ends: "" or a wake, then "closed".
asio::awaitable<std::string> answer_to(std::string octets) {
  const auto executor = co_await asio::this_coro::executor;
  auto sender = std::move(*WakeSender::open(executor, Rng(1)));
  const auto line = sender->line_of("alice");
  sender->send({.user = "alice", .id = "1"});
  auto stream =
      co_await net::Stream::connect(*net::parse_address(line.substr(0, line.find('/'))), kTimeout);
  (void)co_await (*stream)->write(octets);
  const auto event = co_await (*stream)->read(kTimeout);
  const auto* came = std::get_if<Bytes>(&event);
  co_return came != nullptr ? *came : std::holds_alternative<net::TimedOut>(event) ? "" : "closed";
}

TEST(WakeLine, EndsForWhoDoesNotKnowItsKey) {
  EXPECT_EQ(run_to_end(answer_to("another\n")), "closed");
  EXPECT_EQ(run_to_end(answer_to("\n")), "closed");
  EXPECT_EQ(run_to_end(answer_to(std::string(kMostWakeOctets + 1, 'a'))), "closed");
}

// What comes of a server that says `octets` to whoever connects, and then ends the line.
asio::awaitable<Woken> woken_by(std::string octets) {
  const auto executor = co_await asio::this_coro::executor;
  const auto listener = std::move(*net::Listener::open(executor));
  Woken woken;
  WakeReceiver receiver(executor, [&](const Wake& wake) {
    woken.push_back(wake.user + " " + wake.id + " " + wake.alert);
  });
  EXPECT_TRUE(receiver.wait_on("alice", net::to_string(listener->address()) + "/key"));
  auto stream = co_await listener->accept(kTimeout);
  EXPECT_EQ(std::get<Bytes>(co_await stream->read(kTimeout)), "key\n");
  (void)co_await stream->write(octets);
  (void)co_await stream->read(kTimeout);  // it ends the line that it cannot read
  stream->close();
  co_return woken;
}

TEST(WakeLine, TakesNoMoreThanALineMayHold) {
  EXPECT_EQ(run_to_end(woken_by("{\"id\":\"1\"}\n" + std::string(kMostWakeOctets + 1, 'a'))),
            Woken{"alice 1 "});
}

TEST(WakeLine, IsAnAddressAndAKey) {
  asio::io_context context;
  WakeReceiver receiver(context.get_executor(), [](const Wake&) {});
  for (const auto* wrong : {"", "127.0.0.1:1", "127.0.0.1/key", "/key", ":1/key"}) {
    EXPECT_FALSE(receiver.wait_on("alice", wrong)) << wrong;
  }
}

}  // namespace
}  // namespace parley::reference::whatsapp
