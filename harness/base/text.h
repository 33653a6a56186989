// SPDX-License-Identifier: GPL-3.0-or-later
// Small text functions that several floors need. Pure; any bytes are accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

// What a peer sent, made safe for a terminal: control characters, invalid UTF-8, bidirectional
// controls as \xNN or \u{NNNN}; cut to `max_octets` with "… (N octets)".
std::string printable(std::string_view octets, std::size_t max_octets = SIZE_MAX);

// '*' matches any run, '?' one character.
bool glob_match(std::string_view pattern, std::string_view text);

// Up to three of `known` nearest to `wrong` by edit distance, nearest first; none if all are far.
std::vector<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known);

// "'foo' is not known; did you mean 'fox'?" built from nearest().
std::string unknown_name(std::string_view kind, std::string_view wrong,
                         const std::vector<std::string>& known);

std::vector<std::string> split(std::string_view text, char separator);  // keeps empty parts
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string replace_all(std::string text, std::string_view what, std::string_view with);

// Length of the valid UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF); 0 if the octets there are not one. `code_point` is set when the length is not 0.
std::size_t utf8_sequence(std::string_view text, std::size_t at, char32_t& code_point);

}  // namespace parley
