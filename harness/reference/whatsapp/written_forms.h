// SPDX-License-Identifier: GPL-3.0-or-later
// Which forms a stanza was written in, for faults that do not read them all. Source: STZ-004,
// STZ-006. Pure functions: safe from any thread.
#pragma once

#include <cstdint>

#include "harness/wire/binary_reader.h"

namespace parley::reference::whatsapp {

// How the value of the root's attribute `number` was written. `tokens`, here and below: those that
// it was read with; may be null.
wire::FormKind form_of_value(const wire::Decoded& decoded, std::uint32_t number,
                             const wire::Tokens* tokens);

bool is_packed(wire::FormKind kind);

// Among the values of the root's attributes.
bool has_packed_value(const wire::Decoded& decoded, const wire::Tokens* tokens);
// A pair, with a domain octet, or of msgr.
bool has_rare_jid(const wire::Decoded& decoded, const wire::Tokens* tokens);

// Content of any node that is a packed string or a JID.
bool has_string_content(const wire::Decoded& decoded);

}  // namespace parley::reference::whatsapp
