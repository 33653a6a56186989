// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fuzz/supervisor/minimise.h"
#include "fuzz/supervisor/session.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kInputsAtOnce = 200;  // on one command line

Result<std::string> put_file(const fs::path& path, std::string_view octets) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  file.flush();
  if (!file) {
    return fail(Errc::io, fmt::format("'{}' cannot be written", path.string()));
  }
  return path.string();
}

// Of many inputs in one process the one may have needed those before it, and the report of the
// larger one tells of other places: the small one is asked for once more, alone.
void offer_instead(Bytes smaller, Defect& defect,
                   const std::function<Result<Replay>(const std::string& file)>& run,
                   const std::string& folder) {
  const auto file = put_file(fs::path(folder) / "minimised", smaller);
  if (!file) {
    return;
  }
  auto seen = run(*file);
  if (!seen || !seen->trace || !same_defect(crash_state(*seen->trace), defect.state)) {
    return;
  }
  if (defect.report_as_found.empty()) {
    defect.report_as_found = std::move(defect.report);
  }
  defect.report = std::move(seen->ended.output);
  defect.place = place_of(*seen->trace);
  note_place(defect, defect.place);
  defect.said = std::move(seen->trace->said);
  defect.minimised = std::move(smaller);
}

// What came of the input by itself; whether that shows the defect. What was known stays where it
// was stopped.
bool note_alone(Defect& defect, const Result<Replay>& seen) {
  if (!seen) {
    const bool stopped = seen.error().code == Errc::refused;
    if (!stopped || defect.reproduces == Reproduces::not_tried) {
      defect.reproduces = Reproduces::not_tried;
      defect.instead = stopped ? "it was stopped before its end" : seen.error().detail;
    }
    return false;
  }
  const auto& trace = seen->trace;
  const auto state = trace ? std::optional(crash_state(*trace)) : std::nullopt;
  const bool shows = state && same_defect(*state, defect.state);
  defect.reproduces = shows ? Reproduces::yes : Reproduces::no;
  defect.instead = shows    ? ""
                   : !state ? "it ran to its end"
                            : fmt::format("{}: {}",
                                          state->kind == Kind::hang ? "it ran into the time limit"
                                                                    : "it showed another defect",
                                          to_line(*state));
  return shows;
}

}  // namespace

Result<Replay> replay(const Target& target, const std::vector<std::string>& inputs, Limits limits,
                      Leaks leaks, const RecordFile& record, const std::function<bool()>& stop) {
  std::optional<std::string> running;
  limits.total = limits.input * static_cast<int>(inputs.size() + 1) + 30s;
  Watched watched{
      .command = replay_command(target, inputs, limits, leaks, record.path(), find_symbolizer()),
      .record = &record,
      .limits = outer_limits(limits),
      .on_line =
          [&](std::string_view line) {
            if (auto path = read_running(line)) {
              running = std::move(path);
            }
          },
      .stop = stop};
  auto ended = watch(watched);
  if (!ended) {
    return std::unexpected(ended.error());
  }
  if (ended->stopped_for == StoppedFor::request) {
    return fail(Errc::refused, "stopped");
  }
  if (ended->last.begun == 0 && !is_fuzzer(ended->output)) {
    return fail(Errc::unsupported, why_no_fuzzer(target, ended->output));
  }
  Replay out{.trace = judge_end(*ended, limits), .which = std::nullopt, .ended = std::move(*ended)};
  if (!out.trace && out.ended.last.ended < inputs.size()) {
    return fail(Errc::malformed,
                fmt::format("'{}' has read {} of {} inputs, and says nothing of a defect: {}",
                            target.program, out.ended.last.ended, inputs.size(),
                            out.ended.output.substr(0, 300)));
  }
  if (out.trace && running) {
    const auto found = std::ranges::find(inputs, *running);
    if (found != inputs.end()) {
      out.which = static_cast<std::size_t>(found - inputs.begin());
    }
  }
  return out;
}

Result<std::vector<Shown>> replay_each(const Target& target, const std::vector<std::string>& inputs,
                                       const Limits& limits, Leaks leaks, RecordFile& record) {
  std::vector<Shown> out;
  for (std::size_t at = 0; at < inputs.size();) {
    const auto end = std::min(at + kInputsAtOnce, inputs.size());
    const std::vector part(inputs.begin() + static_cast<std::ptrdiff_t>(at),
                           inputs.begin() + static_cast<std::ptrdiff_t>(end));
    record.clear();
    auto seen = replay(target, part, limits, leaks, record);
    if (!seen) {
      return std::unexpected(seen.error());
    }
    if (!seen->trace) {
      at = end;
      continue;
    }
    if (!seen->which) {
      return fail(Errc::malformed, fmt::format("'{}' ended before it had read an input: {}",
                                               target.program, seen->ended.output.substr(0, 600)));
    }
    at += *seen->which;
    out.push_back(
        {.which = at, .trace = std::move(*seen->trace), .report = std::move(seen->ended.output)});
    ++at;
  }
  return out;
}

namespace {

// As files that are called by their index; nullopt: the disk is full.
std::optional<std::vector<std::string>> put_files(const fs::path& folder,
                                                  const std::vector<Bytes>& inputs) {
  std::vector<std::string> out;
  for (const auto& input : inputs) {
    const auto file = put_file(folder / fmt::format("{}", out.size()), input);
    if (!file) {
      return std::nullopt;
    }
    out.push_back(*file);
  }
  return out;
}

}  // namespace

Result<bool> minimise_defect(const Target& target, Defect& defect, const Limits& limits,
                             const Effort& effort, const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  auto record = RecordFile::create(folder + "/record");
  if (error || !record) {
    return error ? fail(Errc::io, fmt::format("'{}': {}", folder, error.message()))
                 : std::unexpected(record.error());
  }
  const auto leaks = defect.state.kind == Kind::leak ? Leaks::reported : Leaks::ignored;
  std::size_t starts = 0;
  const auto spent = [&] {
    return std::chrono::steady_clock::now() > effort.until || (effort.stop && effort.stop());
  };
  // Those before the one that shows another defect do not show this one, those behind it are asked
  // again.
  const FirstThatShows first =
      [&](const std::vector<Bytes>& candidates) -> std::optional<std::size_t> {
    const auto files = put_files(folder, candidates);
    if (!files) {
      return std::nullopt;
    }
    for (std::size_t at = 0; at < files->size() && starts < effort.starts && !spent();) {
      ++starts;
      const auto part = std::vector(files->begin() + static_cast<std::ptrdiff_t>(at), files->end());
      record->clear();
      const auto seen = replay(target, part, limits, leaks, *record, spent);
      if (!seen || !seen->trace || !seen->which) {
        return std::nullopt;
      }
      if (same_defect(crash_state(*seen->trace), defect.state)) {
        return at + *seen->which;
      }
      at += *seen->which + 1;
    }
    return std::nullopt;
  };
  const auto file = put_file(fs::path(folder) / "input", defect.input);
  if (!file) {
    return std::unexpected(file.error());
  }
  ++starts;
  const bool shows = note_alone(defect, replay(target, {*file}, limits, leaks, *record, spent));
  if (shows && effort.starts > 1) {
    auto smaller = minimise(defect.input, first, effort.starts);
    if (smaller != defect.input) {
      offer_instead(
          std::move(smaller), defect,
          [&](const std::string& file) {
            record->clear();
            return replay(target, {file}, limits, leaks, *record, effort.stop);
          },
          folder);
    }
  }
  fs::remove_all(folder, error);
  return shows;
}

}  // namespace parley::fuzz
