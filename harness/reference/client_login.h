// SPDX-License-Identifier: GPL-3.0-or-later
// What the reference client does from its first stream header to the stream on which it may bind a
// resource. Sources: RFC 6120 sections 4 to 6 and 13; RFC 5802; RFC 7590.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/rng.h"
#include "harness/reference/client_account.h"
#include "harness/reference/client_wire.h"

namespace parley::reference {

// Why the client does not log in.
struct Refusal {
  std::string reason;
  Bytes farewell;  // what is said before the connection is closed
};
using LoginStep = std::expected<void, Refusal>;

// One attempt. All references outlive it.
class ClientLogin {
 public:
  ClientLogin(ClientWire& wire, net::TlsContexts& contexts, const ClientAccount& account,
              const FaultSet& faults, Rng& rng)
      : wire_(wire), contexts_(contexts), account_(account), faults_(faults), rng_(rng) {}

  asio::awaitable<LoginStep> run();

 private:
  using Received = std::expected<xml::Element, Refusal>;

  asio::awaitable<LoginStep> open_stream();
  asio::awaitable<LoginStep> exchange_headers();
  asio::awaitable<LoginStep> expect_features();
  asio::awaitable<LoginStep> negotiate_tls();
  asio::awaitable<LoginStep> proceed_after_injection();
  asio::awaitable<LoginStep> secure();
  asio::awaitable<LoginStep> authenticate();
  asio::awaitable<Received> next_element();
  asio::awaitable<LoginStep> send(Bytes octets);
  LoginStep check_header(const xml::StreamOpened& opened) const;
  bool offers(std::string_view mechanism) const;
  net::TlsVersion least_tls() const;
  Bytes header() const;

  ClientWire& wire_;
  net::TlsContexts& contexts_;
  const ClientAccount& account_;
  const FaultSet& faults_;
  Rng& rng_;
  std::vector<std::string> mechanisms_;
  bool starttls_offered_ = false;
  bool bind_offered_ = false;
};

}  // namespace parley::reference
