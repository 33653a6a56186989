// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table about files: XEP-0363, XEP-0066, XEP-0454.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference {

std::span<const FaultEntry> upload_faults();

}  // namespace parley::reference
