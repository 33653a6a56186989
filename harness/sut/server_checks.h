// SPDX-License-Identifier: GPL-3.0-or-later
// The checks of a server under test: its addresses, TLS, certificate, mechanisms and accounts.
// One thread; every wait ends.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "harness/engine/ports.h"
#include "harness/sut/checks.h"
#include "harness/sut/introduction.h"
#include "harness/sut/probe.h"

namespace parley::sut {

// An account that shall log in.
struct Sample {
  std::string place;  // "first", "middle", "last"
  engine::Identity account;
};

// What is known of the server before.
struct ServerUnderCheck {
  Endpoints endpoints;
  std::string ca_pem;  // empty when it is wrong: nothing is said of TLS then
  std::vector<std::string> features;
  std::vector<Sample> samples;
};

class ServerChecks {
 public:
  // `checks` outlives it.
  ServerChecks(ServerUnderCheck server, Checks& checks)
      : server_(std::move(server)), checks_(checks) {}

  asio::awaitable<void> run();

 private:
  std::string endpoint(const std::string& name) const {
    const auto found = server_.endpoints.find(name);
    return found == server_.endpoints.end() ? "" : found->second;
  }
  // Null when nothing accepts a connection there; says so.
  asio::awaitable<std::unique_ptr<Probe>> check_address(std::string name);
  asio::awaitable<void> check_starttls();
  asio::awaitable<void> check_direct_tls();
  // Says why no stream was opened at endpoints/starttls.
  asio::awaitable<void> explain_stream(Probe& probe, Error error);
  asio::awaitable<void> explain_domain(std::string served, std::string said);
  // True when octets may be exchanged under TLS.
  asio::awaitable<bool> check_handshake(Probe& probe, std::string name);
  asio::awaitable<void> explain_handshake(std::string name, std::string said);
  asio::awaitable<void> check_login(Probe& probe, std::string name);
  void check_mechanisms(const xml::Element& features);
  asio::awaitable<bool> check_account(Probe& probe, Sample sample, Mechanism mechanism);

  // Each on a connection of its own; none of them complains.
  asio::awaitable<Result<std::unique_ptr<Probe>>> dial(std::string name) const;
  asio::awaitable<Result<std::unique_ptr<Probe>>> secure_stream(std::string name) const;
  asio::awaitable<bool> speaks_tls(std::string name) const;
  asio::awaitable<bool> speaks_xmpp(std::string name) const;
  asio::awaitable<std::vector<std::string>> certificate_names(std::string name) const;

  ServerUnderCheck server_;
  Checks& checks_;
  bool login_tried_ = false;
};

}  // namespace parley::sut
