// SPDX-License-Identifier: GPL-3.0-or-later
// From the plaintext of a transport frame to a stanza that may be acted on. Strict where the wire's
// reader only notes an oddity, forgiving only where a fault says so. Sources: STZ-001 to STZ-010.
// Pure functions: safe from any thread.
#pragma once

#include <string_view>

#include "harness/base/result.h"
#include "harness/reference/faults.h"
#include "harness/wire/tokens.h"
#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

inline constexpr std::size_t kMaxStanzaOctets = 1024 * 1024;  // after inflating

// Errors: those of wire::decode(), malformed for an oddity that is not taken. Under
// wg-accepts-list-size-zero the element may have no name: nothing to act on. `tokens` may be null.
Result<xml::Element> decode_stanza(std::string_view octets, const FaultSet& faults,
                                   const wire::Tokens* tokens = nullptr);

}  // namespace parley::reference::whatsapp
