// SPDX-License-Identifier: GPL-3.0-or-later
// The reference third party's server for the profile `whatsapp`: its users, their tokens, and over
// HTTPS its discovery document and its keys, in memory, on loopback. Sources: OpenID Connect
// Discovery 1.0 section 4; RFC 7517 section 5; the IDP and ENL requirements. It conforms while no
// fault is on. Single threaded: everything runs on the executor given.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/net/http_server.h"
#include "harness/net/tls_contexts.h"
#include "harness/reference/certificate_folder.h"
#include "harness/reference/faults.h"
#include "harness/reference/json_rpc.h"
#include "harness/reference/reference.h"
#include "harness/reference/whatsapp/partner_calls.h"
#include "harness/reference/whatsapp/partner_keys.h"
#include "harness/reference/whatsapp/partner_media.h"
#include "harness/reference/whatsapp/partner_region.h"
#include "harness/reference/whatsapp/wake_line.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

inline constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";
inline constexpr std::string_view kJwksPath = "/jwks";
inline constexpr std::string_view kUploadPath = "/v1/uploads";  // of its own users' clients

struct PartnerUser {
  std::string identifier;  // as others see it
  bool opted_in = true;
  bool suspended = false;
  std::string upload_token{};  // proves its client where it uploads
};

// One address of the service: who comes in there meets these faults.
struct PartnerDoor {
  std::string issuer;  // "https://localhost:PORT"
  FaultSet faults;
  std::shared_ptr<PartnerCalls> calls{};  // what the gatekeeper asks there
};

class PartnerServer {
 public:
  // Makes the keys and listens. Errors: io; not_found for an unknown fault.
  static Result<std::unique_ptr<PartnerServer>> open(asio::any_io_executor executor,
                                                     const Options& options);
  ~PartnerServer();

  // One more address. The driver's methods act with its faults, and in its name, from then on.
  // Errors: io.
  Result<void> listen(const FaultSet& faults, std::uint16_t port = 0);
  nlohmann::json describe() const;
  RpcResult handle(const std::string& method, const nlohmann::json& params);
  net::HttpAnswer answer(const PartnerDoor& door, const wire::HttpMessage& request,
                         const net::HttpPeer& peer = {});
  // Told of each user whose client is woken.
  void on_wake(std::function<void(const Wake&)> told) { told_ = std::move(told); }
  // Closes the addresses and waits until nothing is under way there.
  asio::awaitable<void> stop();
  const PartnerDoor& door() const { return *doors_.back(); }
  const std::string& ca_pem() const { return certificate_.ca_pem(); }

 private:
  PartnerServer(asio::any_io_executor executor, Options options, Rng rng, ServiceKeys keys);
  nlohmann::json endpoints_json() const;
  Result<std::optional<net::TlsServerOptions>> tls_under(const FaultSet& faults) const;
  RpcResult handle_user(const std::string& method, const nlohmann::json& params);
  RpcResult handle_listen(const nlohmann::json& params);
  RpcResult handle_gatekeeper(const nlohmann::json& params);
  RpcResult handle_rotate(const nlohmann::json& params);
  RpcResult handle_upload(const nlohmann::json& params);
  nlohmann::json told_of(const std::string& user, const PartnerUser& account) const;
  net::HttpAnswer take_upload(const PartnerDoor& door, const wire::HttpMessage& request);
  RpcResult handle_token(const std::string& user, const nlohmann::json& params);
  bool may_have_token(const std::string& name, const PartnerUser& user) const;
  CalledService called_service(const PartnerDoor& door) const;
  void wake(const Wake& wake, const FaultSet& faults) const;
  std::optional<CalledUser> called(const std::string& identifier) const;
  std::optional<std::string> subject_of(const std::string& token, const std::string& issuer) const;

  asio::any_io_executor executor_;
  Options options_;
  Rng rng_;
  ServiceKeys keys_;
  CertificateFolder certificate_;
  net::TlsContexts tls_;
  std::vector<std::shared_ptr<const PartnerDoor>> doors_;  // the last is the driver's
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
  std::size_t running_ = 0;
  asio::steady_timer idle_;  // cancelled when none runs any more
  std::map<std::string, PartnerUser, std::less<>> users_;
  Whereabouts where_;
  PartnerMedia media_;
  std::string audience_;  // the gatekeeper's
  KnownGatekeeper gatekeeper_;
  std::string gatekeeper_ca_;  // of its certificate, in PEM
  std::unique_ptr<WakeSender> wakes_;
  std::function<void(const Wake&)> told_;
};

// An https URL, as one of http.
std::string in_clear(const std::string& url);

// Serves until end of input (driver) or until it is cancelled.
asio::awaitable<void> run_partner(Options options, JsonRpcPeer* peer);

}  // namespace parley::reference::whatsapp
