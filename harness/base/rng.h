// SPDX-License-Identifier: GPL-3.0-or-later
// Seeded randomness: the same seed and the same labels give the same bytes on every machine.
// xoshiro256** seeded by SplitMix64 (Blackman and Vigna, 2018). Not for keys that guard anything
// real.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"

namespace parley {

class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  // An independent stream for `label`; does not disturb this one.
  Rng child(std::string_view label) const;

  std::uint64_t next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  Bytes octets(std::size_t count);
  // Lower-case letters and digits, beginning with a letter.
  std::string token(std::size_t length);

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_;
};

}  // namespace parley
