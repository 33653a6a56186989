// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for the parties of profile `xmpp`, in the order of the enumerators at
// the beginning of faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference {

std::span<const FaultEntry> xmpp_faults();

}  // namespace parley::reference
