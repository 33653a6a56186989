// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/jid.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace parley::wire {
namespace {

constexpr std::array<std::pair<std::uint8_t, std::string_view>, 4> kDomains = {
    {{0, "s.whatsapp.net"}, {1, "lid"}, {128, "hosted"}, {129, "hosted.lid"}}};

constexpr std::array<std::string_view, 12> kServers = {
    "s.whatsapp.net", "lid",        "g.us", "c.us", "broadcast",    "newsletter",
    "hosted",         "hosted.lid", "bot",  "call", kInteropServer, kMessengerServer};

// Shortest decimal form only: no sign, no leading zero.
std::optional<std::uint16_t> shortest_number(std::string_view text) {
  std::uint16_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stopped != end || std::to_string(value) != text) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::string to_string(const Jid& jid) {
  std::string out;
  if (jid.integrator) {
    out += std::to_string(*jid.integrator) + "-";
  }
  out += jid.user;
  if (jid.device != 0) {
    out += ":" + std::to_string(jid.device);
  }
  return out + "@" + jid.server;
}

std::optional<Jid> parse_jid(std::string_view text, std::uint16_t max_device) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at + 1 == text.size()) {
    return std::nullopt;
  }
  Jid jid{.user = {}, .server = std::string(text.substr(at + 1))};
  auto user = text.substr(0, at);
  if (const auto colon = user.rfind(':'); colon != std::string_view::npos) {
    const auto device = shortest_number(user.substr(colon + 1));
    if (device && *device != 0 && *device <= max_device) {
      jid.device = *device;
      user = user.substr(0, colon);
    }
  }
  if (const auto dash = user.find('-'); jid.server == kInteropServer && dash != user.npos) {
    jid.integrator = shortest_number(user.substr(0, dash));
    user = jid.integrator ? user.substr(dash + 1) : user;
  }
  jid.user = std::string(user);
  return jid;
}

std::optional<std::string_view> server_of_domain(std::uint8_t domain) {
  const auto at = std::ranges::find(kDomains, domain, [](const auto& row) { return row.first; });
  return at == kDomains.end() ? std::nullopt : std::optional(at->second);
}

std::optional<std::uint8_t> domain_of_server(std::string_view server) {
  const auto at = std::ranges::find(kDomains, server, [](const auto& row) { return row.second; });
  return at == kDomains.end() ? std::nullopt : std::optional(at->first);
}

bool is_jid_server(std::string_view server) {
  return std::ranges::find(kServers, server) != kServers.end();
}

}  // namespace parley::wire
