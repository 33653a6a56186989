// SPDX-License-Identifier: Apache-2.0
// Edits of JSON that leave it JSON: whole values and members, found by a scan that any octets
// allow.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/mutators/random.h"

namespace parley::mutators::json {

struct Span {
  std::size_t from = 0;
  std::size_t to = 0;
};

// The value that begins at `at`, white space before it not counted; what ends too early ends with
// the text.
Span value_at(std::string_view text, std::size_t at);
// A member of an object, name and value; nullopt: the text has none, or not behind the place drawn.
std::optional<Span> some_member(std::string_view text, Random& random);

// Each changes nothing where there is no member. A value becomes one of another type, an empty
// one, or another value of the text:
void replace_member_value(std::string& text, Random& random);
// A member stands twice, beside itself or elsewhere, half of the time with another value:
void repeat_member(std::string& text, Random& random);
void erase_member(std::string& text, Random& random);
// At its end, with what is easily lost there: NUL, control characters, quotes, backslashes.
void lengthen_text(std::string& text, Random& random);

}  // namespace parley::mutators::json
