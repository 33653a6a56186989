// SPDX-License-Identifier: GPL-3.0-or-later
// What stands in a message for a body too large to be held there: "large:LENGTH:SHA256", and for
// one of ours "repeated:TIMES:HEX" too, octets in hex that come so often one after the other, or
// "padded:ZEROS:HEX", octets with so many of zero behind them. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/engine/spool.h"

namespace parley::engine {

struct LargeName {
  std::uint64_t length = 0;
  std::string sha256;  // hex
};
std::string to_string(const LargeName& name);
std::optional<LargeName> large_name(std::string_view text);  // null: it is none

// Octets in hex, so often. Errors: malformed for what is no hex or no number.
Result<std::string> repeated_text(std::string_view hex, std::string_view times);
// Octets in hex, and so many of zero behind them. Errors: as repeated_text().
Result<std::string> padded_text(std::string_view hex, std::string_view zeros);
// The name of what is said so, or as a name already. Errors: malformed for neither.
Result<LargeName> name_of(std::string_view text);
bool is_large(std::string_view text);

// A body that came, or that goes out.
struct LargeBody {
  std::string name;
  std::shared_ptr<const Spool> octets;  // null: they could not be kept here
};
// Piece by piece, nothing at the end.
using LargeSource = std::function<Bytes()>;
// Of what is said as repeated or padded; null for anything else.
LargeSource source_of(std::string_view text);
// The same in the chunks of RFC 9112 section 7.1.
LargeSource chunked(LargeSource body);

}  // namespace parley::engine
