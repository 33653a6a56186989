// SPDX-License-Identifier: GPL-3.0-or-later
// Target: what wakes a client (harness/reference/whatsapp/wake_text.h). Input: the octets of a wake
// line.
// Oracles: however they are cut the lines are the same, none longer than a line may be; a wake is
// written as one line, which reads the same.
// What it takes of the heap is bounded by the size of the input (fuzz/heap_bound.h).
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "harness/base/rng.h"
#include "harness/reference/whatsapp/wake_text.h"

namespace {

using namespace parley;
using namespace parley::reference::whatsapp;

// Small, so that short inputs reach it.
constexpr std::size_t kMost = 200;
// About twice what any input was seen to take.
constexpr fuzz::HeapBound kBound{
    .octets = 8'192, .octets_each = 200, .allocations = 64, .allocations_each = 2};

struct Read {
  std::vector<std::string> lines;
  bool over = false;

  friend bool operator==(const Read&, const Read&) = default;
};

Read read_in_segments(std::string_view octets, std::uint64_t longest) {
  Rng cuts = Rng(longest).child(octets);
  WakeLines reader(kMost);
  Read out;
  while (!octets.empty()) {
    const auto segment = octets.substr(0, 1 + cuts.below(longest));
    octets.remove_prefix(segment.size());
    reader.add(segment);
    for (auto line = reader.next(); line; line = reader.next()) {
      out.lines.push_back(std::move(*line));
    }
  }
  out.over = reader.over();
  return out;
}

void check_lines(const Read& read, std::string_view octets) {
  for (const auto& line : read.lines) {
    PARLEY_ORACLE(line.size() < kMost && octets.starts_with(line));
    octets.remove_prefix(line.size());
    PARLEY_ORACLE(octets.starts_with('\n'));
    octets.remove_prefix(1);
  }
  // What is left is no line: it has no end, or not where a line may have it.
  PARLEY_ORACLE(read.over == (octets.substr(0, kMost).find('\n') == std::string_view::npos &&
                              octets.size() >= kMost));
  PARLEY_ORACLE(read.over || octets.find('\n') == std::string_view::npos);
}

void check_wake(std::string_view line) {
  const auto wake = fuzz::bounded(kBound, line.size(), [&] { return wake_in(line); });
  if (!wake) {
    return;
  }
  PARLEY_ORACLE(line.contains('{') && wake->user.empty());
  const auto written = line_with(*wake);
  PARLEY_ORACLE(written.find('\n') == written.size() - 1);
  const auto again = wake_in(written);
  PARLEY_ORACLE(again && again->id == wake->id && again->alert == wake->alert);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = read_in_segments(octets, size + 1);
  check_lines(whole, octets);
  for (const std::uint64_t longest : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{64}}) {
    PARLEY_ORACLE(read_in_segments(octets, longest) == whole);
  }
  for (const auto& line : whole.lines) {
    check_wake(line);
  }
  check_wake(octets);
  return 0;
}
