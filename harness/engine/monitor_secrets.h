// SPDX-License-Identifier: GPL-3.0-or-later
// The monitors of what must stay secret or fresh: passwords, tokens and numbers, ephemeral keys,
// nonces. They stand in the table of monitor.cc.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> no_clear_password(const Watched& watched);
std::optional<Finding> fresh_ephemerals(const Watched& watched);
std::optional<Finding> no_secrets_in_urls(const Watched& watched);
std::optional<Finding> sound_challenge(const Watched& watched);

// The ephemeral keys of a run's Noise handshakes, of both sides, in hex.
std::set<std::string> ephemerals_of(const Tracker& tracker);

}  // namespace parley::engine
