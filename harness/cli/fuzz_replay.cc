// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "fuzz/supervisor/session.h"
#include "harness/base/text.h"
#include "harness/cli/fuzz_targets.h"
#include "harness/cli/output.h"
#include "harness/cli/stop_signals.h"
#include "harness/cli/work_folder.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t kMinimiseStarts = 500;  // of the program

// What a target printed, line by line.
std::string printable_lines(const std::string& text) {
  auto lines = split(text, '\n');
  for (auto& line : lines) {
    line = printable(line, 400);
  }
  return join(lines, "\n");
}

Bytes read_input(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One input and what it shows.
struct Shown {
  std::string file;
  fuzz::Trace trace;
  std::string report;
};

struct Replays {
  std::vector<Shown> shown;
  std::size_t inputs = 0;
};

// Gives the target all inputs, those behind one that shows a defect too. An exit code after a
// message.
std::expected<Replays, ExitCode> replay_all(const fuzz::Target& target,
                                            const FuzzArguments& arguments,
                                            const std::vector<std::string>& inputs) {
  const WorkFolder folder;
  auto record = fuzz::RecordFile::create(folder.in("record"));
  if (!record) {
    put(stderr, "parley: {}\n", record.error().detail);
    return std::unexpected(ExitCode::harness_error);
  }
  auto seen = fuzz::replay_each(target, inputs, fuzz_limits(arguments), arguments.leaks, *record);
  if (!seen) {
    put(stderr, "parley: {}\n", printable(seen.error().detail, 1000));
    return std::unexpected(fuzz_exit_code(seen.error()));
  }
  Replays out{.shown = {}, .inputs = inputs.size()};
  for (auto& one : *seen) {
    out.shown.push_back({.file = inputs[one.which],
                         .trace = std::move(one.trace),
                         .report = std::move(one.report)});
  }
  return out;
}

std::string how_many(const Replays& replays) {
  return fmt::format("{}, {} {} a defect", counted(replays.inputs, "input"), replays.shown.size(),
                     replays.shown.size() == 1 ? "shows" : "show");
}

fuzz::Defect defect_of(const FuzzArguments& arguments, const fuzz::Target& target,
                       const Shown& shown) {
  fuzz::Defect out{.target = target.name,
                   .state = fuzz::crash_state(shown.trace),
                   .place = fuzz::place_of(shown.trace),
                   .input = read_input(shown.file),
                   .minimised = std::nullopt,
                   .reproduces = fuzz::Reproduces::yes,
                   .report = shown.report,
                   .said = shown.trace.said,
                   .run = fuzz_options(arguments)};
  fuzz::note_place(out, out.place);
  out.offer = {.input = shown.file, .replay = fuzz_again(out, shown.file)};
  return out;
}

struct Bucket {
  fuzz::Defect defect;             // of the smallest input
  std::vector<std::string> files;  // each with why it is the same defect
};

std::vector<Bucket> buckets_of(const FuzzArguments& arguments, const fuzz::Target& target,
                               const std::vector<Shown>& shown) {
  std::vector<Bucket> out;
  for (const auto& one : shown) {
    auto defect = defect_of(arguments, target, one);
    std::optional<std::string> why;
    const auto found = std::ranges::find_if(out, [&](const Bucket& bucket) {
      why = fuzz::same_defect(bucket.defect.state, defect.state);
      return why.has_value();
    });
    if (found == out.end()) {
      out.push_back({.defect = std::move(defect), .files = {one.file}});
      continue;
    }
    ++found->defect.seen;
    fuzz::note_place(found->defect, defect.place);
    found->files.push_back(fmt::format("{} ({})", one.file, *why));
    if (defect.input.size() < found->defect.input.size()) {
      found->defect.input = std::move(defect.input);
      found->defect.place = std::move(defect.place);
      found->defect.report = std::move(defect.report);
      found->defect.said = std::move(defect.said);
      found->defect.offer = std::move(defect.offer);
    }
  }
  return out;
}

// False after a message: it is there already, or nothing can be written beside it.
bool can_make_file(const std::string& path) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(path, error))) {
    put(stderr, "parley: '{}' is there already: --out names a new file\n", path);
    return false;
  }
  const auto parent = fs::path(path).parent_path();
  return fuzz_can_write(parent.empty() ? "." : parent.string());
}

}  // namespace

