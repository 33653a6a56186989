// SPDX-License-Identifier: GPL-3.0-or-later
// Which findings are the same defect. The baseline is ClusterFuzz's rule (three frames of the crash
// state equal; or a common subsequence of two of them; or a mean edit ratio above 0.8). Kept of it
// is what people can check by eye; what makes it join or split wrongly is left out: frames of libc,
// of the sanitizers and of the standard library, the stacks of an allocation, line numbers,
// template arguments, the depth of a recursion, frames that everything shares. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fuzz/supervisor/trace.h"

namespace parley::fuzz {

// What a defect is told by. `frames` are bare names, innermost first, at most kStateFrames.
struct CrashState {
  Kind kind;
  std::string what;  // without numbers and addresses
  std::vector<std::string> frames;
  bool recursive = false;  // then `frames` is the set of functions that call one another, sorted

  friend bool operator==(const CrashState&, const CrashState&) = default;
};

inline constexpr std::size_t kStateFrames = 3;

CrashState crash_state(const Trace& trace);

// Why two are the same defect, as a clause for people ("the same oracle"); nullopt: they are not.
std::optional<std::string> same_defect(const CrashState& a, const CrashState& b);

// "sanitizer heap-buffer-overflow, READ in feed < parse < step": the state in one line.
std::string to_line(const CrashState& state);

// Eight hex digits of the state: the same on every machine, for the names of folders.
std::string digest_of(const CrashState& state);

}  // namespace parley::fuzz
