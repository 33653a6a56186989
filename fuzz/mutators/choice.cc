// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/choice.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fuzz/mutators/random.h"

namespace parley::mutators {
namespace {

// The first octets of an input: its letter and what else stands before what is mutated.
std::string head_for(char letter, std::size_t free_octets, std::string_view input, Random& random) {
  std::string out(input.substr(0, 1 + free_octets));
  while (out.size() < 1 + free_octets) {
    out += static_cast<char>(random.next());
  }
  out[0] = letter;
  if (free_octets > 0 && random.one_in(8)) {
    out[1 + random.below(free_octets)] = static_cast<char>(random.next());
  }
  return out;
}

}  // namespace

Choice::Choice(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Way way;
    if (word.size() > 2 && word[1] == '=') {
      way.letter = word[0];
      word.remove_prefix(2);
    }
    for (; word.starts_with('?'); word.remove_prefix(1)) {
      ++way.free_octets;
    }
    way.mutator = mutator_named(word);
    if (way.mutator == nullptr) {
      std::fprintf(stderr, "there is no mutator %.*s\n", static_cast<int>(word.size()),
                   word.data());
      std::exit(2);
    }
    ways_.push_back(way);
  }
  if (ways_.empty() || (ways_.size() > 1 && ways_[0].letter == '\0')) {
    std::fprintf(stderr, "a target names one mutator, or one for each first octet\n");
    std::exit(2);
  }
}

const Choice::Way& Choice::way_of(std::string_view input) const {
  for (const auto& way : ways_) {
    if (!input.empty() && input[0] == way.letter) {
      return way;
    }
  }
  return ways_.front();
}

std::size_t Choice::head_of(const Way& way) const {
  return way.letter == '\0' ? 0 : 1 + way.free_octets;
}

std::string Choice::mutate(std::string_view input, std::size_t room, std::uint64_t seed) const {
  Random random(seed);
  const Way* way = &way_of(input);
  if (way->letter == '\0') {
    return way->mutator->mutate(input, room, seed);
  }
  if (input.empty() || random.one_in(16)) {
    way = &ways_[random.below(ways_.size())];
  }
  auto out = head_for(way->letter, way->free_octets, input, random);
  if (out.size() >= room) {
    out.resize(room);
    return out;
  }
  const auto rest = input.substr(std::min(input.size(), head_of(*way)));
  return out + way->mutator->mutate(rest, room - out.size(), random.next());
}

std::string Choice::cross(std::string_view one, std::string_view other, std::size_t room,
                          std::uint64_t seed) const {
  const Way& way = way_of(one);
  const auto head = std::min({head_of(way), one.size(), room});
  if (head == room) {
    return std::string(one.substr(0, room));
  }
  const auto rest = other.substr(std::min(other.size(), head_of(way_of(other))));
  return std::string(one.substr(0, head)) +
         way.mutator->cross(one.substr(head), rest, room - head, seed);
}

}  // namespace parley::mutators
