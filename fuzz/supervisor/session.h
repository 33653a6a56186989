// SPDX-License-Identifier: GPL-3.0-or-later
// One target fuzzed for a while: rounds of the fuzzer, each of which ends with a finding or with
// the time, and for each finding whether it is a new one, whether it shows itself again, and how
// small it can be. Blocks its thread; sessions in other threads need other folders.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/supervisor/catalogue.h"
#include "fuzz/supervisor/defect.h"
#include "fuzz/supervisor/libfuzzer.h"
#include "fuzz/supervisor/watch.h"

namespace parley::fuzz {

struct SessionPlan {
  Target target;
  std::uint64_t seed = 1;
  std::chrono::seconds time{60};
  std::uint64_t executions = 0;      // 0: as many as there is time for
  std::size_t max_input_octets = 0;  // 0: as the corpus has them
  Limits limits{};                   // `total` and `disk` are the session's own
  Leaks leaks = Leaks::ignored;
  RunOptions asked{};                  // kept with what is found
  std::string out{};                   // its folder; made; corpus and findings that are in it go on
  std::vector<std::string> corpora{};  // more folders of seeds
  // In a row, which end early and find nothing new, before the run ends by itself.
  std::size_t most_barren_rounds = 100;
  std::size_t minimise_starts = 60;        // of the program, for each defect
  std::chrono::seconds minimise_time{30};  // for each defect
};

struct Progress {
  std::uint64_t executions = 0;
  double rate = 0;  // executions a second, since the last call
  Status status{};
  std::size_t findings = 0;
  std::chrono::milliseconds took{0};
  std::chrono::milliseconds left{0};
};

// `unfit`: the program is no fuzzer, or keeps no record of its inputs.
enum class SessionEnd { time, executions, stopped, disk_full, dies_at_once, cannot_run, unfit };

struct SessionResult {
  SessionEnd end = SessionEnd::time;
  std::string why;        // of an end that nobody asked for, for people
  std::string warning{};  // what makes the run worth little, for people
  std::vector<Defect> defects;
  Progress last;
};

struct Listeners {
  std::function<void(const Progress&)> progress;   // at most once a second; may be empty
  std::function<void(const Defect&)> defect;       // a new one, before it is minimised
  std::function<bool()> stop;                      // may be empty
  std::function<void(const std::string&)> warn{};  // the result's warning at once; may be empty
};

// Errors: io (the folder cannot be made or written), not_found (no such program).
Result<SessionResult> fuzz(const SessionPlan& plan, const Listeners& listeners);

struct Replay {
  std::optional<Trace> trace;        // nullopt: all ended as they should
  std::optional<std::size_t> which;  // of the inputs; nullopt: unknown
  Ended ended;
};

// Runs `inputs` one after another until one shows a defect. Errors: as of watch(); refused when
// `stop` stopped it; unsupported when the program is no fuzzer; malformed when it came to no end
// and read not all of them.
Result<Replay> replay(const Target& target, const std::vector<std::string>& inputs, Limits limits,
                      Leaks leaks, const RecordFile& record,
                      const std::function<bool()>& stop = {});

// An input that shows a defect.
struct Shown {
  std::size_t which;  // of the inputs
  Trace trace;
  std::string report;  // what the target printed
};

// Runs all `inputs`, those behind one that shows a defect too. Errors: as of replay(); malformed
// when the program ended before it had read an input.
Result<std::vector<Shown>> replay_each(const Target& target, const std::vector<std::string>& inputs,
                                       const Limits& limits, Leaks leaks, RecordFile& record);

// How much making an input small may cost.
struct Effort {
  std::size_t starts = 60;  // of the program; 1: only whether the input shows the defect
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
  std::function<bool()> stop{};
};

// Makes the defect's input small; report and place are then those of the small one. `folder` holds
// what it needs meanwhile. False: the input by itself does not show the defect, which then says
// what happened instead, or it was stopped before that was known. Errors: io.
Result<bool> minimise_defect(const Target& target, Defect& defect, const Limits& limits,
                             const Effort& effort, const std::string& folder);

}  // namespace parley::fuzz
