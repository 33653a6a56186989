// SPDX-License-Identifier: GPL-3.0-or-later
// The reference gatekeeper's server for the profile `whatsapp`: frames, Noise and binary stanzas
// for many users, in memory, on loopback. Sources: Noise revision 34; the TRN and STZ requirements;
// observed client behaviour. It conforms while no fault is on. Single threaded: everything runs on
// the executor given.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/rng.h"
#include "harness/net/http_server.h"
#include "harness/net/stream.h"
#include "harness/net/tls_contexts.h"
#include "harness/net/websocket.h"
#include "harness/reference/certificate_folder.h"
#include "harness/reference/faults.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"
#include "harness/reference/whatsapp/address.h"
#include "harness/reference/whatsapp/client_account.h"
#include "harness/reference/whatsapp/handshake.h"
#include "harness/reference/whatsapp/identity.h"
#include "harness/reference/whatsapp/interop.h"
#include "harness/reference/whatsapp/media_proxy.h"
#include "harness/reference/whatsapp/partner_caller.h"
#include "harness/reference/whatsapp/prekeys.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

class Session;

inline constexpr std::string_view kHttpsHost = "localhost";
// The name in the certificate that it shows to a third party's server.
inline constexpr std::string_view kClientName = "gatekeeper.parley.test";

// One address. A number that is enlisted has two: its integrator's and the gatekeeper's own.
struct Account {
  Address address;
  std::string identifier{};  // the visible one that was enlisted over HTTP; empty: the number
  std::string former{};      // the one before, which counts for nothing
  Bytes token;
  FaultSet faults;
  bool proven = false;              // by a token of its third party's service, on some connection
  Session* session = nullptr;       // the one that messages go to
  std::set<Session*> bound;         // all that are logged in; each takes itself out when it ends
  std::deque<xml::Element> stored;  // messages and receipts that were not yet acknowledged
  std::map<std::string, std::size_t> sent;  // accepted messages: id and hash of what it held
  std::string last_sent;                    // the id of the last of them
  std::optional<KeyBundle> bundle;          // what the client has left for others
  KeyHistory key_history;
  std::set<std::string> correspondents;  // bare addresses that it has written to or heard of
  std::set<std::string> subscribers;     // bare addresses that see this one's presence
  Consent consent;                       // of a user of the gatekeeper's own
};

// Where one set of connections comes in.
struct Doors {
  net::Address tcp;
  net::Address web;         // WebSockets
  net::Address enlistment;  // HTTPS
};

class Gatekeeper {
 public:
  // Makes the keys and listens. Errors: io; not_found for an unknown fault.
  static Result<std::unique_ptr<Gatekeeper>> open(asio::any_io_executor executor,
                                                  const Options& options);
  ~Gatekeeper();

  // Two more listeners whose connections all have `faults`; `port` is that of TCP. Errors: io.
  Result<Doors> listen(const FaultSet& faults, std::uint16_t port = 0);
  const net::Address& endpoint() const { return doors_.tcp; }
  nlohmann::json describe() const;
  nlohmann::json endpoints_json(const Doors& doors) const;
  RpcResult handle(const std::string& method, const nlohmann::json& params);
  // Closes the listeners and every connection, and waits until none of their coroutines runs.
  asio::awaitable<void> stop();

