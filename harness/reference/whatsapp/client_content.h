// SPDX-License-Identifier: GPL-3.0-or-later
// A message's content before it is encrypted and after it is decrypted: the protobuf and the
// padding around it. Sources: ENC-020, ENC-021. Pure functions: safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/rng.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// `version` is the one that <enc/> says: 2 has padding, another has none.
Bytes write_text(std::string_view text, std::string_view version, Rng& rng, const FaultSet& faults);

// What a user is shown; null where the padding or the protobuf is wrong, or no text is in it.
std::optional<Bytes> read_text(std::string_view octets, std::string_view version,
                               const FaultSet& faults);

// Whether every octet belongs to a character (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace parley::reference::whatsapp
