// SPDX-License-Identifier: GPL-3.0-or-later
// Target: what the fuzzers' own supervisor reads (fuzz/supervisor). Input: a letter, then 't' what
// a target has printed before it died, 'c' the JSON of a catalogue of targets. Oracles: of a text
// the first report counts, whatever follows it or stands before; a defect is the same as itself,
// and as what another is the same as; a catalogue has as many targets as its array, each with what
// it needs, or is refused with a number within it. What it takes of the heap is bounded by the size
// of the input (fuzz/heap_bound.h).
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fuzz/heap_bound.h"
#include "fuzz/oracle.h"
#include "fuzz/supervisor/bucket.h"
#include "fuzz/supervisor/catalogue.h"
#include "fuzz/supervisor/trace.h"

namespace {

using namespace parley;
using namespace parley::fuzz;

// About twice what any input was seen to take.
constexpr HeapBound kBound{
    .octets = 16'384, .octets_each = 160, .allocations = 256, .allocations_each = 3};

void check_frames(const Trace& trace, std::string_view text) {
  for (const auto& frame : trace.frames) {
    PARLEY_ORACLE(text.contains(frame.function) && text.contains(frame.place));
    PARLEY_ORACLE(bare_name(frame.function).size() <= frame.function.size());
  }
  const auto own = own_frames(trace.frames);
  PARLEY_ORACLE(own.size() <= trace.frames.size() && own_frames(own) == own);
  const auto place = place_of(trace);
  PARLEY_ORACLE(place.empty() || place == trace.said_at ||
                std::ranges::any_of(own, [&](const Frame& one) { return one.place == place; }));
  PARLEY_ORACLE(text.contains(trace.said_at) && trace.said.size() <= kMaxSaid);
  for (const auto& line : trace.said) {
    PARLEY_ORACLE(text.contains(line) && line.size() <= kMaxWhat);
  }
}

void check_state(const Trace& trace) {
  const auto state = crash_state(trace);
  PARLEY_ORACLE(state.kind == trace.kind && crash_state(trace) == state);
  PARLEY_ORACLE(state.recursive || state.frames.size() <= kStateFrames);
  PARLEY_ORACLE(same_defect(state, state));
  const CrashState other{.kind = Kind::leak, .what = "leak", .frames = state.frames};
  PARLEY_ORACLE(same_defect(state, other).has_value() == same_defect(other, state).has_value());
  const auto digest = digest_of(state);
  PARLEY_ORACLE(digest.size() == 8 &&
                digest.find_first_not_of("0123456789abcdef") == std::string::npos);
  PARLEY_ORACLE(!to_line(state).empty());
}

void check_trace(std::string_view text) {
  const auto trace = bounded(kBound, text.size(), [&] { return read_trace(text); });
  const auto later = read_trace("a line\n#1 pulse\n" + std::string(text));
  PARLEY_ORACLE(later == trace);
  if (!trace) {
    return;
  }
  PARLEY_ORACLE(kind_of(to_string(trace->kind)) == trace->kind);
  check_frames(*trace, text);
  check_state(*trace);
}

void check_catalogue(std::string_view text) {
  const auto targets = read_catalogue(text);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!targets) {
    PARLEY_ORACLE(!targets.error().detail.empty());
    return;
  }
  PARLEY_ORACLE(json.is_array() && json.size() == targets->size());
  for (std::size_t i = 0; i < targets->size(); ++i) {
    const auto& target = (*targets)[i];
    PARLEY_ORACLE(json[i]["name"] == target.name && json[i]["program"] == target.program);
    PARLEY_ORACLE(!target.name.empty() && !target.program.empty() && !target.corpus.empty());
    PARLEY_ORACLE(target.edges == 0 || json[i]["edges"] == target.edges);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('c')) {
    check_catalogue(input.substr(1));
  } else if (!input.empty()) {
    check_trace(input.substr(1));
  }
  return 0;
}
