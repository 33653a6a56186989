// SPDX-License-Identifier: GPL-3.0-or-later
// In what the gatekeeper's two products differ: profile `whatsapp`, and `messenger`, of which only
// what its own clients do was observed; and the token dictionary that a party was given. Plain
// values: safe from any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include "harness/reference/reference.h"
#include "harness/wire/client_payload.h"
#include "harness/wire/tokens.h"

namespace parley::reference::whatsapp {

struct Dialect {
  std::string_view profile;
  std::string_view native_server;        // of the addresses of the gatekeeper's own users
  std::uint64_t product;                 // that a third party's client logs in as
  std::uint64_t native_product;          // that a client of the gatekeeper's own logs in as
  std::string_view enc_version;          // of a message's content
  int wrong_token;                       // the reason of a refused login
  const wire::Tokens* tokens = nullptr;  // lent; the strings that travel as numbers
  // Lent; the integrators above 999 that the driver has made known.
  const std::set<std::uint16_t>* more_integrators = nullptr;
};

inline constexpr Dialect kWhatsAppDialect{.profile = "whatsapp",
                                          .native_server = "s.whatsapp.net",
                                          .product = wire::kProductInterop,
                                          .native_product = wire::kProductWhatsApp,
                                          .enc_version = "2",
                                          .wrong_token = 401};
inline constexpr Dialect kMessengerDialect{.profile = "messenger",
                                           .native_server = "msgr",
                                           .product = wire::kProductInteropMessenger,
                                           .native_product = wire::kProductMessenger,
                                           .enc_version = "3",
                                           .wrong_token = 414};

// Null for another profile.
constexpr const Dialect* dialect_of(std::string_view profile) {
  return profile == kWhatsAppDialect.profile    ? &kWhatsAppDialect
         : profile == kMessengerDialect.profile ? &kMessengerDialect
                                                : nullptr;
}

// The dialect that the options name, which is one of these. `options` outlives it.
inline Dialect dialect_under(const Options& options) {
  Dialect out = *dialect_of(options.profile);
  out.tokens = &options.tokens;
  return out;
}

}  // namespace parley::reference::whatsapp
