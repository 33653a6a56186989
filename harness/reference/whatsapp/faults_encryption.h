// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for what a client of profile `whatsapp` encrypts and reads, in the
// order of the enumerators under "whatsapp, a client's encryption" in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> encryption_faults();

}  // namespace parley::reference::whatsapp
