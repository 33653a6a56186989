// SPDX-License-Identifier: GPL-3.0-or-later
// A monitor of what a gatekeeper's server tells a third party's when it has a client woken.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> pushes_tell_little(const Watched& watched);

}  // namespace parley::engine
