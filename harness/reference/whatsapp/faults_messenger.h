// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for what only profile `messenger` forbids, in the order of the
// enumerators at the end of faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> messenger_faults();

}  // namespace parley::reference::whatsapp
