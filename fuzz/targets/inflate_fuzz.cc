// SPDX-License-Identifier: GPL-3.0-or-later
// Target: wire::inflate. Input: a letter, then 'z' the zlib octets of a compressed stanza and
// whatever follows them; 'd' how many octets are cut off, how many follow, and a text that is
// deflated here; 't' the octet and the bit that are turned, and such a text.
// Oracles: never more than the bound comes out; what came out is deflated and inflated to the same;
// what follows the stream does not count, and without its last octet it is not whole; a bound one
// octet lower is exceeded; a text comes out as it went in, and with one bit turned nothing of
// another checksum does. What it takes of the heap is bounded by the size of the input
// (fuzz/heap_bound.h). Its mutators are those of octets: deflated here, mutated texts have the
// right checksum, and of the blocks themselves little is ours to read.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/wire/deflate.h"

namespace {

using namespace parley;

constexpr std::size_t kBound = 20'000;  // small, so that short inputs reach it
// About twice what any input was seen to take.
constexpr fuzz::HeapBound kHeap{
    .octets = 163'840, .octets_each = 4, .allocations = 32, .allocations_each = 1};

void check_octets(std::string_view octets) {
  const auto out =
      fuzz::bounded(kHeap, octets.size(), [&] { return wire::inflate(octets, kBound); });
  if (!out) {
    PARLEY_ORACLE(out.error().offset && *out.error().offset <= octets.size());
    return;
  }
  PARLEY_ORACLE(out->octets.size() <= kBound && out->used <= octets.size() && out->used > 0);
  const auto again = wire::inflate(wire::deflate(out->octets), kBound);
  PARLEY_ORACLE(again && again->octets == out->octets);
  const auto alone = wire::inflate(octets.substr(0, out->used), kBound);
  PARLEY_ORACLE(alone && alone->octets == out->octets && alone->used == out->used);
  PARLEY_ORACLE(!wire::inflate(octets.substr(0, out->used - 1), kBound));
  if (!out->octets.empty()) {
    const auto less = wire::inflate(octets, out->octets.size() - 1);
    PARLEY_ORACLE(!less && less.error().code == Errc::too_large);
  }
}

void check_text(std::string_view text, std::size_t cut, std::size_t more) {
  auto octets = wire::deflate(text);
  const auto whole = octets.size();
  octets.resize(whole - std::min(whole, cut));
  octets.append(cut == 0 ? more : 0, 'x');
  const auto out = wire::inflate(octets, text.size());
  PARLEY_ORACLE(out.has_value() == (cut == 0));
  if (out) {
    PARLEY_ORACLE(out->octets == text && out->used == whole);
  } else {
    PARLEY_ORACLE(out.error().code == Errc::truncated);
  }
  check_octets(octets);
}

// Adler-32: RFC 1950 section 8.2.
std::uint32_t checksum_of(std::string_view text) {
  constexpr std::uint32_t kBase = 65'521;
  std::uint32_t first = 1;
  std::uint32_t second = 0;
  for (const auto octet : text) {
    first = (first + static_cast<std::uint8_t>(octet)) % kBase;
    second = (second + first) % kBase;
  }
  return second << 16U | first;
}

void check_turned(std::string_view text, std::size_t octet, std::size_t bit) {
  auto octets = wire::deflate(text);
  auto& turned = octets[octet % octets.size()];
  turned = static_cast<char>(turned ^ (1 << bit % 8));
  const auto out = wire::inflate(octets, kBound);
  PARLEY_ORACLE(!out || checksum_of(out->octets) == checksum_of(text));
  check_octets(octets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size > 2 && (data[0] == 'd' || data[0] == 't')) {
    const auto check = data[0] == 'd' ? check_text : check_turned;
    check(input.substr(3), data[1], data[2]);
  } else if (size > 0) {
    check_octets(input.substr(1));
  }
  return 0;
}
