// SPDX-License-Identifier: Apache-2.0
// What a mutator draws from: SplitMix64 (Steele, Lea and Flood, 2014). The same seed gives the same
// mutation on every machine. Not for keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace parley::mutators {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t out = state_ += 0x9E3779B97F4A7C15U;
    out = (out ^ (out >> 30U)) * 0xBF58476D1CE4E5B9U;
    out = (out ^ (out >> 27U)) * 0x94D049BB133111EBU;
    return out ^ (out >> 31U);
  }
  // In [0, bound), as even as a mutator needs it; 0 for a bound of 0.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }
  // In [low, high].
  std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  // Small numbers often, large ones seldom: in [1, limit].
  std::size_t small(std::size_t limit) {
    std::size_t out = 1;
    while (out < limit && !one_in(3)) {
      ++out;
    }
    return out;
  }

  template <class T, std::size_t N>
  const T& pick(const T (&from)[N]) {
    return from[below(N)];
  }
  template <class T>
  const T& pick(std::span<const T> from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace parley::mutators
