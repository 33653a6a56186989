// SPDX-License-Identifier: GPL-3.0-or-later
// What is peculiar to a run in which a SUT has only to live through a strike. Pure.
#pragma once

#include "harness/engine/cast.h"

namespace parley::engine {

// Whether what is struck is a message of a cryptographic handshake: what a SUT that has taken it
// says next we cannot read.
bool strikes_handshake(const CastRun& run);

}  // namespace parley::engine
