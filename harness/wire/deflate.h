// SPDX-License-Identifier: GPL-3.0-or-later
// The zlib format (RFC 1950) with a bound on what comes out. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

#include "harness/base/encoding.h"

namespace parley::wire {

struct Inflated {
  Bytes octets;
  std::size_t used;  // octets of the input; what follows them is not zlib's
};

// Memory grows with what comes out, to `max_octets` at most.
// Errors: too_large beyond `max_octets`; truncated; malformed. The offset is in the input.
Result<Inflated> inflate(std::string_view octets, std::size_t max_octets);

Bytes deflate(std::string_view octets);

}  // namespace parley::wire
