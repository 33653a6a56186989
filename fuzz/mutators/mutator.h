// SPDX-License-Identifier: Apache-2.0
// Mutators that know a format. Each is a pair of pure functions: input, room and seed give the
// mutated input, the same every time; nothing is kept between calls. A mutated input is often still
// what the format allows, often nearly so, and a share of all mutations is of plain octets.
// Depends on nothing but the standard library, so that any vendor's targets can use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace parley::mutators {

struct Mutator {
  const char* name;
  // At most `room` octets; `room` is at least 1.
  std::string (*mutate)(std::string_view input, std::size_t room, std::uint64_t seed);
  // Something of both.
  std::string (*cross)(std::string_view one, std::string_view other, std::size_t room,
                       std::uint64_t seed);
};

// All there are: registry.cc.
std::span<const Mutator> mutators();
// Null where there is none of that name.
const Mutator* mutator_named(std::string_view name);

}  // namespace parley::mutators
