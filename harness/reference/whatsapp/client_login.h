// SPDX-License-Identifier: GPL-3.0-or-later
// What the reference client does from the first octet of a connection to the last of its handshake.
// Sources: TRN-001 to TRN-003, TRN-007 to TRN-014. Belongs to one io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "harness/base/rng.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/client_account.h"
#include "harness/reference/whatsapp/client_connection.h"
#include "harness/reference/whatsapp/client_handshake.h"

namespace parley::reference::whatsapp {

inline constexpr std::chrono::milliseconds kLoginTimeout{20'000};  // for each answer of the server

enum class LoginOutcome { handshaken, skipped };  // skipped only under wt-skips-handshake
using LoginStep = std::expected<LoginOutcome, std::string>;  // why the client does not go on

// One attempt. All references outlive it.
class ClientLogin {
 public:
  ClientLogin(ClientConnection& connection, const ClientAccount& account, ClientMemory& memory,
              const FaultSet& faults, Rng& rng)
      : connection_(connection), account_(account), memory_(memory), faults_(faults), rng_(rng) {}

  asio::awaitable<LoginStep> run();

 private:
  Bytes routing() const;
  Bytes intro() const;
  Bytes prologue() const;
  void post_opening();
  bool knows_server() const;
  Result<void> check(const ClientHandshake& handshake, std::string_view chain) const;
  LoginStep answer(ClientHandshake& handshake, std::string_view server_hello);
  Bytes payload() const;

  ClientConnection& connection_;
  const ClientAccount& account_;
  ClientMemory& memory_;
  const FaultSet& faults_;
  Rng& rng_;
};

}  // namespace parley::reference::whatsapp
