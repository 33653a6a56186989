// SPDX-License-Identifier: GPL-3.0-or-later
// The embedded reference: parties that stand in for a SUT, written by hand from the requirements,
// with named faults. A program of its own: it listens on or connects to real sockets and is
// attached through the driver protocol like any other SUT.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/wire/tokens.h"

namespace parley::reference {

// A client of the gatekeeper's own users.
inline constexpr std::string_view kGatekeeperClient = "gatekeeper.client";

// Whether what a reference party is made to do breaks a requirement, or is a liberty that a
// conforming party may take as well.
enum class Effect { breaks, conforms };

// One way in which a reference party can be made to misbehave, or one of its liberties.
struct FaultEntry {
  // "gk-answers-twice": gk- for the gatekeeper's server, tp- for the client; of profile `whatsapp`
  // wg-, wt- and, for a third party's server, wp-, of `messenger` mg- and mt-. A liberty's goes on
  // with "may-".
  std::string_view name;
  std::string_view party;             // "gatekeeper.server", as Options::party
  std::string_view breaks;            // one sentence: what it does and which clause is about it
  std::string_view profile = "xmpp";  // whose parties it bends
  Effect effect = Effect::breaks;
};
std::span<const FaultEntry> faults();
// Whether the fault bends reference parties of that name: a client of the gatekeeper's own is the
// same program as one of a third party's user.
bool bends(const FaultEntry& fault, std::string_view party);

// SUTs that implement nothing; a harness that passes them proves nothing.
enum class NullMode { none, silent, hang_up, refuse_all, accept_all };

struct AccountEntry {
  std::string user;
  std::string password;
};

struct Options {
  // "gatekeeper.server", "third-party.client" or, of the binary dialects, "third-party.server" or
  // "gatekeeper.client"
  std::string party;
  std::string profile = "xmpp";  // the dialect: "xmpp", "whatsapp" or "messenger"
  std::string domain = "parley.test";
  std::uint16_t port = 0;           // gatekeeper: STARTTLS port, 0 chosen by the system
  std::vector<std::string> faults;  // for every user
  NullMode null_mode = NullMode::none;
  wire::Tokens tokens{};  // the binary dialects' strings that travel as numbers
  std::string state_dir;  // where ca.pem is written; a fresh temporary folder when empty
  bool driver = true;     // speak the driver protocol on standard input and output
  // gatekeeper without a driver: who exists; empty: everybody, with the password "pw-" and the user
  std::vector<AccountEntry> accounts{};
};

// Runs until end of input (driver) or SIGINT/SIGTERM. Returns a process exit code.
int run(const Options& options);

}  // namespace parley::reference
