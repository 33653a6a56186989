// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table about clients that encrypt by XEP-0384.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference {

std::span<const FaultEntry> omemo_faults();

}  // namespace parley::reference
