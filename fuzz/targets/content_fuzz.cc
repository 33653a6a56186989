// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::parse_content and the padding. Input: the content as it is encrypted, padded.
// Oracles: padding that comes off goes on again to the same octets; what parses is written to what
// parses to the same and shows the same text, and no field gets lost on the way.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/content.h"

namespace {

using namespace parley;

// A field is 64 octets and comes of two. A list of them takes three times its length while it
// grows; of one number, twice its length beside a copy.
constexpr fuzz::HeapBound kBound{
    .octets = 8'192, .octets_each = 104, .allocations = 128, .allocations_each = 1};

// How many numbers occur.
std::size_t fields_in(std::string_view octets) {
  const auto fields = protobuf::read_fields(octets);
  PARLEY_ORACLE(fields);
  std::vector<std::uint32_t> numbers;
  std::size_t kinds = 0;
  for (const auto& field : *fields) {
    const bool seen = std::ranges::find(numbers, field.number) != numbers.end();
    kinds += seen ? 0 : 1;
    numbers.push_back(field.number);
  }
  return kinds;
}

void check_content(std::string_view octets) {
  const auto content =
      fuzz::bounded(kBound, octets.size(), [&] { return wire::parse_content(octets); });
  if (!content) {
    return;
  }
  const auto written = wire::write(*content);
  const auto again = wire::parse_content(written);
  PARLEY_ORACLE(again);
  PARLEY_ORACLE(wire::write(*again) == written);
  PARLEY_ORACLE(wire::shown_text(*again) == wire::shown_text(*content));
  PARLEY_ORACLE(std::ranges::equal(again->media, content->media, {}, &wire::MediaMessage::unknown,
                                   &wire::MediaMessage::unknown));
  PARLEY_ORACLE(again->unknown == content->unknown);
  PARLEY_ORACLE(fields_in(written) == fields_in(octets));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto text = wire::unpad(input);
  if (text) {
    const auto count = input.size() - text->size();
    PARLEY_ORACLE(wire::pad_with(*text, count, static_cast<std::uint8_t>(count)) == input);
  }
  check_content(text ? *text : input);
  return 0;
}
