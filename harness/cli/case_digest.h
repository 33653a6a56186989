// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the suites still say of a case what they said when a run was planned. Pure function: safe
// from any thread.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/journal.h"
#include "harness/model/library.h"

namespace parley::cli {

// 16 hexadecimal digits over all that a verdict depends on: the case, its requirement's level, its
// flow, the flow that probes the SUT afterwards, and the forms and settings of its profile. Not its
// title, nor where it stands. Guards against slips, not against forgery.
std::string case_digest(const model::Case& one, const model::Library& library);

// Those of `ids` that the suites hold and say something else of than `plan` does. An older plan
// says nothing.
std::vector<std::string> changed_cases(const engine::Plan& plan, const model::Library& library,
                                       const std::vector<std::string>& ids);

}  // namespace parley::cli
