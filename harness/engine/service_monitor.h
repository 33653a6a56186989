// SPDX-License-Identifier: GPL-3.0-or-later
// Monitors of what a SUT asks of services that Parley plays.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

// That it asks for keys no more often in one run than the profile says.
std::optional<Finding> bounded_fetches(const Watched& watched);
// That it asks nothing in the clear where HTTPS is served.
std::optional<Finding> https_alone(const Watched& watched);

// That a proxy tells a media host nothing of who asks it.
std::optional<Finding> proxies_tell_nothing(const Watched& watched);

}  // namespace parley::engine
