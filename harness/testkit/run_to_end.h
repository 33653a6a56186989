// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a coroutine to its end inside a plain test, so that the test asserts outside of it.
// Sockets made within live on an io_context that ends with the call: return values, not streams.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace parley::testkit {

// What `task` returns; its exception is thrown again. Throws std::runtime_error when it has not
// ended after `limit`: a test that hangs would say nothing.
template <class T>
T run_to_end(boost::asio::awaitable<T> task,
             std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  using Outcome = std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>>;
  boost::asio::io_context context(1);
  std::exception_ptr error;
  bool ended = false;
  Outcome outcome{};
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown) {
      error = std::move(thrown);
      ended = true;
      context.stop();
    });
  } else {
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown, T value) {
      error = std::move(thrown);
      ended = true;
      context.stop();
      outcome.emplace(std::move(value));
    });
  }
  context.run_for(limit);
  if (!ended) {
    throw std::runtime_error("the coroutine has not ended in time");
  }
  if (error) {
    std::rethrow_exception(error);
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*outcome);
  }
}

}  // namespace parley::testkit
