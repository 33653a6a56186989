// SPDX-License-Identifier: GPL-3.0-or-later
// What a played peer owes for what came on the connection that it is about to leave. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/ports.h"
#include "harness/engine/tracker.h"

namespace parley::engine {

std::vector<xml::Element> owed(const Tracker& tracker, const std::string& link,
                               const Manners& manners, const PeerView& view);

}  // namespace parley::engine
