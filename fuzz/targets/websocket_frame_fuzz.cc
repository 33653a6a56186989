// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::WebSocketReader. Input: the octets of a WebSocket, from behind its upgrade on.
// Oracles: any segmentation gives the same items; nothing follows an error; a message keeps to the
// limit, and written as one frame is read as the same message.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/base/rng.h"
#include "harness/wire/websocket_frame.h"

namespace {

using namespace parley;
using namespace parley::wire;

// Small, so that short inputs reach it.
constexpr WebSocketLimits kSmall{.max_message_octets = 300, .max_fragments = 8};
constexpr WebSocketMask kMask{0x37, 0xFA, 0x21, 0x3D};

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 4'096, .octets_each = 40, .allocations = 32, .allocations_each = 1};

const std::set<WebSocketOddity> kCareless{
    WebSocketOddity::unmasked,           WebSocketOddity::masked,
    WebSocketOddity::reserved_bits,      WebSocketOddity::unknown_opcode,
    WebSocketOddity::length_not_minimal, WebSocketOddity::control_fragmented,
    WebSocketOddity::control_too_long,   WebSocketOddity::fragments_mixed,
    WebSocketOddity::bad_close,          WebSocketOddity::text};

std::string shown(const WebSocketItem& item) {
  if (const auto* message = std::get_if<WebSocketMessage>(&item)) {
    return "message " + message->octets;
  }
  if (const auto* control = std::get_if<WebSocketControl>(&item)) {
    return std::string(to_string(control->kind)) + std::to_string(control->code) + " " +
           control->payload;
  }
  const auto& error = std::get<WebSocketError>(item);
  return std::string(to_string(error.oddity)) + std::to_string(error.code) + " at " +
         std::to_string(error.offset);
}

std::vector<WebSocketItem> read_in_segments(WebSocketReader& reader, std::string_view octets,
                                            std::uint64_t longest) {
  Rng cuts = Rng(longest).child(octets);
  std::vector<WebSocketItem> out;
  while (!octets.empty()) {
    const auto segment = octets.substr(0, 1 + cuts.below(longest));
    octets.remove_prefix(segment.size());
    for (auto& item : reader.feed(segment)) {
      out.push_back(std::move(item));
    }
  }
  return out;
}

void check_items(WebSocketRole own, const std::vector<WebSocketItem>& items,
                 std::string_view octets) {
  for (const auto& item : items) {
    if (const auto* error = std::get_if<WebSocketError>(&item)) {
      PARLEY_ORACLE(&item == &items.back());
      PARLEY_ORACLE(error->offset <= octets.size());
    } else if (const auto* message = std::get_if<WebSocketMessage>(&item)) {
      PARLEY_ORACLE(message->octets.size() <= kSmall.max_message_octets);
      WebSocketFrame frame{.payload = message->octets};
      if (own == WebSocketRole::server) {  // what a client sends it is masked
        frame.mask = kMask;
      }
      WebSocketReader again(own, {}, kSmall);
      const auto read = again.feed(write(frame));
      PARLEY_ORACLE(read.size() == 1 && shown(read.front()) == shown(item));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const auto own : {WebSocketRole::client, WebSocketRole::server}) {
    for (const auto& tolerated : {std::set<WebSocketOddity>{}, kCareless}) {
      WebSocketReader whole(own, tolerated, kSmall);
      const auto items = fuzz::bounded(kBound, octets.size(), [&] { return whole.feed(octets); });
      check_items(own, items, octets);
      for (const std::uint64_t longest : {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{64}}) {
        WebSocketReader reader(own, tolerated, kSmall);
        const auto cut = fuzz::bounded(kBound, octets.size(),
                                       [&] { return read_in_segments(reader, octets, longest); });
        PARLEY_ORACLE(std::ranges::equal(cut, items, {}, shown, shown));
        PARLEY_ORACLE(reader.unfinished() == whole.unfinished());
        PARLEY_ORACLE(reader.in_message() == whole.in_message());
      }
    }
  }
  return 0;
}
