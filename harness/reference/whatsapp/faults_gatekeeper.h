// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for the gatekeeper's server of profile `whatsapp`, in the order of
// the enumerators under "whatsapp, gatekeeper" in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> gatekeeper_faults();

}  // namespace parley::reference::whatsapp
