// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for media, in the order of the enumerators in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> media_faults();

}  // namespace parley::reference::whatsapp
