// SPDX-License-Identifier: GPL-3.0-or-later
// Who vouches for third parties' users: the partners that the gatekeeper knows, and whether a token
// of one of them proves what it must (IDP-001 to IDP-020). One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/base/result.h"
#include "harness/crypto/jose/verify.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

class Partners {
 public:
  // Of {"integrator", "issuer", "audience", "jwks"}; the last three replace what was known.
  // Errors: malformed with the member that is wrong.
  Result<void> set(const nlohmann::json& partner);
  bool knows(std::uint16_t integrator) const { return partners_.contains(integrator); }
  // Whether `token` proves that its bearer is that integrator's user `number`, as far as the faults
  // look.
  bool proves(std::uint16_t integrator, const std::string& number, const std::string& token,
              const FaultSet& faults) const;

 private:
  struct Partner {
    crypto::jose::Policy policy;
    crypto::jose::KeyRing keys;
  };
  std::map<std::uint16_t, Partner> partners_;
};

}  // namespace parley::reference::whatsapp
