// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses as the binary stanza form carries them, and their text. Source: observed client
// behaviour. Text: `[<user>][:<device>]@<server>`; on the server `interop`
// `<integrator>-<user>[:<device>]@interop`. Device 0 is left out of the text. Not RFC 7622: a user
// and a server may be any octets. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::wire {

inline constexpr std::string_view kInteropServer = "interop";
inline constexpr std::string_view kMessengerServer = "msgr";

struct Jid {
  std::string user;  // may be empty
  std::uint16_t device = 0;
  std::optional<std::uint16_t> integrator{};  // on `interop` only
  std::string server;

  friend bool operator==(const Jid&, const Jid&) = default;
};

std::string to_string(const Jid& jid);

// Nothing when there is no '@' or nothing after the last one. A device or an integrator is one only
// in its shortest decimal form and up to `max_device` or 65535; else its characters are the user's.
// So what parses prints to the same text, and text never changes by passing through here.
std::optional<Jid> parse_jid(std::string_view text, std::uint16_t max_device = UINT16_MAX);

// The servers that an AD JID names by an octet.
std::optional<std::string_view> server_of_domain(std::uint8_t domain);
std::optional<std::uint8_t> domain_of_server(std::string_view server);

// Servers whose addresses clients send as JIDs; anything else with an '@' is a plain string.
bool is_jid_server(std::string_view server);

}  // namespace parley::wire
