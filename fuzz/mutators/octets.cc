// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/octets.h"

#include <algorithm>
#include <cstdint>

namespace parley::mutators {
namespace {

constexpr std::size_t kLongestRun = 32;

std::string_view run_in(std::string_view text, Random& random) {
  const auto from = random.below(text.size());
  return text.substr(from, random.between(1, kLongestRun));
}

void flip_bit(std::string& text, Random& random) {
  auto& octet = text[random.below(text.size())];
  octet = static_cast<char>(octet ^ (1 << random.below(8)));
}

void set_octet(std::string& text, Random& random) {
  constexpr char kEdges[] = {'\x00', '\x01', '\x7F', '\x80', '\xFF', ' ', '\n', '0', '"', '<'};
  auto& octet = text[random.below(text.size())];
  octet = random.one_in(2) ? random.pick(kEdges) : static_cast<char>(random.next());
}

// Adds to a number of 1 to 4 octets, or sets it to the end of a range.
void edit_number(std::string& text, Random& random) {
  constexpr std::uint32_t kEnds[] = {0,      1,      0x7F,       0x80,       0xFF,      0x7FFF,
                                     0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  const auto at = random.below(text.size());
  const auto width = std::min<std::size_t>(std::size_t{1} << random.below(3), text.size() - at);
  const bool big_endian = random.one_in(2);
  const auto place = [&](std::size_t i) { return at + (big_endian ? width - 1 - i : i); };
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= std::uint32_t{static_cast<std::uint8_t>(text[place(i)])} << (8 * i);
  }
  value = random.one_in(2) ? random.pick(kEnds)
                           : value + static_cast<std::uint32_t>(random.between(0, 32)) - 16;
  for (std::size_t i = 0; i < width; ++i) {
    text[place(i)] = static_cast<char>(value >> (8 * i));
  }
}

void insert_run(std::string& text, Random& random) {
  const auto run = random.one_in(2) ? std::string(run_in(text, random))
                                    : some_octets(random.small(kLongestRun), random);
  // What follows what is whole is a mistake of its own, and so is what is too short by a little.
  text.insert(random.one_in(4) ? text.size() : place_in(text, random), run);
}

void erase_run(std::string& text, Random& random) {
  const auto count = std::min(random.small(kLongestRun), text.size());
  text.erase(random.one_in(4) ? text.size() - count : random.below(text.size()), count);
}

void repeat_run(std::string& text, Random& random) {
  const auto at = random.below(text.size());
  const std::string run = text.substr(at, random.small(kLongestRun));
  std::string repeated;
  for (auto count = random.small(64); count > 0; --count) {
    repeated += run;
  }
  text.insert(at, repeated);
}

void overwrite_run(std::string& text, Random& random) {
  const std::string run(run_in(text, random));
  const auto at = random.below(text.size());
  text.replace(at, run.size(), run);
}

void cut(std::string& text, Random& random) { text.resize(random.below(text.size() + 1)); }

}  // namespace

std::string some_octets(std::size_t count, Random& random) {
  if (random.one_in(2)) {
    return std::string(count, static_cast<char>(random.next()));
  }
  std::string out;
  for (; count > 0; --count) {
    out += static_cast<char>(random.next());
  }
  return out;
}

void edit_octets(std::string& text, Random& random) {
  if (text.empty()) {
    text = some_octets(random.small(kLongestRun), random);
    return;
  }
  using Edit = void (*)(std::string&, Random&);
  constexpr Edit kEdits[] = {flip_bit,   flip_bit,  set_octet,  set_octet,     edit_number,
                             insert_run, erase_run, repeat_run, overwrite_run, cut};
  random.pick(kEdits)(text, random);
}

std::string mutate_octets(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  std::string out(input);
  for (auto count = random.small(4); count > 0; --count) {
    edit_octets(out, random);
  }
  return fitted(std::move(out), room);
}

std::string cross_octets(std::string_view one, std::string_view other, std::size_t room,
                         std::uint64_t seed) {
  Random random(seed);
  std::string out(one.substr(0, place_in(one, random)));
  if (random.one_in(2)) {
    out += other.substr(place_in(other, random));
  } else {
    const auto rest = one.substr(out.size());
    const auto from = place_in(other, random);
    out += other.substr(from, random.between(0, kLongestRun));
    out += rest;
  }
  return fitted(std::move(out), room);
}

}  // namespace parley::mutators
