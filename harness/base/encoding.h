// SPDX-License-Identifier: GPL-3.0-or-later
// Hex and base64 (RFC 4648). `Bytes` holds octets, never characters. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace parley {

using Bytes = std::string;  // octets

std::string to_hex(std::string_view octets);     // lower case
Result<Bytes> from_hex(std::string_view text);   // white space between octets is skipped
std::string to_base64(std::string_view octets);  // RFC 4648 section 4, padded
// Strict: canonical padding, no white space, unused bits zero. Errors: malformed with the offset.
Result<Bytes> from_base64(std::string_view text);

}  // namespace parley
