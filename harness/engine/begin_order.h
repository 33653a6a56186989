// SPDX-License-Identifier: GPL-3.0-or-later
// Which of a plan's cases are begun first. Pure.
#pragma once

#include <vector>

#include "harness/engine/journal.h"
#include "harness/model/library.h"

namespace parley::engine {

// The order in which cases are begun: those first whose steps give the SUT time beyond patience,
// the longest before the others, lest a run's end wait for them; else as in the plan.
std::vector<PlannedCase> longest_first(std::vector<PlannedCase> cases,
                                       const model::Library& library);

}  // namespace parley::engine
