// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::inflate. Input: the zlib octets of a compressed stanza, then whatever follows them.
// Oracles: never more than the bound comes out; what came out is deflated and inflated to the same;
// what follows the stream does not count, and without its last octet it is not whole; a bound one
// octet lower is exceeded.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/deflate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  constexpr std::size_t kBound = 20'000;  // small, so that short inputs reach it
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  // About twice what any input was seen to take.
  constexpr fuzz::HeapBound kHeap{
      .octets = 163'840, .octets_each = 4, .allocations = 32, .allocations_each = 1};
  const auto out = fuzz::bounded(kHeap, size, [&] { return wire::inflate(octets, kBound); });
  if (!out) {
    PARLEY_ORACLE(out.error().offset && *out.error().offset <= size);
    return 0;
  }
  PARLEY_ORACLE(out->octets.size() <= kBound && out->used <= size && out->used > 0);
  const auto again = wire::inflate(wire::deflate(out->octets), kBound);
  PARLEY_ORACLE(again && again->octets == out->octets);
  const auto alone = wire::inflate(octets.substr(0, out->used), kBound);
  PARLEY_ORACLE(alone && alone->octets == out->octets && alone->used == out->used);
  PARLEY_ORACLE(!wire::inflate(octets.substr(0, out->used - 1), kBound));
  if (!out->octets.empty()) {
    const auto less = wire::inflate(octets, out->octets.size() - 1);
    PARLEY_ORACLE(!less && less.error().code == Errc::too_large);
  }
  return 0;
}
