// SPDX-License-Identifier: GPL-3.0-or-later
// The reference client of profile `whatsapp`, a third party's or one of the gatekeeper's own, who
// logs in otherwise and has another address: many users over real sockets, each started and steered
// through the driver protocol (harness/sut/DRIVER.md). Written from requirements TRN-* and STZ-*.
// Single threaded: everything runs on the executor of the coroutine.
//
// Of `connect`, `user` is the account's number in decimal digits, `password` its token and `ca` the
// root key of the certificate chain in hex; `security`, `domain` and `resource` are not used.
// Optional: `integrator` (12), `spec_hashing`, `reconnect` and `passive` (false), `keepalive_ms`
// (0: none), `content` (clear), `routing` (hex), `transport` with `path` and `origin`,
// `server_static` (hex) and `server_static_until` (seconds since 1970, in digits): a server key
// that is known from before and opens the way for IK; `media` (media_access.h); `faults`. `await`
// takes the same and `wake`, a line of wake_line.h. Beyond DRIVER.md: `chatstate {user, to, state}`
// with state composing or paused, which a peer's client shows as `presence` of that type;
// `answered` also tells of the server's ack to a message.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/reference/faults.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"
#include "harness/reference/whatsapp/client_session.h"
#include "harness/reference/whatsapp/wake_line.h"

namespace parley::reference::whatsapp {

class ClientDriver {
 public:
  using Notify = std::function<void(const std::string& method, nlohmann::json params)>;

  // `faults` hold for every user.
  ClientDriver(asio::any_io_executor executor, const FaultSet& faults, Notify notify,
               const Dialect& dialect = kWhatsAppDialect, Side side = Side::third_party);

  RpcResult handle(const std::string& method, const nlohmann::json& params);
  // A `sync` of a user whose files are on their way: once none is any more.
  bool answer_later(const std::string& method, const nlohmann::json& params, RpcAnswer answer);
  // Drops every user and waits until none of their coroutines runs.
  asio::awaitable<void> stop();

 private:
  struct User {
    std::shared_ptr<ClientSession> session;  // null when none runs
    std::shared_ptr<ClientMemory> memory;
    std::optional<ClientAccount> awaited{};  // how it connects when it is woken
    FaultSet awaited_faults{};
    int wakes = 0;
    std::vector<std::shared_ptr<ClientSession>> beside{};  // under wt-woken-comes-twice
  };

  struct Told {
    ClientAccount account;
    FaultSet faults;  // the driver's own among them
  };
  std::expected<Told, RpcError> told(const nlohmann::json& params) const;
  RpcResult connect(const nlohmann::json& params);
  RpcResult await(const nlohmann::json& params);
  void wake(const Wake& wake);
  void come(const std::string& name, User& user);
  std::shared_ptr<ClientSession> launch(const std::string& user, ClientAccount account,
                                        const FaultSet& faults);
  RpcResult press(const std::string& method, const nlohmann::json& params);
  static RpcResult send_file(ClientSession& session, const nlohmann::json& params);
  void start(const std::string& user, ClientAccount account, const FaultSet& faults);
  void drop(User& user);
  void sync();
  std::shared_ptr<ClientSession> find(const std::string& user) const;

  asio::any_io_executor executor_;
  FaultSet faults_;
  Notify notify_;
  const Dialect& dialect_;
  Side side_;
  Rng rng_;
  std::map<std::string, User> users_;
  std::size_t running_ = 0;
  asio::steady_timer idle_;  // cancelled when nothing runs any more
  std::shared_ptr<MediaLine> line_;
  WakeReceiver wakes_;
};

// Whose users' client the options name.
Side side_of(const Options& options);
// What `describe` answers.
nlohmann::json describe_client(const std::string& name, Side side);

// Serves the driver protocol until end of input, then drops all connections and waits for their
// coroutines. With `options.null_mode` it is a client that implements nothing.
// `rpc` outlives the coroutine. Names in `options.faults` that are not in the table are left out.
asio::awaitable<void> run_client(Options options, JsonRpcPeer& rpc);

}  // namespace parley::reference::whatsapp
