// SPDX-License-Identifier: GPL-3.0-or-later
// The driver protocol's far end (harness/sut/DRIVER.md): JSON-RPC 2.0, one message a line.
// Single threaded: everything runs on the executor given.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace parley::reference {

inline constexpr int kUnsupported = -32001;
inline constexpr int kInvalidParams = -32602;

struct RpcError {
  int code;
  std::string message;
};
using RpcResult = std::expected<nlohmann::json, RpcError>;
// Called for each request; the answer is written when it returns.
using RpcHandler =
    std::function<RpcResult(const std::string& method, const nlohmann::json& params)>;
// Takes a request that is answered later, by the call of `answer`, once; false leaves it to the
// handler.
using RpcAnswer = std::function<void(RpcResult)>;
using RpcDeferrer =
    std::function<bool(const std::string& method, const nlohmann::json& params, RpcAnswer answer)>;

class JsonRpcPeer {
 public:
  // Takes over the descriptors (0 and 1 in the program).
  JsonRpcPeer(boost::asio::any_io_executor executor, int in_fd, int out_fd);
  ~JsonRpcPeer();
  void notify(const std::string& method, nlohmann::json params);
  // Answers requests until end of input. Lines over 1 MiB end it. `deferrer` may be null.
  boost::asio::awaitable<void> serve(RpcHandler handler, RpcDeferrer deferrer = nullptr);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace parley::reference
