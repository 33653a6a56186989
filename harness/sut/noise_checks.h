// SPDX-License-Identifier: GPL-3.0-or-later
// The checks of a server of the binary dialect: its addresses, handshake, certificates, accounts.
// Sources: observed client behaviour; Noise revision 34. One thread; every wait ends.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>

#include "harness/base/result.h"
#include "harness/model/model.h"
#include "harness/net/stream.h"
#include "harness/sut/checks.h"
#include "harness/sut/server_checks.h"
#include "harness/xml/tree.h"

namespace parley::sut {

// Uses the profile's forms intro, client-hello, client-finish, success and failure.
class NoiseChecks {
 public:
  // `profile` and `checks` outlive it.
  NoiseChecks(ServerUnderCheck server, const model::Profile& profile, Checks& checks)
      : server_(std::move(server)), profile_(profile), checks_(checks) {}

  asio::awaitable<void> run();

 private:
  class Session;
  enum class Rooted { yes, no };  // whether the handshake can be checked

  std::string endpoint(const std::string& name) const;
  Rooted check_root();
  // Null when nothing accepts a connection there; says so.
  asio::awaitable<std::unique_ptr<Session>> check_address();
  asio::awaitable<Result<xml::Element>> shake(Session& session);
  asio::awaitable<bool> check_handshake(Session& session, std::string name);
  asio::awaitable<void> check_accounts(std::unique_ptr<Session> session);
  bool check_chain(const xml::Element& hello);
  asio::awaitable<bool> check_account(Session& session, Sample sample);
  asio::awaitable<Result<std::unique_ptr<Session>>> dial();
  // Dials, turns to TLS where the address is wss, asks for the upgrade, begins the Noise handshake.
  asio::awaitable<void> check_web(Rooted rooted);
  // Null when there is no WebSocket; says so.
  asio::awaitable<std::unique_ptr<Session>> check_upgrade(std::string address);
  asio::awaitable<bool> check_web_tls(net::Stream& stream);
  std::unique_ptr<Session> session_on(std::unique_ptr<net::Stream> stream);

  ServerUnderCheck server_;
  const model::Profile& profile_;
  Checks& checks_;
  net::TlsContexts contexts_;
  int dialled_ = 0;
};

}  // namespace parley::sut
