// SPDX-License-Identifier: GPL-3.0-or-later
// The reference gatekeeper's server: an XMPP server for the users of one domain, in memory, on
// loopback. Sources: RFC 6120, 6121, 7590, 7622; XEP-0198, XEP-0199, XEP-0363. It conforms while no
// fault is on. Single threaded: everything runs on the executor given.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/crypto/certificate.h"
#include "harness/net/stream.h"
#include "harness/reference/certificate_folder.h"
#include "harness/reference/faults.h"
#include "harness/reference/gatekeeper_uploads.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"

namespace parley::reference {

namespace asio = boost::asio;

class Session;

// What an account knows of another user (RFC 6121 section 2.1.2 and appendix A).
struct Contact {
  std::string name;
  std::vector<std::string> groups;
  bool listed = false;      // a roster item, not only a request that waits
  bool to = false;          // the account gets the contact's presence
  bool from = false;        // the contact gets the account's presence
  bool asked = false;       // the account has asked and was not answered
  bool pending_in = false;  // the contact has asked and was not answered
};

struct Account {
  std::string user;  // prepared
  std::string password;
  FaultSet faults;
  std::map<std::string, Contact> roster;  // by bare JID
  std::vector<Session*> sessions;         // bound ones; each takes itself out when it ends
};

enum class Security { starttls, direct_tls };

struct Endpoints {
  net::Address starttls;
  net::Address direct_tls;
};

class Gatekeeper {
 public:
  // Makes the certificates and listens. Errors: io; not_found for an unknown fault.
  static Result<std::unique_ptr<Gatekeeper>> open(asio::any_io_executor executor,
                                                  const Options& options);
  ~Gatekeeper();

  // Two more listeners whose connections all have `faults`. Errors: io.
  Result<Endpoints> listen(const FaultSet& faults, std::uint16_t starttls_port = 0);
  const Endpoints& endpoints() const { return endpoints_; }
  const std::string& ca_path() const { return certificate_.ca_path(); }
  const std::string& ca_pem() const { return certificate_.ca_pem(); }
  nlohmann::json describe() const;
  nlohmann::json endpoints_json(const Endpoints& endpoints, const FaultSet& faults) const;
  RpcResult handle(const std::string& method, const nlohmann::json& params);
  // Closes the listeners and every connection, and waits until none of their coroutines runs.
  asio::awaitable<void> stop();

  // For sessions.
  const std::string& domain() const { return options_.domain; }
  // Null when there is none; without a driver every user exists with the password "pw-<user>".
  Account* find(const std::string& user);
  // The account has `password` and `faults` afterwards. The pointer is good until reset().
  Account& enlist(const std::string& user, const std::string& password, const FaultSet& faults);
  void reset(const std::string& user);
  std::vector<Session*> bound_sessions() const;
  // The account of a bare JID of this domain; null for any other.
  Account* find_bare(const std::string& bare);
  std::string fresh_id();
  // Plays dead towards everybody (gk-deaf-…).
  void fall_deaf() { deaf_ = true; }
  bool deaf() const { return deaf_; }
  // Ends the connections of all but `one`.
  void drop_others(const Session& one);
  // Of its upload service, whose address is a domain of its own.
  std::string upload_domain() const { return "upload." + domain(); }
  GatekeeperUploads& uploads() { return *uploads_; }
  net::TlsContexts& contexts() { return contexts_; }
  const crypto::Leaf& leaf() const { return certificate_.leaf(); }

 private:
  Gatekeeper(asio::any_io_executor executor, Options options);
  Result<void> open_uploads();
  asio::awaitable<void> accept_all(net::Listener& listener, Security security, FaultSet faults);
  void start(std::unique_ptr<net::Stream> stream, Security security, const FaultSet& faults);
  void run(asio::awaitable<void> task, std::function<void()> end);
  RpcResult handle_enlist(const nlohmann::json& params);
  RpcResult handle_listen(const nlohmann::json& params);

  asio::any_io_executor executor_;
  Options options_;
  FaultSet faults_;  // of every connection
  Rng rng_;
  net::TlsContexts contexts_;
  CertificateFolder certificate_;
  Endpoints endpoints_;
  std::unique_ptr<GatekeeperUploads> uploads_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::map<std::string, Account, std::less<>> accounts_;
  bool stopping_ = false;
  bool deaf_ = false;
  std::uint64_t next_running_ = 0;
  std::map<std::uint64_t, std::function<void()>> running_;  // what ends each coroutine
  asio::steady_timer idle_;                                 // cancelled when none runs any more
};

// Serves until end of input (driver) or until it is cancelled.
asio::awaitable<void> run_gatekeeper(Options options, JsonRpcPeer* peer);

// A connection of a server that implements nothing (reference.h, NullMode). The stream has two
// owners: the coroutine, and the server that may close it meanwhile.
asio::awaitable<void> run_null_session(std::shared_ptr<net::Stream> stream, NullMode mode,
                                       Security security, Gatekeeper& keeper);

}  // namespace parley::reference
