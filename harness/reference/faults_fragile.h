// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for what only a malformed message brings about, in the order of the
// enumerators at the end of faults.h: what fuzzing over the protocol is there to find. Where a real
// program would crash or hang, these play dead.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference {

std::span<const FaultEntry> fragile_faults();

}  // namespace parley::reference
