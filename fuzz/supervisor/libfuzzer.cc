// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/libfuzzer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace parley::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFewCounters = 16;  // a function or two: not those of a parser

// The number behind `mark`; nullopt: it is not there.
std::optional<std::uint64_t> number_behind(std::string_view line, std::string_view mark) {
  const auto at = line.find(mark);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const auto rest = line.substr(at + mark.size());
  std::uint64_t out = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  return read.ec == std::errc() ? std::optional(out) : std::nullopt;
}

// What both commands begin with: the environment of sanitizers and record, and the limits of one
// input.
std::vector<std::string> begin_of(const Target& target, const Limits& limits, Leaks leaks,
                                  const std::string& record, const std::string& symbolizer) {
  const std::string names =
      symbolizer.empty() ? "" : fmt::format(":external_symbolizer_path={}", symbolizer);
  const int seconds =
      static_cast<int>(std::chrono::ceil<std::chrono::seconds>(limits.input).count());
  return {"env",
          "PARLEY_FUZZ_RECORD=" + record,
          fmt::format("ASAN_OPTIONS=detect_leaks={}:symbolize=1:allocator_may_return_null=0{}",
                      leaks == Leaks::reported ? 1 : 0, names),
          "UBSAN_OPTIONS=print_stacktrace=1:symbolize=1" + names,
          target.program,
          fmt::format("-detect_leaks={}", leaks == Leaks::reported ? 1 : 0),
          fmt::format("-timeout={}", std::max(seconds, 1)),
          fmt::format("-rss_limit_mb={}", limits.memory_mib)};
}

}  // namespace

std::optional<Status> read_status(std::string_view line) {
  if (!line.starts_with('#')) {
    return std::nullopt;
  }
  const auto edges = number_behind(line, "cov: ");
  const auto corpus = number_behind(line, "corp: ");
  if (!edges && !corpus) {
    return std::nullopt;
  }
  return Status{.edges = edges.value_or(0),
                .features = number_behind(line, "ft: ").value_or(0),
                .corpus = corpus.value_or(0)};
}

std::optional<std::uint64_t> read_counters(std::string_view line) {
  const bool counters = line.starts_with("INFO: Loaded ") && line.contains(" modules ");
  return counters ? number_behind(line, "(") : std::nullopt;
}

std::optional<std::uint64_t> read_seeds_reach(std::string_view line) {
  return line.starts_with('#') && line.contains("\tINITED ")
             ? std::optional(number_behind(line, "cov: ").value_or(0))
             : std::nullopt;
}

std::optional<std::string> read_running(std::string_view line) {
  // What the target printed last may have had no line end.
  constexpr std::string_view kMark = "Running: ";
  const auto at = line.rfind(kMark);
  return at == std::string_view::npos ? std::nullopt
                                      : std::optional(std::string(line.substr(at + kMark.size())));
}

std::vector<std::string> fuzz_command(const Target& target, const Round& round,
                                      const Limits& limits, const std::string& record,
                                      const std::string& symbolizer) {
  auto out = begin_of(target, limits, round.leaks, record, symbolizer);
  // libFuzzer takes a seed of 32 bits, and 0 as a wish for chance.
  const auto folded = static_cast<std::uint32_t>(round.seed ^ (round.seed >> 32));
  out.push_back(fmt::format("-seed={}", std::max<std::uint32_t>(folded, 1)));
  out.push_back(fmt::format("-max_total_time={}", std::max<std::int64_t>(round.time.count(), 1)));
  if (round.executions > 0) {
    out.push_back(fmt::format("-runs={}", round.executions));
  }
  if (round.max_input_octets > 0) {
    out.push_back(fmt::format("-max_len={}", round.max_input_octets));
  }
  if (!target.dictionary.empty()) {
    out.push_back("-dict=" + target.dictionary);
  }
  out.push_back("-artifact_prefix=" + round.artefacts + "/");
  out.push_back("-reload=0");
  out.push_back(round.corpus);
  out.insert(out.end(), round.seeds.begin(), round.seeds.end());
  return out;
}

std::vector<std::string> replay_command(const Target& target,
                                        const std::vector<std::string>& inputs,
                                        const Limits& limits, Leaks leaks,
                                        const std::string& record, const std::string& symbolizer) {
  auto out = begin_of(target, limits, leaks, record, symbolizer);
  out.push_back("-exact_artifact_path=/dev/null");  // it writes another copy otherwise
  out.insert(out.end(), inputs.begin(), inputs.end());
  return out;
}

std::vector<std::string> coverage_command(const Target& target, const std::string& folder,
                                          const Limits& limits, const std::string& record,
                                          const std::string& symbolizer) {
  auto out = begin_of(target, limits, Leaks::ignored, record, symbolizer);
  out.insert(out.end(), {"-runs=0", "-print_coverage=1", "-exact_artifact_path=/dev/null", folder});
  return out;
}

bool is_fuzzer(std::string_view output) {
  return output.find("INFO: Seed: ") != std::string_view::npos;
}

std::string why_no_fuzzer(const Target& target, std::string_view output) {
  return fmt::format(
      "'{}' is built without libFuzzer, or died before it began: link it with "
      "-fsanitize=fuzzer, as parley_fuzz_parser() of fuzz/sdk/parley_fuzz.cmake and the preset "
      "fuzz do; it says: {}",
      target.program, output.empty() ? "nothing" : output.substr(0, 200));
}

std::string why_no_record(const Target& target) {
  return fmt::format(
      "'{}' runs inputs and keeps no record of them: build it by parley_fuzz_parser() of "
      "fuzz/sdk/parley_fuzz.cmake, which links fuzz/sdk/record.c",
      target.program);
}

std::string why_blind(const Target& target, const Sight& sight) {
  if (sight.counters >= kFewCounters && sight.reached > 1) {
    return "";
  }
  return fmt::format(
      "the fuzzer is blind in '{}' (edges that it sees: {}, that the seeds reach: {}): compile the "
      "parser's library with the flags that parley_fuzz_instrument(LIBRARY) of "
      "fuzz/sdk/parley_fuzz.cmake gives it (-fsanitize=fuzzer-no-link,address,undefined)",
      target.program, sight.counters, sight.reached);
}

Limits outer_limits(Limits limits) {
  limits.input += limits.input / 2 + 5s;
  limits.memory_mib += limits.memory_mib / 4;
  return limits;
}

std::string find_symbolizer() {
  for (const auto* path : {"/usr/bin/llvm-symbolizer-19", "/usr/lib/llvm-19/bin/llvm-symbolizer",
                           "/usr/bin/llvm-symbolizer"}) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) {
      return path;
    }
  }
  return "";
}

}  // namespace parley::fuzz
