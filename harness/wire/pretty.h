// SPDX-License-Identifier: GPL-3.0-or-later
// Stanzas of the binary form as XML for people. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/xml/tree.h"

namespace parley::wire {

// UTF-8 without control characters but tab, line feed and carriage return.
bool is_text(std::string_view octets);

// As xml::print_pretty, which knows only text. Content that is none is shown by its length and
// encoding, as "(3 octets, hex) 0001ff" up to 64 octets and "(1024 octets, base64) AAEC…" beyond,
// cut after `max_octets`. Names and attribute values have such octets as \xNN. Not to be parsed.
std::string pretty(const xml::Element& element, std::size_t max_octets = 4096);

}  // namespace parley::wire
