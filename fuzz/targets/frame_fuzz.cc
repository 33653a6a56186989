// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::FrameReader. Input: the octets of a stream, from its opening on.
// Oracles: any segmentation gives the same items; written again they are the input as far as it was
// read; memory is never more than arrived.
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
#include "harness/wire/frame.h"

namespace {

using namespace parley;
using namespace parley::wire;

// Small, so that short inputs reach it.
constexpr FrameLimits kSmall{.max_frame_octets = 300, .max_routing_octets = 20};

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 8'192, .octets_each = 160, .allocations = 64, .allocations_each = 1};

// The octets that an item was; of an error its code and offset.
std::string shown(const FrameItem& item) {
  if (const auto* routing = std::get_if<Routing>(&item)) {
    return *write_routing(routing->octets);
  }
  if (const auto* intro = std::get_if<Intro>(&item)) {
    return intro->octets();
  }
  if (const auto* frame = std::get_if<Frame>(&item)) {
    return *write_frame(frame->payload);
  }
  const auto& error = std::get<Error>(item);
  return std::string(to_string(error.code)) + std::to_string(error.offset.value_or(SIZE_MAX));
}

std::vector<FrameItem> read_in_segments(FrameReader& reader, std::string_view octets,
                                        std::uint64_t longest) {
  Rng cuts = Rng(longest).child(octets);
  std::vector<FrameItem> out;
  std::size_t fed = 0;
  while (!octets.empty()) {
    const auto segment = octets.substr(0, 1 + cuts.below(longest));
    octets.remove_prefix(segment.size());
    fed += segment.size();
    for (auto& item : reader.feed(segment)) {
      out.push_back(std::move(item));
    }
    PARLEY_ORACLE(reader.pending() <= fed);
  }
  return out;
}

void check_written(std::string_view octets, const std::vector<FrameItem>& items,
                   const FrameReader& reader) {
  std::string written;
  for (const auto& item : items) {
    if (const auto* error = std::get_if<Error>(&item)) {
      PARLEY_ORACLE(&item == &items.back());
      PARLEY_ORACLE(error->offset && *error->offset >= written.size() &&
                    *error->offset <= octets.size());
      PARLEY_ORACLE(octets.starts_with(written));
      return;
    }
    written += shown(item);
  }
  PARLEY_ORACLE(octets.starts_with(written));
  PARLEY_ORACLE(written.size() + reader.pending() == octets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const auto opening : {Opening::intro, Opening::none}) {
    FrameReader whole(opening, kSmall);
    const auto items = fuzz::bounded(kBound, octets.size(), [&] { return whole.feed(octets); });
    check_written(octets, items, whole);
    for (const std::uint64_t longest : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{64}}) {
      FrameReader reader(opening, kSmall);
      const auto cut = fuzz::bounded(kBound, octets.size(),
                                     [&] { return read_in_segments(reader, octets, longest); });
      PARLEY_ORACLE(std::ranges::equal(cut, items, {}, shown, shown));
      PARLEY_ORACLE(reader.finish() == whole.finish());
    }
  }
  return 0;
}
