// SPDX-License-Identifier: GPL-3.0-or-later
// Target: xml::StreamReader. Input: the octets of a stream, as a peer would send them.
// Oracles: any segmentation gives the same items; a stanza that was accepted prints to what parses
// to an equal tree.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/base/rng.h"
#include "harness/xml/reader.h"

namespace {

using namespace parley;
using namespace parley::xml;

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 16'384, .octets_each = 240, .allocations = 64, .allocations_each = 1};

// Small, so that short inputs reach every limit.
constexpr Limits kSmall{
    .max_stanza_octets = 512, .max_depth = 8, .max_attributes = 6, .max_elements = 16};

std::string shown(const Item& item) {
  if (const auto* opened = std::get_if<StreamOpened>(&item)) {
    return "opened " + opened->content_ns + " " + print(opened->element);
  }
  if (const auto* stanza = std::get_if<Stanza>(&item)) {
    return "stanza " + print(stanza->element) + " from " + stanza->raw;
  }
  if (const auto* refused = std::get_if<Refused>(&item)) {
    return "refused " + refused->condition + " at " + std::to_string(refused->offset);
  }
  return "closed";
}

std::vector<Item> read_whole(std::string_view octets, Limits limits) {
  return fuzz::bounded(kBound, octets.size(), [&] { return StreamReader(limits).feed(octets); });
}

// Cuts drawn from a seed that the input determines: `longest` octets a segment at most.
std::vector<Item> read_in_segments(std::string_view octets, Limits limits, std::uint64_t longest) {
  Rng cuts = Rng(longest).child(octets);
  StreamReader reader(limits);
  std::vector<Item> out;
  while (!octets.empty()) {
    const auto segment = octets.substr(0, 1 + cuts.below(longest));
    octets.remove_prefix(segment.size());
    for (auto& item : reader.feed(segment)) {
      out.push_back(std::move(item));
    }
  }
  return out;
}

void check_segments(std::string_view octets, Limits limits, const std::vector<Item>& whole) {
  for (const std::uint64_t longest : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{64}}) {
    const auto items = fuzz::bounded(kBound, octets.size(),
                                     [&] { return read_in_segments(octets, limits, longest); });
    PARLEY_ORACLE(std::ranges::equal(items, whole, {}, shown, shown));
  }
}

void check_stanza(const Stanza& stanza) {
  PARLEY_ORACLE(stanza.raw.starts_with('<') && stanza.raw.ends_with('>'));
  const auto again = parse(print(stanza.element));
  PARLEY_ORACLE(again && *again == stanza.element);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const Limits& limits : {Limits{}, kSmall}) {
    const auto whole = read_whole(octets, limits);
    check_segments(octets, limits, whole);
    for (const auto& item : whole) {
      if (const auto* stanza = std::get_if<Stanza>(&item)) {
        check_stanza(*stanza);
      }
    }
  }
  return 0;
}
