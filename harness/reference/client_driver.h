// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client's end of the driver protocol: who is connected, and what is asked of whom.
// Belongs to one io_context thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "harness/base/rng.h"
#include "harness/net/stream.h"
#include "harness/reference/client_session.h"
#include "harness/reference/faults.h"
#include "harness/reference/json_rpc.h"

namespace parley::reference {

class ClientDriver {
 public:
  using Notify = std::function<void(const std::string& method, nlohmann::json params)>;

  // `faults` hold for every user.
  ClientDriver(boost::asio::any_io_executor executor, const FaultSet& faults, Notify notify);

  RpcResult handle(const std::string& method, const nlohmann::json& params);
  // A `sync` of a user whose files are on their way: once none is any more.
  bool answer_later(const std::string& method, const nlohmann::json& params, RpcAnswer answer);
  // Drops every user and waits until none of their coroutines runs.
  boost::asio::awaitable<void> stop();

 private:
  RpcResult connect(const nlohmann::json& params);
  RpcResult press(const std::string& method, const nlohmann::json& params);
  RpcResult reset(const std::string& user);
  void drop(const std::string& user);
  void sync();
  std::shared_ptr<ClientSession> find(const std::string& user) const;

  boost::asio::any_io_executor executor_;
  FaultSet faults_;
  Notify notify_;
  net::TlsContexts contexts_;
  Rng rng_;
  std::map<std::string, std::shared_ptr<ClientSession>> sessions_;  // by user; running ones only
  std::map<std::string, std::shared_ptr<omemo::Memory>> memories_;  // by user, until its reset
  std::size_t running_ = 0;
  boost::asio::steady_timer idle_;  // cancelled when nothing runs any more
};

// What `describe` answers.
nlohmann::json describe_client(const std::string& name);

}  // namespace parley::reference
