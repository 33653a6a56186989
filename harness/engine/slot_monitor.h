// SPDX-License-Identifier: GPL-3.0-or-later
// Invariants of an upload service (XEP-0363): what a slot names, and how a file is served.
#pragma once

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> slot_headers(const Watched& watched);
std::optional<Finding> served_under_policy(const Watched& watched);

}  // namespace parley::engine
