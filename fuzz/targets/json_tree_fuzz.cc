// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::read_json and read_json_pattern. Input: JSON from a peer, or of a profile's form.
// Oracles: what was read is written to what reads the same and is written the same; what holds no
// "${" is read as a pattern too; whatever is refused is refused with a place within it.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/json_tree.h"
#include "harness/xml/tree.h"

namespace {

using namespace parley;

constexpr std::string_view kName = "json";

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 24'576, .octets_each = 250, .allocations = 128, .allocations_each = 2};

void check_round_trip(const xml::Element& tree) {
  const auto text = wire::write_json(tree);
  if (text.size() > wire::kMaxJsonOctets) {
    return;  // escapes may be longer than what they were read from
  }
  const auto again = wire::read_json(text, kName);
  PARLEY_ORACLE(again && *again == tree);
  PARLEY_ORACLE(wire::write_json(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tree =
      fuzz::bounded(kBound, text.size(), [&] { return wire::read_json(text, kName); });
  if (tree) {
    check_round_trip(*tree);
  } else {
    PARLEY_ORACLE(tree.error().offset.value_or(0) <= size);
  }
  const auto pattern = wire::read_json_pattern(text, kName);
  if (text.find("${") == std::string_view::npos) {
    PARLEY_ORACLE(pattern.has_value() == tree.has_value());
  }
  return 0;
}
