// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the fault table for what the servers ask of each other, first of a third party's
// server that is asked and then of a gatekeeper's that asks, and the same where certificates prove
// the caller (mutual TLS), in the order of the enumerators in faults.h.
#pragma once

#include <span>

#include "harness/reference/reference.h"

namespace parley::reference::whatsapp {

std::span<const FaultEntry> call_faults();
// How callers prove themselves by a secret that they bear.
std::span<const FaultEntry> caller_faults();

}  // namespace parley::reference::whatsapp
