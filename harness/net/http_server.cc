// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/http_server.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <deque>
#include <exception>
#include <list>
#include <utility>

#include "harness/net/deadline.h"

namespace parley::net {
namespace {

using std::chrono::milliseconds;
using wire::HttpFailure;
using wire::HttpItem;
using wire::HttpReceived;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kAcceptPause{100};           // when the system has no socket left
constexpr std::size_t kMaxDrainedOctets = 1 << 20;  // of what it sends meanwhile

struct Connection {
  Connection(std::unique_ptr<Stream> made, wire::HttpLimits limits)
      : stream(std::move(made)), reader(wire::HttpRole::request, limits) {}

  std::unique_ptr<Stream> stream;
  wire::HttpReader reader;
  std::deque<HttpItem> items{};  // read, not yet answered
  HttpPeer peer{};
  bool answering = false;  // and so not to be closed by stop()
};

milliseconds until(Clock::time_point end) {
  return std::max(std::chrono::ceil<milliseconds>(end - Clock::now()), milliseconds(1));
}

void set_connection(wire::HttpMessage& message, const std::string& value) {
  if (wire::find_field(message.headers, "Connection") == nullptr) {
    message.headers.push_back({"Connection", value});
  }
}

class LoopbackServer final : public HttpServer {
 public:
  LoopbackServer(asio::any_io_executor executor, std::unique_ptr<Listener> listener,
                 TlsContexts& contexts, HttpServerOptions options, HttpHandler handler)
      : executor_(executor),
        listener_(std::move(listener)),
        contexts_(contexts),
        options_(std::move(options)),
        handler_(std::move(handler)),
        changed_(executor) {}

  Address address() const override { return listener_->address(); }
  std::size_t connections() const override { return connections_.size(); }
  void renew_tls(std::optional<TlsServerOptions> tls) override { options_.tls = std::move(tls); }

  asio::awaitable<void> run() override {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!stopping_) {
      if (co_await cancelled()) {
        stop();
      } else if (connections_.size() >= options_.max_connections) {
        co_await change(milliseconds(0));
      } else {
        co_await accept_one();
      }
    }
    // Their tasks refer to this server, so that it waits for them whatever ended it.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (!connections_.empty()) {
      co_await change(milliseconds(0));
    }
    if (thrown_) {
      std::rethrow_exception(thrown_);
    }
  }

  void stop() override {
    stopping_ = true;
    listener_->close();
    changed_.cancel();
    for (auto& connection : connections_) {
      if (!connection.answering) {
        connection.stream->close();
      }
    }
  }

 private:
  static asio::awaitable<bool> cancelled() {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
  }

  asio::awaitable<void> accept_one() {
    auto stream = co_await listener_->accept(milliseconds(0));
    if (stream != nullptr && !stopping_) {
      begin(std::move(stream));
    } else if (!stopping_ && !co_await cancelled()) {
      co_await change(kAcceptPause);
    }
  }

