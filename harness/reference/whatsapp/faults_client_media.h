// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for what a third party's client does with files, in the order of the
// enumerators in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> client_media_faults();

}  // namespace parley::reference::whatsapp
