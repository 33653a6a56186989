// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/json_rpc.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace parley::reference {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxLineOctets = 1024 * 1024;
constexpr std::size_t kMaxQueueOctets = 64 * 1024 * 1024;
constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kInternalError = -32603;

// Descriptors of the program may be files, which epoll does not take: then this stays closed.
asio::posix::stream_descriptor take_over(const asio::any_io_executor& executor, int fd) {
  asio::posix::stream_descriptor out(executor);
  boost::system::error_code ignored;
  out.assign(fd, ignored);
  return out;
}

json error_answer(const json& id, const RpcError& error) {
  return {{"jsonrpc", "2.0"},
          {"id", id},
          {"error", {{"code", error.code}, {"message", error.message}}}};
}

json answer_of(const json& id, const RpcResult& outcome) {
  return outcome ? json{{"jsonrpc", "2.0"}, {"id", id}, {"result", *outcome}}
                 : error_answer(id, outcome.error());
}

}  // namespace

// Shared by the peer and its writing coroutine, which may outlive it.
struct JsonRpcPeer::State {
  struct Output {
    explicit Output(asio::posix::stream_descriptor descriptor) : out(std::move(descriptor)) {}
    asio::posix::stream_descriptor out;
    std::string queue;
    bool writing = false;
    bool broken = false;
  };

  State(const asio::any_io_executor& executor, int in_fd, int out_fd)
      : in(take_over(executor, in_fd)),
        output(std::make_shared<Output>(take_over(executor, out_fd))) {}

  static asio::awaitable<void> write_queue(std::shared_ptr<Output> output) {
    while (!output->queue.empty() && !output->broken) {
      const std::string lines = std::exchange(output->queue, {});
      const auto [error, count] =
          co_await asio::async_write(output->out, asio::buffer(lines), use_tuple);
      output->broken = static_cast<bool>(error);
    }
  }

  void send(const json& message) { send_on(output, message); }

  static void send_on(const std::shared_ptr<Output>& output, const json& message) {
    if (output->broken) {
      return;
    }
    output->queue += message.dump(-1, ' ', false, json::error_handler_t::replace);
    output->queue += '\n';
    output->broken = output->queue.size() > kMaxQueueOctets;
    if (output->writing) {
      return;
    }
    output->writing = true;
    asio::co_spawn(output->out.get_executor(), write_queue(output),
                   [kept = output](std::exception_ptr failure) {
                     kept->writing = false;
                     kept->broken = kept->broken || failure != nullptr;
                   });
  }

  // Answers one line; handlers that throw are answered with an internal error.
  void answer(const std::string& line, const RpcHandler& handler, const RpcDeferrer& deferrer) {
    const json request = json::parse(line, nullptr, false);
    if (request.is_discarded()) {
      return send(error_answer(nullptr, {kParseError, "not JSON"}));
    }
    const json id = request.is_object() ? request.value("id", json()) : json();
    if (!request.is_object() || !request.contains("method") || !request["method"].is_string()) {
      return send(error_answer(id, {kInvalidRequest, "not a request"}));
    }
    const json params = request.value("params", json::object());
    const auto method = request["method"].get<std::string>();
    const auto later = [kept = output, id](const RpcResult& outcome) {
      send_on(kept, answer_of(id, outcome));
    };
    if (deferrer && request.contains("id") && params.is_object() &&
        deferrer(method, params, later)) {
      return;
    }
    RpcResult outcome = std::unexpected(RpcError{kInvalidParams, "params is an object"});
    try {
      if (params.is_object()) {
        outcome = handler(method, params);
      }
    } catch (const std::exception& thrown) {
      outcome = std::unexpected(RpcError{kInternalError, thrown.what()});
    }
    if (!request.contains("id")) {
      return;
    }
    send(answer_of(id, outcome));
  }

  asio::posix::stream_descriptor in;
  std::shared_ptr<Output> output;
};

JsonRpcPeer::JsonRpcPeer(asio::any_io_executor executor, int in_fd, int out_fd)
    : state_(std::make_unique<State>(executor, in_fd, out_fd)) {}

JsonRpcPeer::~JsonRpcPeer() = default;

void JsonRpcPeer::notify(const std::string& method, json params) {
  state_->send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

asio::awaitable<void> JsonRpcPeer::serve(RpcHandler handler, RpcDeferrer deferrer) {
  std::array<char, 64 * 1024> buffer;
  std::string held;
  while (held.size() <= kMaxLineOctets) {
    const auto [error, count] =
        co_await state_->in.async_read_some(asio::buffer(buffer), use_tuple);
    held.append(buffer.data(), count);
    for (auto end = held.find('\n'); end != std::string::npos; end = held.find('\n')) {
      const std::string line = held.substr(0, end);
      held.erase(0, end + 1);
      if (line.size() > kMaxLineOctets) {
        co_return;
      }
      if (line.find_first_not_of(" \t\r") != std::string::npos) {
        state_->answer(line, handler, deferrer);
      }
    }
    if (error) {
      co_return;
    }
  }
}

}  // namespace parley::reference
