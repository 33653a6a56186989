// SPDX-License-Identifier: GPL-3.0-or-later
// JSON (RFC 8259) as the tree that stanzas have, so that message forms, changes and differences
// serve both. Each member is an element of its name, each item of an array an element `item`; the
// attribute `type` says what a value is, and a string has none. Members keep their order, and a
// name may stand twice. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/xml/tree.h"

namespace parley::wire {

inline constexpr std::size_t kMaxJsonOctets = 1024 * 1024;
inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::string_view kJsonType = "type";
// A value whose kind a pattern leaves open: written as it is, and equal to any kind of that text.
inline constexpr std::string_view kJsonOpen = "open";

// The text as an element `name`. Numbers stay as they are written.
// Errors: malformed with the offset (also for invalid UTF-8 and for what follows the value);
// too_large beyond the limits above.
Result<xml::Element> read_json(std::string_view text, std::string_view name);

// As `text` with ${…} where a value may stand: within a string it is part of that, elsewhere it is
// a value of an open kind. Errors: as read_json().
Result<xml::Element> read_json_pattern(std::string_view text, std::string_view name);

// One line without white space. Without a `type` an element with children is an object and any
// other a string; any octets of a string are written, those that JSON forbids escaped.
std::string write_json(const xml::Element& value);

}  // namespace parley::wire
