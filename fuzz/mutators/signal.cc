// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/signal.h"

#include <algorithm>

#include "fuzz/mutators/octets.h"
#include "fuzz/mutators/protobuf.h"

namespace parley::mutators {
namespace {

constexpr char kVersions[] = {'\x33', '\x33', '\x33', '\x22', '\x23', '\x32',
                              '\x34', '\x44', '\x03', '\x30', '\x00', '\xFF'};

// Public keys: of the right type and of none, of small order, not reduced, all zero.
std::string some_key(Random& random) {
  std::string out(1, random.one_in(8) ? static_cast<char>(random.next()) : '\x05');
  switch (random.below(5)) {
    case 0:
      return out + std::string(32, '\0');
    case 1:
      return out + '\x01' + std::string(31, '\0');
    case 2:
      return out + '\xEC' + std::string(30, '\xFF') + '\x7F';
    case 3:
      return out + std::string(random.between(0, 40), '\x09');
    default:
      return out + some_octets(32, random);
  }
}

// A field of 33 octets is a key.
void replace_key(std::vector<protobuf::Field>& fields, Random& random) {
  for (auto& field : fields) {
    if (field.type == 2 && field.octets.size() == 33 && random.one_in(2)) {
      field.octets = some_key(random);
      return;
    }
  }
  fields.push_back({.number = random.between(1, 6), .type = 2, .octets = some_key(random)});
}

// The counters are what a session's limits are about.
void move_counter(std::vector<protobuf::Field>& fields, Random& random) {
  constexpr std::uint64_t kCounters[] = {0, 1, 2, 5, 31, 1999, 2000, 2001, 0xFFFFFFFF, 0x100000000};
  for (auto& field : fields) {
    if (field.type == 0 && random.one_in(2)) {
      field.value = random.one_in(2) ? random.pick(kCounters) : field.value + random.between(1, 4);
      return;
    }
  }
}

struct Parts {
  std::string head;  // the version
  std::string_view body;
  std::string tail;  // the MAC, where there is one
};

constexpr std::size_t kMacOctets = 8;

Parts parts_of(std::string_view input) {
  Parts out;
  if (input.empty()) {
    return {.head = "\x33", .body = {}, .tail = {}};
  }
  out.head = input.substr(0, 1);
  out.body = input.substr(1);
  std::string_view rest;
  protobuf::fields_of(out.body, rest);
  if (!rest.empty() && out.body.size() >= kMacOctets) {
    out.tail = out.body.substr(out.body.size() - kMacOctets);
    out.body.remove_suffix(kMacOctets);
  }
  return out;
}

}  // namespace

std::string mutate_signal(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  auto [head, body, tail] = parts_of(input);
  std::string_view rest;
  auto fields = protobuf::fields_of(body, rest);
  for (auto count = random.small(3); count > 0; --count) {
    switch (random.below(8)) {
      case 0:
        head = random.pick(kVersions);
        break;
      case 1:
        replace_key(fields, random);
        break;
      case 2:
        move_counter(fields, random);
        break;
      case 3:
        tail = random.one_in(2) ? some_octets(random.between(0, 12), random) : "";
        break;
      default:
        protobuf::edit(fields, random);
        break;
    }
  }
  return fitted(head + protobuf::written(fields) + std::string(rest) + tail, room);
}

std::string cross_signal(std::string_view one, std::string_view other, std::size_t room,
                         std::uint64_t seed) {
  const auto mine = parts_of(one);
  const auto theirs = parts_of(other);
  return fitted(mine.head + cross_protobuf(mine.body, theirs.body, room, seed) + theirs.tail, room);
}

}  // namespace parley::mutators
