// SPDX-License-Identifier: GPL-3.0-or-later
// Monitors of what a gatekeeper's server tells a third party's when it has a client woken, and how
// often.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> pushes_tell_little(const Watched& watched);
// That no push is made again more often in one run than the profile says.
std::optional<Finding> bounded_pushes(const Watched& watched);

}  // namespace parley::engine
