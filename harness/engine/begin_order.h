// SPDX-License-Identifier: GPL-3.0-or-later
// Which of a plan's cases are begun first. Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "harness/engine/journal.h"
#include "harness/model/library.h"

namespace parley::engine {

// What a SUT has at most for what the case's steps say, beyond patience; 0 for an unknown case.
std::chrono::milliseconds given_time(const std::string& id, const model::Library& library);

// The order in which cases are begun: those first whose steps give the SUT time beyond patience,
// the longest before the others, lest a run's end wait for them; else as in the plan.
std::vector<PlannedCase> longest_first(std::vector<PlannedCase> cases,
                                       const model::Library& library);

}  // namespace parley::engine
