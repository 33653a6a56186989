// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for how a third party's server wakes its client and what that then
// does, of the server first, in the order of the enumerators in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> wake_faults();

}  // namespace parley::reference::whatsapp
