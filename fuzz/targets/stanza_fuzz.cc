// SPDX-License-Identifier: GPL-3.0-or-later
// Target: xml::parse and wire::encode. Input: one stanza as text.
// Oracles: what is read is printed and reads the same; the binary form of it decodes to the same
// tree.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/sample_tokens.h"

namespace {

using namespace parley;

constexpr std::string_view kAround = "jabber:client";

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 49'152, .octets_each = 330, .allocations = 400, .allocations_each = 2};

void check_binary(const xml::Element& stanza) {
  const auto plain = wire::plain_namespaces(stanza, kAround);
  if (!plain) {
    return;  // an attribute of a namespace
  }
  const auto& tokens = wire::sample_tokens();
  const auto octets = wire::encode(*plain, {.tokens = &tokens});
  if (!octets) {
    return;  // text beside elements
  }
  const auto again = wire::decode(*octets, {.tokens = &tokens});
  PARLEY_ORACLE(again && again->root == *plain);
  PARLEY_ORACLE(again->encoding == wire::Encoding{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto stanza = fuzz::bounded(kBound, text.size(), [&] { return xml::parse(text, kAround); });
  if (!stanza) {
    return 0;
  }
  // Without a stream around it: there the prefix 'stream' would be bound.
  const auto printed = xml::print(*stanza);
  const auto again = xml::parse(printed);
  PARLEY_ORACLE(again && *again == *stanza);
  check_binary(*stanza);
  return 0;
}
