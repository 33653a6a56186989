// SPDX-License-Identifier: GPL-3.0-or-later
// How the reference third party's server wakes its users' clients, which run in other processes: a
// TCP connection on loopback for each user, where a vendor has the push service of a device. A
// client says the key that its server has given it, one line; the server answers with a line of
// JSON for each wake. Nothing of it is the interop's. One thread; what runs on the executor ends
// with its owner.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/reference/whatsapp/wake_text.h"

namespace parley::reference::whatsapp {

inline constexpr std::size_t kMostWakesKept = 64;  // for a client not there

// The server's end.
class WakeSender {
 public:
  // Listens on a port of the system's choice. Errors: io.
  static Result<std::unique_ptr<WakeSender>> open(boost::asio::any_io_executor executor, Rng rng);
  ~WakeSender();

  // The line of the user's client, "127.0.0.1:PORT/KEY": the same until the user is forgotten.
  std::string line_of(const std::string& user);
  // Ends the line of the user's client.
  void forget(const std::string& user);
  // Goes out at once, or when the user's client is there: as many as are kept, the latest. Nothing
  // happens for a user without a line.
  void send(const Wake& wake);
  std::vector<std::string> users() const;  // that have lines

 private:
  struct State;
  explicit WakeSender(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with its coroutines
};

// The client's end, for many users.
class WakeReceiver {
 public:
  using Handler = std::function<void(const Wake&)>;

  WakeReceiver(boost::asio::any_io_executor executor, Handler handler);
  ~WakeReceiver();

  // Wakes of the user go to the handler from now on. A line before this one ends. Errors:
  // malformed.
  Result<void> wait_on(const std::string& user, std::string_view line);
  void forget(const std::string& user);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with its coroutines
};

}  // namespace parley::reference::whatsapp
