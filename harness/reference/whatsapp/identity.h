// SPDX-License-Identifier: GPL-3.0-or-later
// Who vouches for third parties' users: the partners that the gatekeeper knows, and whether a token
// of one of them proves what it must (IDP-001 to IDP-020). One thread.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "harness/base/result.h"
#include "harness/crypto/jose/verify.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/key_cache.h"

namespace parley::reference::whatsapp {

// The driver may number partners of its own beyond those that addresses have.
inline constexpr std::uint16_t kLastPartner = 60'000;

class Partners {
 public:
  explicit Partners(KeyKeeping keeping) : keeping_(std::move(keeping)) {}

  // Of {"integrator", "issuer", "audience"} and either "jwks", which are its keys for good, or the
  // PEM file "ca", whose HTTPS they come over; all but the first replace what was known.
  // Errors: malformed with the member that is wrong; io.
  Result<void> set(const nlohmann::json& partner);
  bool knows(std::uint16_t integrator) const { return partners_.contains(integrator); }
  // What was fetched of its keys is stale. False for one whose keys are not fetched.
  bool refresh(std::uint16_t integrator);
  // Waits until its keys are at hand, or it is known that they are not to be had; asks for none
  // where the token cannot be that integrator's anyway.
  asio::awaitable<void> prepare(std::uint16_t integrator, std::string token, FaultSet faults);
  // Whether `token` proves that its bearer is that integrator's user `number`, as far as the faults
  // look, by the keys that are at hand.
  bool proves(std::uint16_t integrator, const std::string& number, const std::string& token,
              const FaultSet& faults) const;
  // Whether it proves that for whichever integrator: wg-enlist-any-partner.
  bool any_proves(const std::string& number, const std::string& token,
                  const FaultSet& faults) const {
    return std::ranges::any_of(
        partners_, [&](const auto& one) { return proves(one.first, number, token, faults); });
  }
  // Whose token it says that it is, among those whose keys are fetched.
  std::optional<std::uint16_t> named_by(const std::string& token) const;

 private:
  struct Partner {
    crypto::jose::Policy policy;
    crypto::jose::KeyRing keys;         // of one whose keys are not fetched
    std::shared_ptr<KeyCache> fetched;  // null likewise
    std::uint64_t number = 0;           // counts up: the lowest is the longest known

    const crypto::jose::KeyRing& ring() const { return fetched ? fetched->keys() : keys; }
  };
  Result<Partner> made(const nlohmann::json& partner) const;
  void make_room();
  bool trusts_named(const Partner& partner, const std::string& token,
                    const crypto::jose::Policy& policy, const FaultSet& faults) const;
  bool overlooks(const Partner& partner, const std::string& token,
                 const crypto::jose::Policy& policy, const crypto::jose::Refused& refused,
                 const FaultSet& faults) const;

  KeyKeeping keeping_;
  std::map<std::uint16_t, Partner> partners_;
  std::map<std::string, std::shared_ptr<KeyCache>> named_;  // wg-keys-issuer-of-token
  std::uint64_t next_ = 0;
};

}  // namespace parley::reference::whatsapp
