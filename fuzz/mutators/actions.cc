// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/actions.h"

#include <algorithm>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

constexpr std::size_t kPair = 2;

std::size_t pairs_in(std::string_view text) { return text.size() / kPair; }

// Actions are small numbers in most targets; so are what they are about.
std::string some_pairs(std::size_t count, Random& random) {
  std::string out;
  for (; count > 0; --count) {
    out += static_cast<char>(random.one_in(8) ? random.next() : random.below(16));
    out += static_cast<char>(random.one_in(3) ? random.next() : random.below(4));
  }
  return out;
}

void edit(std::string& text, Random& random) {
  const auto at = kPair * random.below(pairs_in(text) + 1);
  const auto size = kPair * std::min(random.small(6), pairs_in(text.substr(at)));
  const auto run = text.substr(at, size);
  switch (random.below(8)) {
    case 0:
      text.erase(at, size);
      break;
    case 5:
      // Turns, again and again: what is kept of the last few is forgotten so.
      for (auto times = random.small(4); times > 0; --times) {
        text.insert(at, run);
      }
      break;
    case 1:
      text.insert(kPair * random.below(pairs_in(text) + 1), run);
      break;
    case 2:
      text.erase(at, size);
      text.insert(kPair * random.below(pairs_in(text) + 1), run);
      break;
    case 3:
      if (at < text.size()) {
        text[at] = static_cast<char>(random.below(16));
      }
      break;
    case 4:
      if (at + 1 < text.size()) {
        text[at + 1] = static_cast<char>(random.next());
      }
      break;
    default:
      text.insert(at, some_pairs(random.small(4), random));
      break;
  }
}

}  // namespace

std::string mutate_actions(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  std::string out(input);
  if (random.one_in(20)) {
    out = some_pairs(random.between(2, 30), random);
  }
  for (auto count = random.small(4); count > 0; --count) {
    edit(out, random);
  }
  return fitted(std::move(out), room);
}

std::string cross_actions(std::string_view one, std::string_view other, std::size_t room,
                          std::uint64_t seed) {
  Random random(seed);
  std::string out;
  if (random.one_in(2)) {
    out = std::string(one.substr(0, kPair * random.below(pairs_in(one) + 1))) +
          std::string(other.substr(kPair * random.below(pairs_in(other) + 1)));
    return fitted(std::move(out), room);
  }
  for (std::size_t at = 0; at < std::max(one.size(), other.size()); at += kPair) {
    const auto& from = random.one_in(2) ? one : other;
    out += from.substr(std::min(at, from.size()), kPair);
  }
  return fitted(std::move(out), room);
}

}  // namespace parley::mutators
