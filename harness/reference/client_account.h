// SPDX-License-Identifier: GPL-3.0-or-later
// What the driver's `connect` says about one user, and how the client tells the driver.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/reference/json_rpc.h"

namespace parley::reference {

enum class ClientSecurity { starttls, direct_tls };
// How what its user writes goes out: as it is, or as XEP-0384 version 0.3 has it.
enum class ClientContent { clear, omemo };

struct ClientAccount {
  std::string user;
  std::string password;
  std::string domain;
  std::string host;
  std::uint16_t port = 0;
  std::string ca_pem;
  ClientSecurity security = ClientSecurity::starttls;
  std::string resource;  // the server chooses when empty
  ClientContent content = ClientContent::clear;
};

// Writes one notification of DRIVER.md; `user` is filled in.
using ClientNotify = std::function<void(const std::string& method, nlohmann::json params)>;

// Errors: kInvalidParams for a missing or wrong member, or a CA file that cannot be read.
std::expected<ClientAccount, RpcError> parse_account(const nlohmann::json& params);

// The string member, empty when it is absent or not a string.
std::string string_member(const nlohmann::json& params, const char* name);

}  // namespace parley::reference
