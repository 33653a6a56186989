// SPDX-License-Identifier: GPL-3.0-or-later
// The live half of relay.h: writes on one half of a connection between two SUTs what came on the
// other, and ends it when that has ended.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "harness/engine/connections.h"
#include "harness/engine/tracker.h"

namespace parley::engine {

// Until nothing is left to carry. What cannot be written for the other half ends the run: `note`
// hears `gave_up` about who said it. All arguments outlive the coroutine.
boost::asio::awaitable<void> carry_across(Tracker& tracker, Connections& connections,
                                          const std::function<void(Event)>& note);

}  // namespace parley::engine