  // Until a connection ends or the server stops; at most `patience` (0: for ever). Only run()
  // waits.
  asio::awaitable<void> change(milliseconds patience) {
    changed_.expires_at(patience.count() == 0 ? Clock::time_point::max() : Clock::now() + patience);
    boost::system::error_code ignored;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  void begin(std::unique_ptr<Stream> stream) {
    const auto at = connections_.emplace(connections_.end(), std::move(stream), options_.limits);
    asio::co_spawn(executor_, serve(*at), [this, at](std::exception_ptr error) {
      if (error && !thrown_) {
        thrown_ = std::move(error);
      }
      at->stream->close();
      connections_.erase(at);
      changed_.cancel();
    });
  }

  asio::awaitable<void> serve(Connection& connection) {
    if (options_.tls) {
      auto session = co_await connection.stream->start_tls(contexts_, *options_.tls,
                                                           options_.request_patience);
      if (!session) {
        co_return;
      }
      connection.peer.tls = std::move(*session);
    }
    while (!stopping_) {
      auto item = co_await next_item(connection);
      if (!item) {
        co_return;
      }
      if (const auto* failure = std::get_if<HttpFailure>(&*item)) {
        co_await refuse(connection, failure->status);
        co_return;
      }
      connection.answering = true;
      const auto then = co_await answer(connection, std::move(std::get<HttpReceived>(*item)));
      connection.answering = false;
      if (then != HttpAnswer::Then::keep) {
        co_return;
      }
    }
  }

  // Null when there is nothing more to answer.
  asio::awaitable<std::optional<HttpItem>> next_item(Connection& connection) {
    auto end = Clock::now() + options_.idle_patience;
    bool begun = connection.reader.unfinished();
    if (begun) {
      end = Clock::now() + options_.request_patience;
    }
    while (connection.items.empty()) {
      if (Clock::now() >= end) {
        co_await give_up(connection);
        co_return std::nullopt;
      }
      auto event = co_await connection.stream->read(until(end));
      if (auto* octets = std::get_if<Bytes>(&event)) {
        if (options_.misread) {
          *octets = options_.misread(std::move(*octets));
        }
        std::ranges::move(connection.reader.feed(*octets), std::back_inserter(connection.items));
        if (connection.reader.take_continue() && connection.items.empty()) {
          (void)co_await written(connection, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        if (!begun && connection.reader.unfinished()) {
          begun = true;
          end = Clock::now() + options_.request_patience;
        }
      } else if (!std::holds_alternative<TimedOut>(event)) {
        co_return std::nullopt;
      }
    }
    auto item = std::move(connection.items.front());
    connection.items.pop_front();
    co_return item;
  }

  asio::awaitable<void> give_up(Connection& connection) {
    if (connection.reader.unfinished()) {
      co_await refuse(connection, 408);
    }
  }

  asio::awaitable<HttpAnswer::Then> answer(Connection& connection, HttpReceived request) {
    using Then = HttpAnswer::Then;
    const auto method = request.message.request()->method;
    const bool old = request.message.version == "HTTP/1.0";
    const bool stays = request.keeps_alive;
    HttpAnswer answer;
    std::exception_ptr thrown;
    try {
      answer = co_await handler_(std::move(request), connection.peer);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) {
      co_await refuse(connection, 500);
      std::rethrow_exception(thrown);
    }
    if (answer.takeover) {
      connection.answering = false;
      if (!stopping_) {
        co_await answer.takeover(*connection.stream);
      }
      co_return Then::close;
    }
    if (answer.then == Then::keep && (!stays || stopping_)) {
      answer.then = Then::close;
    }
    if (answer.then == Then::close || (old && stays)) {
      set_connection(answer.message, answer.then == Then::close ? "close" : "keep-alive");
    }
    if (method == "HEAD" && answer.form.framing == wire::HttpFraming::by_headers) {
      answer.form.framing = wire::HttpFraming::head_alone;
    }
    const bool whole = co_await written(connection, wire::write(answer.message, answer.form));
    if (answer.then == Then::reset) {
      connection.stream->reset();
    }
    co_return whole ? answer.then : Then::close;
  }

  asio::awaitable<bool> written(Connection& connection, Bytes octets) {
    const auto done = co_await with_deadline(connection.stream->write(std::move(octets)),
                                             options_.write_patience);
    co_return done && *done;
  }

  // Answers with `status` and waits for the peer to end: closing at once would reset the
  // connection, and the answer with it, while the peer still sends (RFC 9112 section 9.6).
  asio::awaitable<void> refuse(Connection& connection, int status) {
    auto message = wire::http_response(status);
    set_connection(message, "close");
    if (!co_await written(connection, wire::write(message))) {
      co_return;
    }
    const auto end = Clock::now() + options_.drain_patience;
    for (std::size_t drained = 0; drained < kMaxDrainedOctets && Clock::now() < end;) {
      const auto event = co_await connection.stream->read(until(end));
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        co_return;
      }
      drained += octets->size();
    }
  }

  asio::any_io_executor executor_;
  std::unique_ptr<Listener> listener_;
  TlsContexts& contexts_;
  HttpServerOptions options_;
  HttpHandler handler_;
  asio::steady_timer changed_;
  std::list<Connection> connections_;  // each outlives its task
  std::exception_ptr thrown_;
  bool stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::open(asio::any_io_executor executor,
                                                     TlsContexts& contexts,
                                                     HttpServerOptions options,
                                                     HttpHandler handler) {
  auto listener = Listener::open(executor, options.port);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  std::unique_ptr<HttpServer> out = std::make_unique<LoopbackServer>(
      executor, std::move(*listener), contexts, std::move(options), std::move(handler));
  return out;
}

}  // namespace parley::net
