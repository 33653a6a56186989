// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_account.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace parley::reference {
namespace {

std::unexpected<RpcError> invalid(std::string message) {
  return std::unexpected(RpcError{.code = kInvalidParams, .message = std::move(message)});
}

}  // namespace

std::string string_member(const nlohmann::json& params, const char* name) {
  const auto found = params.find(name);
  return found == params.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

std::expected<ClientAccount, RpcError> parse_account(const nlohmann::json& params) {
  ClientAccount out{.user = string_member(params, "user"),
                    .password = string_member(params, "password"),
                    .domain = string_member(params, "domain"),
                    .host = string_member(params, "host"),
                    .port = 0,
                    .ca_pem = {},
                    .security = ClientSecurity::starttls,
                    .resource = string_member(params, "resource"),
                    .content = string_member(params, "content") == "omemo" ? ClientContent::omemo
                                                                           : ClientContent::clear};
  const auto port = params.find("port");
  if (out.user.empty() || out.domain.empty() || out.host.empty() || port == params.end() ||
      !port->is_number_integer()) {
    return invalid("connect needs user, domain, host and port");
  }
  const auto number = port->get<std::int64_t>();
  if (number < 1 || number > 65535) {
    return invalid("port is not from 1 to 65535");
  }
  out.port = static_cast<std::uint16_t>(number);
  const std::string security = string_member(params, "security");
  if (security != "starttls" && security != "direct-tls") {
    return invalid("security is starttls or direct-tls");
  }
  out.security = security == "starttls" ? ClientSecurity::starttls : ClientSecurity::direct_tls;
  std::ifstream file(string_member(params, "ca"), std::ios::binary);
  out.ca_pem.assign(std::istreambuf_iterator<char>(file), {});
  if (out.ca_pem.empty()) {
    return invalid("the CA file cannot be read");
  }
  return out;
}

}  // namespace parley::reference
