// SPDX-License-Identifier: GPL-3.0-or-later
// The addresses of users: `<integrator>-<number>[:<device>]@interop` for a third party's, with an
// integrator from 1 to 999, and `<number>[:<device>]@` the dialect's server for the gatekeeper's
// own. Source: STZ-012; observed client behaviour. Pure functions: safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/dialect.h"

namespace parley::reference::whatsapp {

inline constexpr std::string_view kServer = "s.whatsapp.net";  // the gatekeeper's, in each dialect
inline constexpr std::uint16_t kDefaultIntegrator = 12;
inline constexpr std::uint16_t kLastIntegrator = 999;

struct Address {
  std::optional<std::uint16_t> integrator;  // none for a user of the gatekeeper's own
  std::string number;                       // decimal digits
  std::uint16_t device = 0;
  std::string_view native_server = kWhatsAppDialect.native_server;  // lent by a dialect

  // Without the device.
  std::string bare() const;

  friend bool operator==(const Address&, const Address&) = default;
};

// `faults` are those that make it accept more.
// Errors: malformed; not_found for a well-formed address on another server.
Result<Address> parse_address(std::string_view text, const FaultSet& faults,
                              const Dialect& dialect = kWhatsAppDialect);

// Digits, and few enough that they are a number of 64 bits or a phone's.
bool is_number(std::string_view text);

// Whether `to` names the gatekeeper itself: absent, the server's name, or its JID without a user.
bool is_server(const std::string* to);

}  // namespace parley::reference::whatsapp
