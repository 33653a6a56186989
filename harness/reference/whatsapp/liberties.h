// SPDX-License-Identifier: GPL-3.0-or-later
// What a conforming party of the binary dialect may do in place of what the reference does, in the
// order of the enumerators at the end of faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> liberties();

}  // namespace parley::reference::whatsapp
