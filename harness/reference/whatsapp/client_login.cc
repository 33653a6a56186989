// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_login.h"

#include <chrono>
#include <utility>

#include "harness/reference/whatsapp/client_chain.h"
#include "harness/wire/client_payload.h"
#include "harness/wire/frame.h"

namespace parley::reference::whatsapp {
namespace {

std::unexpected<std::string> refuse(std::string reason) {
  return std::unexpected(std::move(reason));
}

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

asio::awaitable<LoginStep> ClientLogin::run() {
  post_opening();
  if (faults_.has(Fault::wt_skips_handshake) && memory_.transport) {
    connection_.begin_transport(*memory_.transport);
    co_return LoginOutcome::skipped;
  }
  ClientHandshake handshake(account_.hashing, prologue(), faults_);
  // TRN-012: the login payload travels encrypted only, in the last message or in the first of IK.
  const auto hello =
      knows_server()
          ? handshake.hello_to(account_.server_static, payload(), rng_)
          : handshake.hello(faults_.has(Fault::wt_token_in_clear) ? payload() : Bytes(), rng_);
  if (!hello) {
    co_return refuse(hello.error().detail);
  }
  connection_.post_frame(*hello);
  const Incoming item = co_await connection_.next(kLoginTimeout);
  if (const auto* lost = std::get_if<ConnectionLost>(&item)) {
    co_return refuse(lost->reason);
  }
  const auto* octets = std::get_if<Bytes>(&item);
  if (octets == nullptr) {
    co_return refuse("no ServerHello in time");
  }
  co_return answer(handshake, *octets);
}

LoginStep ClientLogin::answer(ClientHandshake& handshake, std::string_view server_hello) {
  const auto chain = handshake.take_server_hello(server_hello);
  if (!chain) {
    return refuse("ServerHello: " + chain.error().detail);
  }
  if (const auto checked = check(handshake, *chain); !checked) {
    return refuse("certificate chain: " + checked.error().detail);
  }
  if (!handshake.over()) {
    const auto finish = handshake.finish(payload());
    if (!finish) {
      return refuse(finish.error().detail);
    }
    connection_.post_frame(*finish);
  }
  memory_.transport = handshake.split();
  connection_.begin_transport(*memory_.transport);
  return LoginOutcome::handshaken;
}

// TRN-015: a key that has expired is not used.
bool ClientLogin::knows_server() const {
  return !account_.server_static.empty() &&
         (now() <= account_.server_static_until || faults_.has(Fault::wt_uses_expired_key));
}

// An answer to IK need not have a chain: the key is known.
Result<void> ClientLogin::check(const ClientHandshake& handshake, std::string_view chain) const {
  const bool trusted = handshake.blind() || (handshake.over() && chain.empty()) ||
                       (handshake.over() && faults_.has(Fault::wt_ik_chain_unchecked)) ||
                       (handshake.fell_back() && faults_.has(Fault::wt_fallback_chain_unchecked));
  return trusted ? Result<void>()
                 : check_chain(chain,
                               {.root_key = account_.root_key,
                                .server_static = handshake.server_static(),
                                .now = now()},
                               faults_);
}

Bytes ClientLogin::routing() const {
  if (faults_.has(Fault::wt_number_in_clear)) {
    return account_.user;
  }
  const bool made_up = faults_.has(Fault::wt_routing_in_prologue) && account_.routing.empty();
  return made_up ? Bytes("route") : account_.routing;
}

Bytes ClientLogin::intro() const {
  return faults_.has(Fault::wt_intro_wrong_version)
             ? wire::Intro{.magic = 5, .dictionary = 2}.octets()
             : wire::Intro{}.octets();
}

Bytes ClientLogin::prologue() const {
  const auto before = wire::write_routing(routing());
  return faults_.has(Fault::wt_routing_in_prologue) && before ? *before + intro() : intro();
}

// TRN-003: what routes the connection comes first and is no part of the prologue.
void ClientLogin::post_opening() {
  if (!routing().empty()) {
    connection_.post(wire::write_routing(routing()).value_or(""));
  }
  if (!faults_.has(Fault::wt_intro_missing)) {
    connection_.post(intro());
  }
  if (faults_.has(Fault::wt_intro_twice)) {
    connection_.post(intro());
  }
}

Bytes ClientLogin::payload() const {
  wire::ClientPayload out;
  out.passive = account_.passive;
  const auto& dialect =
      faults_.has(Fault::mt_foreign_product) ? kWhatsAppDialect : *account_.dialect;
  if (account_.side == Side::gatekeeper) {
    out.username = account_.number;
    out.product = dialect.native_product;
    out.fb_cat = account_.token;
    return wire::write(out);
  }
  out.product =
      faults_.has(Fault::wt_logs_in_as_native) ? account_.dialect->native_product : dialect.product;
  out.interop_data = wire::InteropData{.account_id = account_.number,
                                       .token = account_.token,
                                       .enable_read_receipts = {},
                                       .unknown = {}};
  return wire::write(out);
}

}  // namespace parley::reference::whatsapp
