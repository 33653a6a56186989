// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "harness/reference/whatsapp/null_client.h"

namespace parley::reference::whatsapp {
namespace {

constexpr int kMethodNotFound = -32601;
constexpr int kNotConnected = -32000;
constexpr int kMaxSyncedHandlers = 1'000;

// Keys and ids must not repeat from one run to the next.
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

bool is_presence_type(std::string_view type) {
  return type.empty() || type == "available" || type == "unavailable" || type == "subscribe";
}

}  // namespace

Side side_of(const Options& options) {
  return options.party == kGatekeeperClient ? Side::gatekeeper : Side::third_party;
}

nlohmann::json describe_client(const std::string& name, Side side) {
  nlohmann::json features = {"noise-xx",
                             "noise-ik",
                             "noise-xxfallback",
                             "binary-stanzas",
                             "receipts",
                             "presence",
                             "chatstates",
                             "keepalive",
                             "reconnect",
                             "websocket",
                             "prekeys",
                             "encryption",
                             "media-send",
                             "media-receive",
                             "media-sidecar",
                             "media-stickers",
                             "media-large",
                             "interop-jid",
                             "last-tokens-unassigned"};
  const bool own = side == Side::gatekeeper;
  if (!own) {
    features.push_back("push-wake");
  }
  return {{"name", name},
          {"version", "0.1.0"},
          {"party", own ? kGatekeeperClient : "third-party.client"},
          {"features", std::move(features)}};
}

ClientDriver::ClientDriver(asio::any_io_executor executor, const FaultSet& faults, Notify notify,
                           const Dialect& dialect, Side side)
    : executor_(executor),
      faults_(faults),
      notify_(std::move(notify)),
      dialect_(dialect),
      side_(side),
      rng_(fresh_seed()),
      idle_(executor),
      line_(std::make_shared<MediaLine>()),
      wakes_(executor, [this](const Wake& one) { wake(one); }) {}

RpcResult ClientDriver::handle(const std::string& method, const nlohmann::json& params) {
  if (method == "describe") {
    return describe_client("Parley reference client", side_);
  }
  if (method == "enlist") {
    return nlohmann::json::object();  // the account is the server's affair
  }
  if (method == "connect") {
    return connect(params);
  }
  if (method == "await") {
    return await(params);
  }
  if (method == "reset") {
    const auto found = users_.find(string_member(params, "user"));
    wakes_.forget(string_member(params, "user"));
    if (found != users_.end()) {
      drop(found->second);
      users_.erase(found);
    }
    return nlohmann::json::object();
  }
  if (method == "sync") {
    sync();
    return nlohmann::json::object();
  }
  if (method == "send" || method == "ping" || method == "presence" || method == "chatstate" ||
      method == "close") {
    return press(method, params);
  }
  return rpc_error(kMethodNotFound, "unknown method " + method);
}

std::expected<ClientDriver::Told, RpcError> ClientDriver::told(const nlohmann::json& params) const {
  auto account = parse_client_account(params, dialect_);
  if (!account) {
    return std::unexpected(account.error());
  }
  auto faults = faults_of(params);
  if (!faults) {
    return std::unexpected(RpcError{kInvalidParams, faults.error().detail});
  }
  account->side = side_;
  faults->add(faults_);
  return Told{.account = std::move(*account), .faults = *faults};
}

RpcResult ClientDriver::connect(const nlohmann::json& params) {
  auto whom = told(params);
  if (!whom) {
    return std::unexpected(whom.error());
  }
  const std::string user = whom->account.user;
  start(user, std::move(whom->account), whom->faults);
  return nlohmann::json::object();
}

// A wake that came before is kept for it.
RpcResult ClientDriver::await(const nlohmann::json& params) {
  auto whom = told(params);
  if (!whom) {
    return std::unexpected(whom.error());
  }
  auto& [account, faults] = *whom;
  if (const auto waits = wakes_.wait_on(account.user, string_member(params, "wake")); !waits) {
    return rpc_error(kUnsupported,
                     "the reference is woken by its own server: " + waits.error().detail);
  }
  account.woken = true;
  const std::string name = account.user;
  User& user = users_[name];
  user.awaited = std::move(account);
  user.awaited_faults = faults;
  if (faults.has(Fault::wt_comes_unwoken)) {
    come(name, user);
  }
  return nlohmann::json::object();
}

// SRV-004, SRV-005: who is connected gets what waits as it is.
void ClientDriver::wake(const Wake& wake) {
  const auto found = users_.find(wake.user);
  if (found == users_.end() || !found->second.awaited) {
    return;
  }
  const auto faults = found->second.awaited_faults;
  if (!wake.alert.empty()) {
    notify_("received",
            {{"user", wake.user}, {"from", ""}, {"type", "alert"}, {"text", wake.alert}});
  }
  const bool again = found->second.wakes++ > 0;
  if (faults.has(Fault::wt_woken_stays_away) || (again && faults.has(Fault::wt_woken_once))) {
    return;
  }
  come(wake.user, found->second);
  if (faults.has(Fault::wt_woken_with_others)) {
    for (auto& [name, user] : users_) {
      come(name, user);
    }
  }
}

void ClientDriver::come(const std::string& name, User& user) {
  if (!user.awaited) {
    return;
  }
  auto account = *user.awaited;
  if (user.awaited_faults.has(Fault::wt_woken_without_proof)) {
    account.token.clear();
  }
  if (user.session == nullptr) {
    start(name, std::move(account), user.awaited_faults);
  } else if (user.awaited_faults.has(Fault::wt_woken_comes_twice)) {
    user.beside.push_back(launch(name, std::move(account), user.awaited_faults));
  }
}

void ClientDriver::start(const std::string& user, ClientAccount account, const FaultSet& faults) {
  drop(users_[user]);
  users_[user].session = launch(user, std::move(account), faults);
}

std::shared_ptr<ClientSession> ClientDriver::launch(const std::string& user, ClientAccount account,
                                                    const FaultSet& faults) {
  User& entry = users_[user];
  if (entry.memory == nullptr) {
    entry.memory = std::make_shared<ClientMemory>();
    entry.memory->first_token = account.token;
    entry.memory->line = line_;
  }
  if (faults.has(Fault::wt_keeps_first_proof)) {
    account.token = entry.memory->first_token;
  }
  auto session = std::make_shared<ClientSession>(executor_, std::move(account), entry.memory,
                                                 faults, Rng(rng_.next()), notify_);
  ++running_;
  asio::co_spawn(executor_, ClientSession::run(session),
                 [this, user, session](std::exception_ptr failure) {
                   if (failure != nullptr) {
                     session->forget();
                     notify_("closed", {{"user", user}, {"reason", "internal error"}});
                   }
                   const auto found = users_.find(user);
                   if (found != users_.end() && found->second.session == session) {
                     found->second.session.reset();
                   }
                   if (--running_ == 0) {
                     idle_.cancel();
                   }
                 });
  return session;
}

RpcResult ClientDriver::press(const std::string& method, const nlohmann::json& params) {
  const auto session = find(string_member(params, "user"));
  if (method == "close") {
    if (session != nullptr) {
      session->close();
    }
    return nlohmann::json::object();
  }
  if (session == nullptr || !session->ready()) {
    return rpc_error(kNotConnected, "the user is not connected");
  }
  const std::string to = string_member(params, "to");
  const std::string type = string_member(params, "type");
  if (method == "send" && params.contains("media")) {
    return send_file(*session, params);
  }
  if (method == "send") {
    const std::string id =
        session->send_message(to, string_member(params, "text"), string_member(params, "id"));
    return nlohmann::json{{"id", id}};
  }
  if (method == "ping") {
    return nlohmann::json{{"id", session->send_ping(to)}};
  }
  if (method == "presence") {
    if (!is_presence_type(type)) {
      return rpc_error(kUnsupported, "the dialect has no presence of type " + type);
    }
    session->send_presence(to, type);
    return nlohmann::json::object();
  }
  const std::string state = string_member(params, "state");
  if (state != "composing" && state != "paused") {
    return rpc_error(kInvalidParams, "state is composing or paused");
  }
  session->send_chatstate(to, state);
  return nlohmann::json::object();
}

RpcResult ClientDriver::send_file(ClientSession& session, const nlohmann::json& params) {
  if (!session.can_send_files()) {
    return rpc_error(kInvalidParams, "connect has said neither whither media go nor how");
  }
  auto file = parse_outgoing(params["media"], string_member(params, "text"));
  if (!file) {
    return std::unexpected(file.error());
  }
  return nlohmann::json{{"id", session.send_file(string_member(params, "to"), std::move(*file),
                                                 string_member(params, "id"))}};
}

void ClientDriver::drop(User& user) {
  if (user.session != nullptr) {
    user.session->forget();
    user.session.reset();
  }
  for (const auto& session : std::exchange(user.beside, {})) {
    session->forget();
  }
}

std::shared_ptr<ClientSession> ClientDriver::find(const std::string& user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : found->second.session;
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
  for (auto& [name, user] : users_) {
    wakes_.forget(name);
    drop(user);
  }
  while (running_ > 0) {
    idle_.expires_at(asio::steady_timer::time_point::max());
    co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> run_client(Options options, JsonRpcPeer& rpc) {
  const auto executor = co_await asio::this_coro::executor;
  if (options.null_mode != NullMode::none) {
    co_await run_null_client(options.null_mode, side_of(options), rpc);
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
  const Dialect dialect = dialect_under(options);
  ClientDriver driver(executor, faults, std::move(notify), dialect, side_of(options));
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

}  // namespace parley::reference::whatsapp
