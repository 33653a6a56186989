// SPDX-License-Identifier: GPL-3.0-or-later
// The monitors of WebSockets: what RFC 6455 section 5.5 asks of whoever receives a control frame.
// Pure.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

// A Ping of ours is answered before the SUT ends the connection, when it said more after it.
std::optional<Finding> ping_answered(const Watched& watched);
// A Close frame of ours is answered before the SUT ends the connection.
std::optional<Finding> close_answered(const Watched& watched);

}  // namespace parley::engine
