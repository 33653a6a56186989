// SPDX-License-Identifier: GPL-3.0-or-later
// What a server does to sealed messages on their way, and to what is said about them. Sources:
// ENC-038, ENC-039, ENC-045; Double Ratchet section 3.4. Pure; nothing is done without a fault.
#pragma once

#include <string_view>

#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// Of a message as it is delivered; `version` is the one that an enc has.
void relay_carelessly(xml::Element& message, std::string_view version, const FaultSet& faults);
// The same once it has waited for its receiver.
void keep_waiting_carelessly(xml::Element& message, const FaultSet& faults);
// Of a receipt that asks for a message again.
void ask_again_carelessly(xml::Element& receipt, const FaultSet& faults);

}  // namespace parley::reference::whatsapp
