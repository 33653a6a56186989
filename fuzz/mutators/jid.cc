// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/jid.h"

#include <algorithm>
#include <vector>

#include "fuzz/mutators/octets.h"

namespace parley::mutators {
namespace {

constexpr std::string_view kSeparators = "-:@";
constexpr std::string_view kServers[] = {"interop", "msgr",    "s.whatsapp.net", "lid",  "g.us",
                                         "hosted",  "INTEROP", "interop ",       "c.us", "x"};
// About the ends of 8 and 16 bits, and forms that are not the shortest.
constexpr std::string_view kNumbers[] = {"0",          "1",
                                         "9",          "10",
                                         "99",         "100",
                                         "255",        "256",
                                         "65534",      "65535",
                                         "65536",      "00",
                                         "01",         "+1",
                                         "-1",         " 1",
                                         "1 ",         "0x1",
                                         "1e1",        "",
                                         "4294967296", "18446744073709551617"};

// The parts of an address and, each by itself, what stands between them.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> out(1);
  for (const auto c : text) {
    if (kSeparators.contains(c)) {
      out.emplace_back(1, c);
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::string written(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    out += part;
  }
  return out;
}

std::string some_jid(Random& random) {
  std::string out;
  if (random.one_in(2)) {
    out += std::string(random.pick(kNumbers)) + "-";
  }
  out += random.one_in(4) ? "" : "491701234567";
  if (random.one_in(2)) {
    out += ":" + std::string(random.pick(kNumbers));
  }
  return out + "@" + std::string(random.pick(kServers));
}

void edit(std::vector<std::string>& parts, Random& random) {
  auto& part = parts[random.below(parts.size())];
  switch (random.below(7)) {
    case 0:
      part = random.pick(kNumbers);
      break;
    case 1:
      parts.back() = random.pick(kServers);
      break;
    case 2:
      part = kSeparators.substr(random.below(kSeparators.size()), 1);
      break;
    case 3:
      part += part;
      break;
    case 4:
      part.insert(place_in(part, random), 1, kSeparators[random.below(kSeparators.size())]);
      break;
    case 5:
      std::swap(part, parts[random.below(parts.size())]);
      break;
    default:
      edit_octets(part, random);
      break;
  }
}

}  // namespace

std::string mutate_jid(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  if (random.one_in(8)) {
    return mutate_octets(input, room, random.next());
  }
  auto parts = parts_of(random.one_in(8) ? some_jid(random) : input);
  for (auto count = random.small(3); count > 0; --count) {
    edit(parts, random);
  }
  return fitted(written(parts), room);
}

std::string cross_jid(std::string_view one, std::string_view other, std::size_t room,
                      std::uint64_t seed) {
  Random random(seed);
  auto mine = parts_of(one);
  const auto theirs = parts_of(other);
  mine.resize(1 + random.below(mine.size()));
  const auto from = random.below(theirs.size());
  mine.insert(mine.end(), theirs.begin() + static_cast<std::ptrdiff_t>(from), theirs.end());
  return fitted(written(mine), room);
}

}  // namespace parley::mutators
