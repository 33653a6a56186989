// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::parse_transport. Input: the content of <enc v='3'/> as it is encrypted.
// Oracles: what parses is written to what parses to the same and shows the same text, which is no
// longer than what came.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/transport_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // A field is 64 octets and comes of two. A list of them takes three times its length while it
  // grows; of one number, twice its length beside a copy.
  constexpr fuzz::HeapBound kBound{
      .octets = 16'384, .octets_each = 104, .allocations = 200, .allocations_each = 2};
  const auto message = fuzz::bounded(kBound, size, [&] { return wire::parse_transport(input); });
  if (!message) {
    return 0;
  }
  const auto written = wire::write(*message);
  const auto again = wire::parse_transport(written);
  PARLEY_ORACLE(again && *again == *message);
  PARLEY_ORACLE(wire::write(*again) == written);
  PARLEY_ORACLE(wire::shown_text(*again) == wire::shown_text(*message));
  if (const auto text = wire::shown_text(*message)) {
    PARLEY_ORACLE(text->size() <= input.size());
  }
  return 0;
}