  // For sessions. Null when there is none. Without a driver every number exists: of integrator 12
  // and of the gatekeeper's own with the token "pw-<number>", of 13 with "pw-13-<number>".
  Account* find(const std::string& bare);
  std::vector<Account*> of_number(const std::string& number);
  std::vector<Account*> all();
  // The accounts have `token` and `faults` afterwards. Pointers are good until reset().
  void enlist(const std::string& number, std::uint16_t integrator, const Bytes& token,
              const FaultSet& faults);
  void reset(const std::string& number);
  // Of those enlisted over HTTP, of any integrator where none is given. Null when there is none.
  Account* of_identifier(const std::string& identifier,
                         std::optional<std::uint16_t> integrator = {});
  // Who was called so before its identifier changed.
  Account* formerly(const std::string& identifier, std::uint16_t integrator);
  Account* of_internal_id(const std::string& number);
  // A third party's user with an id of its own.
  Account& enlist_identifier(const std::string& identifier, std::uint16_t integrator,
                             const FaultSet& faults);
  const ServerKeys& keys() const { return keys_; }
  const Partners& partners() const { return partners_; }
  Partners& partners() { return partners_; }
  // Null where that integrator's server is not called.
  const PartnerCallers& callers() const { return callers_; }
  std::shared_ptr<PartnerCaller> caller(std::optional<std::uint16_t> integrator) const {
    return callers_.of(integrator);
  }
  MediaProxy::Asking asking(const std::string& token);
  bool knows_more(std::uint16_t integrator) const { return more_integrators_.contains(integrator); }
  HandshakeLog& handshakes() { return handshakes_; }
  Rng& rng() { return rng_; }
  // Plays dead towards everybody (wg-deaf-…).
  void fall_deaf() { deaf_ = true; }
  bool deaf() const { return deaf_; }
  const Dialect& dialect() const { return dialect_; }

 private:
  Gatekeeper(asio::any_io_executor executor, Options options, ServerKeys keys, Rng rng);
  void add(const Address& address, const Bytes& token, const FaultSet& faults);
  void invent(const std::string& number);
  Result<crypto::Leaf> own_certificate(const FaultSet& faults) const;
  Result<net::Address> listen_for_enlistment(const FaultSet& faults);
  Result<net::Address> listen_at(Transport transport, const FaultSet& faults, std::uint16_t port);
  asio::awaitable<void> accept_all(net::Listener& listener, Transport transport, FaultSet faults);
  void start(std::unique_ptr<net::Stream> stream, Transport transport, const FaultSet& faults);
  void run(asio::awaitable<void> task, std::function<void()> end);
  RpcResult handle_enlist(const nlohmann::json& params);
  RpcResult handle_listen(const nlohmann::json& params);
  RpcResult handle_partner(const nlohmann::json& params);
  RpcResult handle_refresh(const nlohmann::json& params);
  RpcResult handle_reset(const nlohmann::json& params);

  asio::any_io_executor executor_;
  Options options_;
  Dialect dialect_;
  ServerKeys keys_;
  Partners partners_;
  std::set<std::uint16_t> more_integrators_;  // above 999, that the driver has made known
  CertificateFolder certificate_;             // of what is offered over HTTPS
  net::TlsContexts tls_;
  HandshakeLog handshakes_;
  Rng rng_;
  PartnerCallers callers_;
  MediaHosts media_hosts_;
  FaultSet faults_;  // of every connection
  Doors doors_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<std::unique_ptr<net::HttpServer>> http_servers_;
  std::map<std::string, Account, std::less<>> accounts_;    // by bare address
  std::map<std::string, std::set<std::string>> addresses_;  // bare, of accounts_, by number
  bool stopping_ = false;
  bool deaf_ = false;
  std::uint64_t next_running_ = 0;
  std::map<std::uint64_t, std::function<void()>> running_;  // what ends each coroutine
  asio::steady_timer idle_;                                 // cancelled when none runs any more
};

// Serves until end of input (driver) or until it is cancelled.
asio::awaitable<void> run_gatekeeper(Options options, JsonRpcPeer* peer);

// A connection of a server that implements nothing (reference.h, NullMode). The stream has two
// owners: the coroutine, and the server that may close it meanwhile. `web` is the stream when that
// is a WebSocket to be opened, and null otherwise.
asio::awaitable<void> run_null_session(std::shared_ptr<net::Stream> stream, net::WebSocket* web,
                                       NullMode mode, Gatekeeper& keeper);

// The same of what is asked over HTTP.
asio::awaitable<net::HttpAnswer> null_answer(NullMode mode, wire::HttpReceived request,
                                             net::HttpPeer peer);

}  // namespace parley::reference::whatsapp
