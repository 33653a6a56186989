// SPDX-License-Identifier: GPL-3.0-or-later
// The accounts of a run's client actors, as a profile has them. Pure.
#pragma once

#include <string>

#include "harness/base/rng.h"
#include "harness/engine/ports.h"
#include "harness/model/model.h"

namespace parley::engine {

// An account that nobody has yet, of a kind of the profile's or of none.
Identity fresh_identity(const model::Profile& profile, const std::string& kind, Rng rng);

// The bare address of such a party's account.
std::string address_of(const model::Profile& profile, model::Party party, const Identity& identity,
                       const std::string& domain);

// The same with the device that every account has: "12-4912…:0@interop".
std::string device_address_of(std::string bare);

}  // namespace parley::engine