ExitCode fuzz_replay(const FuzzArguments& arguments) {
  const auto target = fuzz_target(arguments);
  const auto inputs = target ? fuzz_inputs(arguments) : std::nullopt;
  if (!inputs) {
    return ExitCode::usage;
  }
  const auto replays = replay_all(*target, arguments, *inputs);
  if (!replays) {
    return replays.error();
  }
  for (const auto& one : replays->shown) {
    put(stdout, "{}: {}\n", one.file, printable(fuzz::to_line(fuzz::crash_state(one.trace)), 400));
    for (const auto& line : one.trace.said) {
      put(stdout, "  {}\n", printable(line, 400));
    }
  }
  if (replays->shown.size() == 1) {
    put(stdout, "\n{}\n", printable_lines(replays->shown.front().report));
  }
  put(stdout, "{}\n", how_many(*replays));
  return replays->shown.empty() ? ExitCode::ok : ExitCode::findings;
}

ExitCode fuzz_minimize(const FuzzArguments& arguments) {
  const auto target = fuzz_target(arguments);
  const auto inputs = target ? fuzz_inputs(arguments) : std::nullopt;
  if (!inputs) {
    return ExitCode::usage;
  }
  if (inputs->size() != 1) {
    put(stderr, "parley: minimize takes one input; {} are named\n", inputs->size());
    return ExitCode::usage;
  }
  const auto out = arguments.out.empty() ? arguments.files.front() + ".min" : arguments.out;
  if (!can_make_file(out)) {
    return ExitCode::usage;
  }
  const auto replays = replay_all(*target, arguments, *inputs);
  if (!replays) {
    return replays.error();
  }
  if (replays->shown.empty()) {
    put(stderr,
        "parley: '{}' shows no defect of {}: there is nothing to keep while it is made smaller "
        "(leaks are seen with --leaks alone)\n",
        arguments.files.front(), target->name);
    return ExitCode::nothing_judged;
  }
  auto defect = defect_of(arguments, *target, replays->shown.front());
  const WorkFolder folder;
  const StopSignals signals;
  const fuzz::Effort effort{.starts = kMinimiseStarts,
                            .stop = [] { return StopSignals::requested(); }};
  const auto shows =
      fuzz::minimise_defect(*target, defect, fuzz_limits(arguments), effort, folder.in("tries"));
  if (StopSignals::requested()) {
    put(stderr, "parley: stopped, nothing is written\n");
    return ExitCode::stopped;
  }
  if (!shows || !*shows) {
    put(stderr, "parley: {}\n",
        shows ? "the defect did not show itself a second time: " + printable(defect.instead, 400)
              : shows.error().detail);
    return ExitCode::harness_error;
  }
  const auto& smallest = defect.minimised ? *defect.minimised : defect.input;
  std::ofstream file(out, std::ios::binary | std::ios::noreplace);
  file << smallest;
  file.flush();
  if (!file) {
    put(stderr, "parley: '{}' cannot be written\n", out);
    return ExitCode::harness_error;
  }
  put(stdout, "{}\n{}: {}, {} before\n", printable(fuzz::to_line(defect.state), 400), out,
      counted(smallest.size(), "octet"), defect.input.size());
  return ExitCode::findings;
}

ExitCode fuzz_triage(const FuzzArguments& arguments) {
  const auto target = fuzz_target(arguments);
  const auto inputs = target ? fuzz_inputs(arguments) : std::nullopt;
  if (!inputs || (!arguments.out.empty() && !fuzz_can_make(arguments.out))) {
    return ExitCode::usage;
  }
  const auto replays = replay_all(*target, arguments, *inputs);
  if (!replays) {
    return replays.error();
  }
  const auto buckets = buckets_of(arguments, *target, replays->shown);
  std::vector<fuzz::Defect> defects;
  for (const auto& bucket : buckets) {
    defects.push_back(bucket.defect);
    if (arguments.out.empty()) {
      continue;
    }
    if (const auto saved = fuzz::save(bucket.defect, arguments.out); !saved) {
      put(stderr, "parley: {}\n", saved.error().detail);
      return ExitCode::harness_error;
    }
  }
  if (arguments.json) {
    put(stdout, "{}", fuzz::to_json(defects));
  } else {
    for (const auto& bucket : buckets) {
      put(stdout, "{}\n", printable(fuzz::to_line(bucket.defect.state), 400));
      for (const auto& line : bucket.defect.said) {
        put(stdout, "  {}\n", printable(line, 400));
      }
      if (!bucket.defect.places.empty()) {
        put(stdout, "  at {}\n", fuzz_places(bucket.defect));
      }
      for (const auto& file : bucket.files) {
        put(stdout, "  {}\n", file);
      }
    }
    put(stdout, "{}, {}\n", how_many(*replays), counted(buckets.size(), "defect"));
  }
  return buckets.empty() ? ExitCode::ok : ExitCode::findings;
}

}  // namespace parley::cli
