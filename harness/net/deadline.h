// SPDX-License-Identifier: GPL-3.0-or-later
// Waits that always end: nothing in the harness waits without a deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace parley::net {

// An optional, because operator|| flattens a variant that it finds: Closed would pass for the
// timer.
template <class T>
boost::asio::awaitable<std::optional<T>> boxed(boost::asio::awaitable<T> op) {
  co_return co_await std::move(op);
}

// Runs `op` for at most `timeout` (0: for ever); nullopt when the time ran out, in which case `op`
// has been cancelled and has finished. Exceptions of `op` pass through.
template <class T>
boost::asio::awaitable<std::optional<T>> with_deadline(boost::asio::awaitable<T> op,
                                                       std::chrono::milliseconds timeout) {
  using boost::asio::experimental::awaitable_operators::operator||;
  if (timeout.count() == 0) {
    co_return co_await std::move(op);
  }
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, timeout);
  auto winner = co_await (boxed(std::move(op)) || timer.async_wait(boost::asio::use_awaitable));
  if (winner.index() == 1) {
    co_return std::nullopt;
  }
  co_return std::get<0>(std::move(winner));
}

}  // namespace parley::net
