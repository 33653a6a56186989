// SPDX-License-Identifier: Apache-2.0
// Mutations of plain octets, which every mutator falls back on, and the mutator of formats that
// nobody described.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/mutators/mutator.h"
#include "fuzz/mutators/random.h"

namespace parley::mutators {

// One small edit: a bit, an octet, a number of 1 to 4 octets, a run that is inserted, erased,
// repeated, overwritten or moved.
void edit_octets(std::string& text, Random& random);

// The same, again and again, and never more than `room`.
std::string mutate_octets(std::string_view input, std::size_t room, std::uint64_t seed);
// The beginning of one and the end of the other, or a run of the other within the one.
std::string cross_octets(std::string_view one, std::string_view other, std::size_t room,
                         std::uint64_t seed);

// A place in `text`, its end among them.
inline std::size_t place_in(std::string_view text, Random& random) {
  return random.below(text.size() + 1);
}
// Octets of one kind or drawn one by one.
std::string some_octets(std::size_t count, Random& random);
// Cuts what is too long: pure functions return what fits.
inline std::string fitted(std::string text, std::size_t room) {
  if (text.size() > room) {
    text.resize(room);
  }
  return text;
}

}  // namespace parley::mutators
