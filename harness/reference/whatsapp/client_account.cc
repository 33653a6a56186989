// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_account.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/crypto/x25519.h"
#include "harness/reference/client_account.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::int64_t kMaxKeepaliveMs = 3'600'000;

std::unexpected<RpcError> invalid(std::string message) {
  return std::unexpected(RpcError{.code = kInvalidParams, .message = std::move(message)});
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  const bool whole = !digits.empty() && error == std::errc() && stopped == end;
  return whole ? std::optional(value) : std::nullopt;
}

// The integer member, `otherwise` when it is absent; nothing outside of the range.
std::optional<std::int64_t> integer(const nlohmann::json& params, const char* name,
                                    std::int64_t otherwise, std::int64_t most) {
  const auto found = params.find(name);
  if (found == params.end()) {
    return otherwise;
  }
  if (!found->is_number_integer()) {
    return std::nullopt;
  }
  const auto value = found->get<std::int64_t>();
  return value < 0 || value > most ? std::nullopt : std::optional(value);
}

bool flag(const nlohmann::json& params, const char* name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

std::string jid_of(const ClientAccount& account) {
  if (account.side == Side::gatekeeper) {
    return account.user + "@" + std::string(account.dialect->native_server);
  }
  return std::to_string(account.integrator) + "-" + account.user + "@interop";
}

std::expected<ClientAccount, RpcError> parse_client_account(const nlohmann::json& params,
                                                            const Dialect& dialect) {
  ClientAccount out;
  out.dialect = &dialect;
  out.user = string_member(params, "user");
  out.token = string_member(params, "password");
  out.host = string_member(params, "host");
  const auto number = number_of(out.user);
  const auto port = integer(params, "port", 0, 65'535);
  const auto integrator = integer(params, "integrator", out.integrator, kLastIntegrator);
  const auto keepalive = integer(params, "keepalive_ms", 0, kMaxKeepaliveMs);
  if (!number) {
    return invalid("user is a number in decimal digits");
  }
  if (out.host.empty() || port.value_or(0) == 0) {
    return invalid("connect needs user, host and port");
  }
  if (integrator.value_or(0) == 0 || !keepalive) {
    return invalid("integrator is from 1 to 999, keepalive_ms from 0 to 3600000");
  }
  auto root = from_hex(string_member(params, "ca"));
  auto routing = from_hex(string_member(params, "routing"));
  auto server_static = from_hex(string_member(params, "server_static"));
  const auto until = number_of(string_member(params, "server_static_until"));
  const bool known = server_static && server_static->size() == crypto::kX25519Octets;
  if (!server_static || (!server_static->empty() && !(known && until))) {
    return invalid("server_static is 32 octets in hex and comes with server_static_until");
  }
  if (!root || root->size() != crypto::kX25519Octets || !routing) {
    return invalid("ca is the root key, 32 octets in hex; routing is hex");
  }
  const auto transport = string_member(params, "transport");
  out.path = string_member(params, "path");
  out.origin = string_member(params, "origin");
  if (transport == "websocket" && out.path.starts_with('/')) {
    out.transport = Transport::websocket;
  } else if (!transport.empty() && transport != "tcp") {
    return invalid("transport is tcp, or websocket with a path");
  }
  const auto content = string_member(params, "content");
  if (content == "signal") {
    out.content = ContentForm::signal;
  } else if (!content.empty() && content != "clear") {
    return invalid("content is clear or signal");
  }
  if (const auto media = params.find("media"); media != params.end()) {
    auto access = parse_media_access(*media);
    if (!access) {
      return std::unexpected(access.error());
    }
    out.media = std::move(*access);
  }
  out.number = *number;
  out.port = static_cast<std::uint16_t>(*port);
  out.integrator = static_cast<std::uint16_t>(*integrator);
  out.keepalive = std::chrono::milliseconds(*keepalive);
  out.root_key = std::move(*root);
  out.routing = std::move(*routing);
  out.server_static = std::move(*server_static);
  out.server_static_until = std::chrono::sys_seconds(std::chrono::seconds(until.value_or(0)));
  out.hashing = flag(params, "spec_hashing") ? Hashing::specification : Hashing::whatsapp;
  out.reconnect = flag(params, "reconnect") ? Reconnect::when_told : Reconnect::never;
  out.passive = flag(params, "passive");
  return out;
}

}  // namespace parley::reference::whatsapp
