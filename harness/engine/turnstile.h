// SPDX-License-Identifier: GPL-3.0-or-later
// Lets one at a time through. Runs take their accounts behind one: two that each hold one account
// and wait for a second would wait for each other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace parley::engine {

class Turnstile {
 public:
  explicit Turnstile(boost::asio::any_io_executor executor)
      : free_(executor, boost::asio::steady_timer::time_point::max()) {}

  // The next may enter once it is gone.
  using Pass = std::unique_ptr<Turnstile, void (*)(Turnstile*)>;

  boost::asio::awaitable<Pass> enter() {
    while (taken_) {
      boost::system::error_code ignored;
      co_await free_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    taken_ = true;
    co_return Pass(this, [](Turnstile* turnstile) {
      turnstile->taken_ = false;
      turnstile->free_.cancel_one();
    });
  }

 private:
  boost::asio::steady_timer free_;
  bool taken_ = false;
};

}  // namespace parley::engine
