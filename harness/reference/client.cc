// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "harness/reference/client_driver.h"
#include "harness/reference/null_client.h"

namespace parley::reference {
namespace {

namespace asio = boost::asio;

constexpr int kMethodNotFound = -32601;
constexpr int kNotConnected = -32000;
constexpr int kMaxSyncedHandlers = 1'000;

// Ids and nonces must not repeat from one run to the next.
std::uint64_t fresh_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::unexpected<RpcError> rpc_error(int code, std::string message) {
  return std::unexpected(RpcError{.code = code, .message = std::move(message)});
}

Result<FaultSet> faults_of(const nlohmann::json& params) {
  std::vector<std::string> names;
  const auto listed = params.find("faults");
  if (listed != params.end() && listed->is_array()) {
    for (const auto& name : *listed) {
      names.push_back(name.is_string() ? name.get<std::string>() : name.dump());
    }
  }
  return fault_set(names);
}

}  // namespace

nlohmann::json describe_client(const std::string& name) {
  return {{"name", name},
          {"version", "0.1.0"},
          {"party", "third-party.client"},
          {"features",
           {"sasl-plain", "scram-sha-256", "starttls", "direct-tls", "roster", "xep-0199", "omemo",
            "http-upload", "upload-type", "media-receive"}}};
}

ClientDriver::ClientDriver(asio::any_io_executor executor, const FaultSet& faults, Notify notify)
    : executor_(executor),
      faults_(faults),
      notify_(std::move(notify)),
      rng_(fresh_seed()),
      idle_(executor) {}

RpcResult ClientDriver::handle(const std::string& method, const nlohmann::json& params) {
  if (method == "describe") {
    return describe_client("Parley reference client");
  }
  if (method == "enlist") {
    return nlohmann::json::object();  // the account is the server's affair
  }
  if (method == "connect") {
    return connect(params);
  }
  if (method == "reset") {
    return reset(string_member(params, "user"));
  }
  if (method == "sync") {
    sync();
    return nlohmann::json::object();
  }
  if (method == "send" || method == "ping" || method == "presence" || method == "close") {
    return press(method, params);
  }
  return rpc_error(kMethodNotFound, "unknown method " + method);
}

RpcResult ClientDriver::connect(const nlohmann::json& params) {
  auto account = parse_account(params);
  if (!account) {
    return std::unexpected(account.error());
  }
  auto faults = faults_of(params);
  if (!faults) {
    return rpc_error(kInvalidParams, faults.error().detail);
  }
  faults->add(faults_);
  const std::string user = account->user;
  drop(user);
  auto& memory = memories_[user];
  if (memory == nullptr) {
    memory = std::make_shared<omemo::Memory>();
  }
  auto session = std::make_shared<ClientSession>(executor_, contexts_, std::move(*account), *faults,
                                                 Rng(rng_.next()), notify_, memory);
  sessions_[user] = session;
  ++running_;
  asio::co_spawn(executor_, ClientSession::run(session),
                 [this, user, session](std::exception_ptr failure) {
                   if (failure != nullptr) {
                     session->forget();
                     notify_("closed", {{"user", user}, {"reason", "internal error"}});
                   }
                   const auto found = sessions_.find(user);
                   if (found != sessions_.end() && found->second == session) {
                     sessions_.erase(found);
                   }
                   if (--running_ == 0) {
                     idle_.cancel();
                   }
                 });
  return nlohmann::json::object();
}

RpcResult ClientDriver::press(const std::string& method, const nlohmann::json& params) {
  const auto session = find(string_member(params, "user"));
  if (method == "close") {
    if (session != nullptr) {
      session->close();
    }
    return nlohmann::json::object();
  }
  if (session == nullptr || !session->bound()) {
    return rpc_error(kNotConnected, "the user is not connected");
  }
  const std::string to = string_member(params, "to");
  if (const auto media = params.find("media"); method == "send" && media != params.end()) {
    auto octets = from_hex(string_member(*media, "file"));
    if (!octets) {
      return rpc_error(kInvalidParams, "media/file is not hex");
    }
    OutgoingFile file{.octets = std::move(*octets),
                      .mimetype = string_member(*media, "mimetype"),
                      .name = string_member(*media, "name")};
    const std::string id = session->send_file(to, std::move(file), string_member(params, "id"));
    return nlohmann::json{{"id", id}};
  }
  if (method == "send") {
    const std::string id =
        session->send_message(to, string_member(params, "text"), string_member(params, "id"));
    return nlohmann::json{{"id", id}};
  }
  if (method == "ping") {
    return nlohmann::json{{"id", session->send_ping(to)}};
  }
  session->send_presence(to, string_member(params, "type"));
  return nlohmann::json::object();
}

RpcResult ClientDriver::reset(const std::string& user) {
  drop(user);
  memories_.erase(user);
  return nlohmann::json::object();
}

void ClientDriver::drop(const std::string& user) {
  if (const auto session = find(user)) {
    session->forget();
    sessions_.erase(user);
  }
}

std::shared_ptr<ClientSession> ClientDriver::find(const std::string& user) const {
  const auto found = sessions_.find(user);
  return found == sessions_.end() ? nullptr : found->second;
}

// What has arrived on the sockets is handled before the answer is written: a stanza that Parley
// sent before it asked is then a notification that precedes the answer.
void ClientDriver::sync() {
  const auto* executor = executor_.target<asio::io_context::executor_type>();
  if (executor == nullptr) {
    return;
  }
  int handled = 0;
  while (handled < kMaxSyncedHandlers && executor->context().poll_one() != 0) {
    ++handled;
  }
}

bool ClientDriver::answer_later(const std::string& method, const nlohmann::json& params,
                                RpcAnswer answer) {
  if (method != "sync") {
    return false;
  }
  sync();
  const auto session = find(string_member(params, "user"));
  if (session == nullptr || !session->transferring()) {
    return false;
  }
  ++running_;
  asio::co_spawn(executor_, ClientSession::settle(session),
                 [this, answer = std::move(answer)](const std::exception_ptr&) {
                   answer(nlohmann::json::object());
                   if (--running_ == 0) {
                     idle_.cancel();
                   }
                 });
  return true;
}

asio::awaitable<void> ClientDriver::stop() {
  for (const auto& [user, session] : sessions_) {
    session->forget();
  }
  sessions_.clear();
  while (running_ > 0) {
    idle_.expires_at(asio::steady_timer::time_point::max());
    co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> run_client(Options options, JsonRpcPeer& rpc) {
  const auto executor = co_await asio::this_coro::executor;
  if (options.null_mode != NullMode::none) {
    co_await run_null_client(options.null_mode, rpc);
    co_return;
  }
  FaultSet faults;
  for (const std::string& name : options.faults) {
    if (const auto fault = find_fault(name)) {
      faults.add(*fault);
    }
  }
  ClientDriver::Notify notify = [&rpc](const std::string& method, nlohmann::json params) {
    rpc.notify(method, std::move(params));
  };
  ClientDriver driver(executor, faults, std::move(notify));
  RpcHandler handler = [&driver](const std::string& method, const nlohmann::json& params) {
    return driver.handle(method, params);
  };
  RpcDeferrer deferrer = [&driver](const std::string& method, const nlohmann::json& params,
                                   RpcAnswer answer) {
    return driver.answer_later(method, params, std::move(answer));
  };
  co_await rpc.serve(std::move(handler), std::move(deferrer));
  co_await driver.stop();
}

}  // namespace parley::reference
