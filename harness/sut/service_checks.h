// SPDX-License-Identifier: GPL-3.0-or-later
// The checks of what a SUT serves over HTTP (the profile's services): address, certificate, clock;
// of a third party's server also its discovery document, its published keys and the token that its
// driver gets. One thread; every wait ends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "harness/crypto/jose/key_ring.h"
#include "harness/model/model.h"
#include "harness/net/http_client.h"
#include "harness/sut/checks.h"
#include "harness/sut/driver.h"
#include "harness/sut/server_checks.h"

namespace parley::sut {

class ServiceChecks {
 public:
  // `profile`, `driver` (null: there is none) and `checks` outlive it.
  ServiceChecks(ServerUnderCheck server, const model::Profile& profile, Driver* driver,
                Checks& checks);

  // Those of the services that `party` offers and that are declared or described. A gatekeeper
  // need not have any; a third party's server is nothing without its keys.
  asio::awaitable<void> run(model::Party party);

 private:
  std::string endpoint(const std::string& name) const;
  std::string setting(const std::string& name) const;
  bool is_declared(const std::string& service) const;
  // What is there, or nothing, and said why.
  std::optional<net::HttpUrl> check_address(const std::string& service);
  asio::awaitable<bool> check_service(std::string service);
  asio::awaitable<net::HttpOutcome> get(net::HttpUrl url);
  asio::awaitable<bool> without_tls(net::HttpFetchFailure failure);
  bool wants_certificate(const std::string& service, const net::HttpFetchFailure& failure) const;
  void explain(const std::string& service, const net::HttpFetchFailure& failure);
  void check_clock(const std::string& service, const wire::HttpMessage& answer);
  asio::awaitable<void> check_keys();
  // The address of the key set that the discovery document names.
  asio::awaitable<std::optional<net::HttpUrl>> check_discovery(std::string issuer);
  asio::awaitable<std::optional<crypto::jose::KeyRing>> check_key_set(net::HttpUrl url);
  // One of the pool, or one that the driver enlists.
  asio::awaitable<Result<std::string>> some_user();
  asio::awaitable<void> check_token(std::string issuer, const crypto::jose::KeyRing& keys);

  ServerUnderCheck server_;
  const model::Profile& profile_;
  Driver* driver_;
  Checks& checks_;
  net::TlsContexts contexts_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace parley::sut
