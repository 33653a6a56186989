// SPDX-License-Identifier: GPL-3.0-or-later
// What a SUT may show its user because of a change, and may as well pass over. Pure.
#pragma once

#include "harness/engine/cast.h"

namespace parley::engine {

// Whether the case takes the SUT's ignoring the change as much as the flow going on: what the step
// shows is then waited for by nobody.
bool may_pass_over(const CastRun& run, const CastStep& step);

}  // namespace parley::engine
