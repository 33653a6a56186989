// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer (clang 19) as seen from outside: its command line and what it prints. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/supervisor/catalogue.h"
#include "fuzz/supervisor/watch.h"

namespace parley::fuzz {

enum class Leaks { ignored, reported };

// One line of progress: "#4096 pulse cov: 547 ft: 2105 corp: 424/12Kb …".
struct Status {
  std::uint64_t edges = 0;
  std::uint64_t features = 0;
  std::uint64_t corpus = 0;  // inputs
};
std::optional<Status> read_status(std::string_view line);

// How many edges of the program have counters: "INFO: Loaded 1 modules   (9 inline 8-bit …". None
// is said where none has.
std::optional<std::uint64_t> read_counters(std::string_view line);

// How many edges the seeds reach, once all have been run: "#7 INITED cov: 5 …".
std::optional<std::uint64_t> read_seeds_reach(std::string_view line);

// The input that a replay has begun: "Running: PATH".
std::optional<std::string> read_running(std::string_view line);

struct Round {
  std::uint64_t seed = 1;
  std::chrono::seconds time{60};     // of fuzzing
  std::uint64_t executions = 0;      // 0: as many as there is time for
  std::size_t max_input_octets = 0;  // 0: as the corpus has them
  std::string corpus{};              // what is found goes here
  std::vector<std::string> seeds{};  // folders that are only read
  std::string artefacts{};           // a folder
  Leaks leaks = Leaks::ignored;
};

// `symbolizer`: the program that names functions; empty: what is in the PATH.
std::vector<std::string> fuzz_command(const Target& target, const Round& round,
                                      const Limits& limits, const std::string& record,
                                      const std::string& symbolizer);
std::vector<std::string> replay_command(const Target& target,
                                        const std::vector<std::string>& inputs,
                                        const Limits& limits, Leaks leaks,
                                        const std::string& record, const std::string& symbolizer);

// One pass over the files of `folder`, which ends with what they reach.
std::vector<std::string> coverage_command(const Target& target, const std::string& folder,
                                          const Limits& limits, const std::string& record,
                                          const std::string& symbolizer);

// Whether what a program has printed is how libFuzzer begins.
bool is_fuzzer(std::string_view output);
// Why a program that does not begin so is of no use, for people, and what mends it.
std::string why_no_fuzzer(const Target& target, std::string_view output);
// The same of one that runs inputs and does not say which.
std::string why_no_record(const Target& target);

// Of what the fuzzer is led by: edges that have counters, and those of them that the seeds reach.
struct Sight {
  std::uint64_t counters = 0;
  std::uint64_t reached = 0;
};
// What is wrong where that is too little to be led by, for people, and what mends it; empty: it is
// enough.
std::string why_blind(const Target& target, const Sight& sight);

// The limits that watch() gives to one whose own are `limits`: it tells of itself where it hangs
// and what takes its memory, if it can, and it looks but twice in the time of an input.
Limits outer_limits(Limits limits);

// llvm-symbolizer of clang 19, where Debian has it; empty: not installed.
std::string find_symbolizer();

}  // namespace parley::fuzz
