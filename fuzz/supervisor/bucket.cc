// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <set>

#include "harness/base/text.h"

namespace parley::fuzz {
namespace {

constexpr std::size_t kMinRepeats = 8;  // of one function in one stack: a recursion

// Sizes and addresses differ from input to input.
std::string without_numbers(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      out += text[i++];
      continue;
    }
    out += 'N';
    while (i < text.size() && (std::isxdigit(static_cast<unsigned char>(text[i])) != 0 ||
                               text[i] == 'x' || text[i] == '.')) {
      ++i;
    }
  }
  return out;
}

std::string name_of(const Frame& frame) {
  if (!frame.function.empty()) {
    return bare_name(frame.function);
  }
  return "?";
}

bool is_recursion(const std::vector<std::string>& names) {
  std::map<std::string, std::size_t> counts;
  for (const auto& name : names) {
    ++counts[name];
  }
  return std::ranges::any_of(counts, [](const auto& one) { return one.second >= kMinRepeats; });
}

// The functions that come again and again: where a stack is cut, and who entered, says nothing.
std::vector<std::string> circle_of(const std::vector<std::string>& names) {
  std::map<std::string, std::size_t> counts;
  for (const auto& name : names) {
    ++counts[name];
  }
  std::set<std::string> out;
  for (const auto& [name, count] : counts) {
    if (count >= kMinRepeats / 2) {
      out.insert(name);
    }
  }
  return {out.begin(), out.end()};
}

std::size_t common_in_order(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::size_t> before(b.size() + 1, 0);
  for (const auto& one : a) {
    auto now = before;
    for (std::size_t i = 0; i < b.size(); ++i) {
      now[i + 1] = one == b[i] ? before[i] + 1 : std::max(now[i], before[i + 1]);
    }
    before = now;
  }
  return before.back();
}

// Two stacks tell of one defect by the innermost frame, and by one of the two that called it: a
// helper that everything calls (a copy, a check) is innermost in many defects.
bool same_stack(const CrashState& a, const CrashState& b) {
  if (a.frames.empty() || b.frames.empty() || a.frames.front() != b.frames.front()) {
    return false;
  }
  const auto least = std::min({a.frames.size(), b.frames.size(), std::size_t{2}});
  return common_in_order(a.frames, b.frames) >= least;
}

bool is_known(const CrashState& state) {
  return !state.frames.empty() && std::ranges::count(state.frames, "?") == 0;
}

}  // namespace

CrashState crash_state(const Trace& trace) {
  // What is no finding is told once, and as it is.
  CrashState out{.kind = trace.kind,
                 .what = is_finding(trace.kind) ? without_numbers(trace.what) : trace.what,
                 .frames = {}};
  if (trace.kind == Kind::disagreement) {
    return out;  // the oracle's own sentence says all; the stack is that of the target
  }
  std::vector<std::string> names;
  for (const auto& frame : own_frames(trace.frames)) {
    names.push_back(name_of(frame));
  }
  if (is_recursion(names)) {
    out.recursive = true;
    out.frames = circle_of(names);
    return out;
  }
  // One function inlined into itself, or lambdas of it, are one frame.
  names.erase(std::ranges::unique(names).begin(), names.end());
  names.resize(std::min(names.size(), kStateFrames));
  out.frames = names;
  return out;
}

std::optional<std::string> same_defect(const CrashState& a, const CrashState& b) {
  if (a.kind != b.kind) {
    return std::nullopt;
  }
  if (a.kind == Kind::disagreement) {
    return a.what == b.what ? std::optional<std::string>("the same oracle") : std::nullopt;
  }
  if (a.recursive || b.recursive) {
    return a.recursive && b.recursive && a.frames == b.frames
               ? std::optional<std::string>("the same circle of calls")
               : std::nullopt;
  }
  // Where an input hangs or memory ends is chance within a loop: the callers tell.
  const bool loose = a.kind == Kind::hang || a.kind == Kind::out_of_memory;
  if (loose && (!is_known(a) || !is_known(b))) {
    // Ended from outside, it could not say where it was; each input is kept.
    return "the same kind of end, and no stack that tells more";
  }
  if (loose) {
    const auto least = std::min({a.frames.size(), b.frames.size(), std::size_t{2}});
    return common_in_order(a.frames, b.frames) >= least
               ? std::optional<std::string>("the same callers")
               : std::nullopt;
  }
  if (a.what != b.what) {
    return std::nullopt;
  }
  if (!is_known(a) || !is_known(b)) {
    return a == b ? std::optional<std::string>("the same report, and no names of functions")
                  : std::nullopt;
  }
  if (a.frames == b.frames) {
    return "the same report and stack";
  }
  return same_stack(a, b) ? std::optional<std::string>("the same report at the same place")
                          : std::nullopt;
}

std::string to_line(const CrashState& state) {
  return fmt::format("{}: {}{}{}", to_string(state.kind), state.what,
                     state.frames.empty() ? ""
                     : state.recursive    ? " in the circle of "
                                          : " in ",
                     join(state.frames, " < "));
}

std::string digest_of(const CrashState& state) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const char one : to_line(state)) {
    hash = (hash ^ static_cast<unsigned char>(one)) * 0x100000001b3;
  }
  return fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ (hash >> 32)));
}

}  // namespace parley::fuzz
