// SPDX-License-Identifier: GPL-3.0-or-later
// A file opened by a client that leaves out one of the checks which MediaDecryptor makes. Sources:
// MED-001 to MED-004, MED-014. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/reference/faults.h"
#include "harness/wire/content.h"

namespace parley::reference::whatsapp {

// Whether one of the faults is such that the file has to be held as a whole.
bool opens_carelessly(const FaultSet& faults);

// The plaintext, or what such a client takes for it; nothing where it refuses the file.
std::optional<Bytes> open_carelessly(std::string_view file, const wire::MediaMessage& message,
                                     const FaultSet& faults);

}  // namespace parley::reference::whatsapp
