// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/rng.h"

#include <bit>

namespace parley {
namespace {

std::uint64_t split_mix(std::uint64_t& x) {
  x += 0x9E3779B97F4A7C15U;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

// FNV-1a, 64 bits.
std::uint64_t hash(std::string_view text, std::uint64_t start) {
  std::uint64_t value = 0xCBF29CE484222325U ^ start;
  for (const char c : text) {
    value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  }
  return value;
}

}  // namespace

Rng::Rng(std::uint64_t seed) : seed_(seed), state_{} {
  std::uint64_t x = seed;
  for (auto& word : state_) {
    word = split_mix(x);
  }
}

Rng Rng::child(std::string_view label) const {
  std::uint64_t mixed = hash(label, seed_);
  return Rng(split_mix(mixed));
}

std::uint64_t Rng::next() {
  const std::uint64_t out = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return out;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = next();
  while (value >= limit) {
    value = next();
  }
  return value % bound;
}

Bytes Rng::octets(std::size_t count) {
  Bytes out;
  out.reserve(count);
  while (out.size() < count) {
    std::uint64_t word = next();
    for (int i = 0; i < 8 && out.size() < count; ++i, word >>= 8) {
      out += static_cast<char>(word & 0xFF);
    }
  }
  return out;
}

std::string Rng::token(std::size_t length) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < length) {
    out += alphabet[below(out.empty() ? 26 : 36)];
  }
  return out;
}

}  // namespace parley
