// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/net/http_url.h"
#include "harness/net/stream.h"
#include "harness/sut/attachment.h"

namespace parley::sut {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPause{50};  // between two attempts to connect

}  // namespace

asio::awaitable<std::string> reach(engine::Attachment& attachment, milliseconds limit) {
  if (const auto trouble = driver_trouble(attachment); !trouble.empty()) {
    co_return "driver/command: " + trouble;
  }
  if (limit.count() == 0) {
    co_return "";
  }
  const auto text = attachment.endpoint(address_name(attachment.declaration()));
  const auto url = net::parse_http_url(text);
  const auto address =
      url ? Result<net::Address>(net::Address{.host = url->host, .port = url->port})
          : net::parse_address(text);
  if (!address) {
    co_return "";  // a client: its driver is all there is to reach
  }
  const auto until = Clock::now() + limit;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  bool accepted = false;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const auto stream = co_await net::Stream::connect(*address, std::max(left, milliseconds(1)));
    if (stream) {
      (*stream)->close();
      if (accepted) {
        co_return "";
      }
    } else if (Clock::now() + kPause >= until) {
      co_return fmt::format("endpoints/{}: {}: {}", address_name(attachment.declaration()), text,
                            stream.error().detail);
    }
    // Twice: the system may accept for a process that is just ending.
    accepted = stream.has_value();
    timer.expires_after(kPause);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace parley::sut
