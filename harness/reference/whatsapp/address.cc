// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/address.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/text.h"

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kInterop = "interop";
constexpr std::size_t kMaxDigits = 20;

// Without a sign, a space or a leading zero, and not zero.
std::optional<std::uint32_t> shortest(std::string_view text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || text.front() == '0' || error != std::errc() || stopped != end) {
    return std::nullopt;
  }
  return value;
}

// wg-accepts-malformed-jid: drops what does not belong there.
std::string repaired(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_repeated_dash = c == '-' && out.ends_with('-');
    const bool is_leading_zero = c == '0' && out.empty();
    if (c != ' ' && c != '+' && !is_repeated_dash && !is_leading_zero) {
      out += c;
    }
  }
  return out;
}

std::unexpected<Error> malformed() { return fail(Errc::malformed, "not the address of a user"); }

Result<std::uint16_t> integrator_of(std::string_view text, const FaultSet& faults,
                                    const Dialect& dialect) {
  const auto value = shortest(text);
  const auto* more = dialect.more_integrators;
  if (value &&
      (*value <= kLastIntegrator || (more != nullptr && std::in_range<std::uint16_t>(*value) &&
                                     more->contains(static_cast<std::uint16_t>(*value))))) {
    return static_cast<std::uint16_t>(*value);
  }
  if (is_number(text) && faults.has(Fault::wg_accepts_any_integrator)) {
    return kDefaultIntegrator;
  }
  return malformed();
}

}  // namespace

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= kMaxDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_server(const std::string* to) {
  return to == nullptr || *to == kServer || *to == "@" + std::string(kServer);
}

std::string Address::bare() const {
  return integrator ? std::to_string(*integrator) + "-" + number + "@" + std::string(kInterop)
                    : number + "@" + std::string(native_server);
}

Result<Address> parse_address(std::string_view text, const FaultSet& faults,
                              const Dialect& dialect) {
  std::string loose;
  if (faults.has(Fault::wg_accepts_malformed_jid)) {
    loose = repaired(text);
    text = loose;
  }
  const auto at = text.find('@');
  if (at == std::string_view::npos || at + 1 == text.size() || text.rfind('@') != at) {
    return malformed();
  }
  auto server = text.substr(at + 1);
  if (server == kServer && faults.has(Fault::mg_accepts_foreign_server)) {
    server = dialect.native_server;
  }
  auto user = text.substr(0, at);
  Address out{.integrator = {}, .number = {}, .native_server = dialect.native_server};
  if (server != kInterop && server != dialect.native_server) {
    return fail(Errc::not_found, "no user here has an address on " + printable(server, 64));
  }
  if (const auto colon = user.find(':'); colon != std::string_view::npos) {
    const auto device = shortest(user.substr(colon + 1));
    if (!device || *device > UINT16_MAX) {
      return malformed();
    }
    out.device = static_cast<std::uint16_t>(*device);
    user = user.substr(0, colon);
  }
  if (server == kInterop) {
    const auto dash = user.find('-');
    if (dash == std::string_view::npos) {
      return malformed();
    }
    const auto integrator = integrator_of(user.substr(0, dash), faults, dialect);
    if (!integrator) {
      return std::unexpected(integrator.error());
    }
    out.integrator = *integrator;
    user = user.substr(dash + 1);
  }
  if (!is_number(user)) {
    return malformed();
  }
  out.number = std::string(user);
  return out;
}

}  // namespace parley::reference::whatsapp
