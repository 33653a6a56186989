// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for the keys that a gatekeeper's server hands out and for the sealed
// messages that it passes on, with the liberties that it has there, in the order of the enumerators
// in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> sealed_faults();

}  // namespace parley::reference::whatsapp
