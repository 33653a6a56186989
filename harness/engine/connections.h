// SPDX-License-Identifier: GPL-3.0-or-later
// The connections of one run, one a client actor: dialled or accepted, secured, read to their end.
// Each octet and each end becomes an event. What is written when, the conductor says.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "harness/engine/transcript.h"
#include "harness/net/stream.h"

namespace parley::engine {

class Connections {
 public:
  // What the run has to say about them. All of it outlives the connections.
  struct Run {
    std::function<void(Event)> note;
    std::function<std::chrono::milliseconds()> patience;
    // Whether the next octets on a connection are a TLS handshake's.
    std::function<bool(const std::string& link)> handshake_next;
    // Whether what came has grown beyond what one run may keep.
    std::function<bool()> too_much;
  };
  using TlsOptions = std::variant<net::TlsClientOptions, net::TlsServerOptions>;

  Connections(boost::asio::any_io_executor executor, net::TlsContexts& tls, Run run)
      : executor_(executor), tls_(tls), run_(std::move(run)), idle_(executor) {}

  // Notes `dialled` or `unreachable`.
  boost::asio::awaitable<void> dial(std::string link, std::string step, net::Address to);
  // Waits for the SUT on a port of its own; notes `accepted`. Errors: io.
  Result<net::Address> listen(const std::string& link, const std::string& step);
  // Notes `tls`, `tls_failed`, or `deadline` when the SUT falls silent.
  boost::asio::awaitable<void> handshake(std::string link, std::string step, TlsOptions options);
  // In segments of so many octets (0: in one). A connection that breaks says so by itself.
  boost::asio::awaitable<void> write(std::string link, Bytes octets, std::size_t segment_octets);
  bool has(const std::string& link) const;
  // Whether something is listening to what the SUT sends there.
  bool reading(const std::string& link) const;
  void end(const std::string& link, bool reset);
  // Until the SUT has ended these connections, or nothing came for as long as patience lasts.
  boost::asio::awaitable<void> read_to_the_end(std::vector<std::string> links);
  // Ends everything and waits for it: the run's frame may go then.
  boost::asio::awaitable<void> shut();

 private:
  struct Link {
    std::unique_ptr<net::Stream> stream;
    std::unique_ptr<net::Listener> listener;  // when the SUT dials
    bool reading = false;
    bool pausing = false;
  };

  void start_reading(const std::string& link);
  boost::asio::awaitable<void> read(std::string link);
  boost::asio::awaitable<void> pause_reading(std::string link);
  boost::asio::awaitable<void> accept(std::string link, std::string step);
  template <class Task>
  void spawn(const std::string& link, Task task);
  boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);

  static constexpr std::size_t kMaxReceivedOctets = 4 * 1024 * 1024;  // of one run
  static constexpr std::size_t kReadOctets = 64;  // what each read counts beside its octets

  boost::asio::any_io_executor executor_;
  net::TlsContexts& tls_;
  Run run_;
  boost::asio::steady_timer idle_;  // cancelled whenever something happens
  std::map<std::string, Link> links_;
  std::size_t received_ = 0;
  int tasks_ = 0;
  bool shut_ = false;
};

}  // namespace parley::engine
