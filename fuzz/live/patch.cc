// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::live {
namespace {

constexpr std::size_t kShortestValue = 6;  // shorter ones stand in messages by chance

struct Place {
  std::size_t from;
  std::size_t to;
  std::string name;
};

// Where values stand in `octets`, the longest first where they overlap, in
// order.
std::vector<Place> places_of(const Bytes& octets, const Values& values) {
  std::vector<std::pair<std::string_view, std::string_view>> longest;
  for (const auto& [name, value] : values) {
    const bool of_run = !name.starts_with("setting.") && !name.starts_with("unassigned-token.");
    if (of_run && value.size() >= kShortestValue && name.find_first_of("/ '") == name.npos) {
      longest.emplace_back(value, name);
    }
  }
  std::ranges::sort(longest, [](const auto& one, const auto& other) {
    return std::pair(other.first.size(), one.second) < std::pair(one.first.size(), other.second);
  });
  std::vector<Place> out;
  for (const auto& [value, name] : longest) {
    for (auto at = octets.find(value); at != octets.npos; at = octets.find(value, at + 1)) {
      const auto to = at + value.size();
      if (std::ranges::none_of(out, [&](const Place& p) { return at < p.to && p.from < to; })) {
        out.push_back({at, to, std::string(name)});
      }
    }
  }
  std::ranges::sort(out, {}, &Place::from);
  return out;
}

std::string escaped(std::string_view octets) {
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto octet = static_cast<unsigned char>(octets[i]);
    const bool begins_value = octet == '$' && octets.substr(i + 1).starts_with('{');
    const bool plain = octet >= 0x20 && octet < 0x7F && octet != '\\' && !begins_value;
    out += plain ? std::string(1, octets[i]) : fmt::format("\\x{:02X}", octet);
  }
  return out;
}

// Grows a place until it is the first of its kind and cuts no value in two.
std::pair<std::size_t, std::size_t> findable(const Bytes& honest, const Patch& patch,
                                             const Values& values) {
  const auto places = places_of(honest, values);
  auto from = patch.at;
  auto to = patch.at + patch.take;
  const auto uncut = [&] {
    for (const auto& place : places) {
      if (place.from < to && from < place.to) {
        from = std::min(from, place.from);
        to = std::max(to, place.to);
      }
    }
  };
  uncut();
  while (from > 0 && (from == to || honest.find(honest.substr(from, to - from)) != from)) {
    --from;
    uncut();
  }
  if (from == to && to < honest.size()) {  // at the front
    ++to;
    uncut();
  }
  return {from, to};
}

}  // namespace

std::string literal(const Bytes& octets, const Values& values) {
  std::string out;
  std::size_t at = 0;
  for (const auto& place : places_of(octets, values)) {
    out += escaped(std::string_view(octets).substr(at, place.from - at));
    out += "${" + place.name + "}";
    at = place.to;
  }
  return out + escaped(std::string_view(octets).substr(at));
}

Patch patch_of(const Bytes& honest, const Bytes& octets) {
  const auto shorter = std::min(honest.size(), octets.size());
  std::size_t same = 0;
  while (same < shorter && honest[same] == octets[same]) {
    ++same;
  }
  std::size_t tail = 0;
  while (tail < shorter - same &&
         honest[honest.size() - 1 - tail] == octets[octets.size() - 1 - tail]) {
    ++tail;
  }
  if (2 * (same + tail) < honest.size()) {
    return {.at = 0, .take = 0, .with = octets, .whole = true};
  }
  return {.at = same,
          .take = honest.size() - same - tail,
          .with = octets.substr(same, octets.size() - same - tail)};
}

model::BytesEdit edit_of(const Patch& patch, const Bytes& honest, const Values& values, Form form) {
  model::BytesEdit out;
  if (patch.whole) {
    out.replace = literal(patch.with, values);
    return out;
  }
  if (form == Form::binary) {
    out.at = static_cast<long>(patch.at);
    out.take = patch.take;
    out.replace = literal(patch.with, values);
    return out;
  }
  const auto [from, to] = findable(honest, patch, values);
  const auto end = patch.at + patch.take;
  out.find = literal(honest.substr(from, to - from), values);
  out.replace = literal(
      honest.substr(from, patch.at - from) + patch.with + honest.substr(end, to - end), values);
  return out;
}

}  // namespace parley::live
