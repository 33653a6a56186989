// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::decode and wire::encode. Input: one stanza in the binary form, its flags octet
// first; the tokens are those of wire/sample_tokens.h.
// Oracles: what decodes is encoded and decodes to an equal tree and encoding, and encodes to the
// same octets again; compressed or not, the tree is the same; what comes out is no more
// than the limits allow.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/binary_reader.h"
#include "harness/wire/binary_writer.h"
#include "harness/wire/pretty.h"
#include "harness/wire/sample_tokens.h"

namespace {

using namespace parley;
using namespace parley::wire;

// Small, so that short inputs reach every limit.
constexpr BinaryLimits kSmall{.max_octets = 4096,
                              .max_depth = 6,
                              .max_nodes = 40,
                              .max_children = 16,
                              .max_attributes = 6,
                              .max_items = 100,
                              .max_string_octets = 600,
                              .max_text_octets = 2000};

// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 98'304, .octets_each = 280, .allocations = 400, .allocations_each = 4};

std::size_t depth_of(const xml::Element& element) {
  std::size_t deepest = 0;
  for (const auto* child : element.elements()) {
    deepest = std::max(deepest, depth_of(*child));
  }
  return deepest + 1;
}

std::size_t text_octets(const xml::Element& element) {
  std::size_t sum = element.name.size() + element.text().size();
  for (const auto& attribute : element.attributes) {
    sum += attribute.name.size() + attribute.value.size();
  }
  for (const auto* child : element.elements()) {
    sum += text_octets(*child);
  }
  return sum;
}

// JIDs add to their strings a separator or two and a known server.
void check_bounds(const Decoded& decoded, const BinaryLimits& limits) {
  constexpr std::size_t kJidOctets = 40;
  PARLEY_ORACLE(depth_of(decoded.root) <= limits.max_depth);
  PARLEY_ORACLE(text_octets(decoded.root) <=
                limits.max_text_octets + kJidOctets * limits.max_items);
  PARLEY_ORACLE(decoded.oddities.size() <= kMaxOddities);
}

// The octets may differ from the input inside JIDs, whose parts have no forms of their own.
void check_round_trip(const Decoded& decoded, ReadOptions options) {
  options.limits = {};
  const WriteOptions writing{.tokens = options.tokens};
  const auto octets = encode(decoded.root, writing, decoded.encoding);
  PARLEY_ORACLE(octets);
  const auto again = decode(*octets, options);
  PARLEY_ORACLE(again && again->root == decoded.root);
  PARLEY_ORACLE(again->encoding == decoded.encoding);
  PARLEY_ORACLE(encode(again->root, writing, again->encoding) == *octets);
}

void check_compression(const Decoded& decoded, const ReadOptions& options) {
  auto encoding = decoded.encoding;
  encoding.flags ^= kCompressedFlag;
  const auto octets = encode(decoded.root, {.tokens = options.tokens}, encoding);
  PARLEY_ORACLE(octets);
  const auto again = decode(*octets, {.tokens = options.tokens,
                                      .interop_server = options.interop_server,
                                      .unknown_token = options.unknown_token});
  PARLEY_ORACLE(again && again->root == decoded.root);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const Tokens& tokens = sample_tokens();
  for (const ReadOptions& options :
       {ReadOptions{.tokens = &tokens, .unknown_token = UnknownToken::shown, .limits = kSmall},
        ReadOptions{.interop_server = InteropServer::always, .limits = kSmall}}) {
    const auto decoded =
        fuzz::bounded(kBound, octets.size(), [&] { return decode(octets, options); });
    if (!decoded) {
      PARLEY_ORACLE(decoded.error().offset && !decoded.error().detail.empty());
      continue;
    }
    check_bounds(*decoded, options.limits);
    check_round_trip(*decoded, options);
    check_compression(*decoded, options);
    PARLEY_ORACLE(is_text(pretty(decoded->root)));
  }
  return 0;
}
