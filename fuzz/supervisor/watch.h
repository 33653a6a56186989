// SPDX-License-Identifier: GPL-3.0-or-later
// A fuzz target as a child process that cannot outlive its limits: a fuzzer that waits for ever in
// the allocator's own abort reports nothing, so time, memory and disk are watched from outside.
// Blocks its thread; each child has a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/supervisor/record_file.h"
#include "fuzz/supervisor/trace.h"
#include "harness/base/result.h"

namespace parley::fuzz {

struct Limits {
  std::chrono::milliseconds input{10'000};  // of one call of the target or its mutator
  std::chrono::milliseconds total{60'000};  // of the process, its start and its end included
  std::uint64_t memory_mib = 2048;          // resident
  std::string disk{};  // a folder on the disk that must not run full; empty: not watched
  std::uint64_t disk_left_mib = 64;  // of that disk, for what has to be saved
};

enum class StoppedFor { nothing, input_time, total_time, memory, disk, request };

struct Ended {
  StoppedFor stopped_for = StoppedFor::nothing;
  bool by_signal = false;
  int status = 0;      // exit status, or the signal's number
  std::string output;  // standard output and standard error as they came; its beginning and its end
  Moment last;         // what it was doing
};

struct Watched {
  std::vector<std::string> command;
  const RecordFile* record = nullptr;
  Limits limits;
  std::function<void(std::string_view line)> on_line;  // may be empty
  std::function<bool()> stop;                          // may be empty; asked several times a second
};

// Errors: not_found (no such program), io.
Result<Ended> watch(const Watched& watched);

// What an end says about the parser; nullopt: it ended as it should. `limits` are those that it
// had.
std::optional<Trace> judge_end(const Ended& ended, const Limits& limits);

}  // namespace parley::fuzz
