// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/fuzz_targets.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "fuzz/supervisor/inputs.h"
#include "harness/base/text.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

bool is_selected(const fuzz::Target& target, const std::vector<std::string>& words) {
  return words.empty() || std::ranges::any_of(words, [&](const std::string& word) {
           return glob_match(word, target.name);
         });
}

// What is found without --targets, whatever the environment says.
bool is_own_list(const std::string& catalogue) {
  return catalogue.empty() || catalogue == PARLEY_FUZZ_CATALOGUE;
}

// How what is missing is made.
std::string how_built(const std::string& catalogue) {
  return is_own_list(catalogue)
             ? "build it: ci/build fuzz fuzz_targets"
             : fmt::format("build the project again whose list is {}", quoted(catalogue));
}

std::string unknown_target(const FuzzArguments& arguments, const std::string& word,
                           const std::vector<std::string>& known) {
  const auto own = is_own_list(arguments.catalogue);
  auto out = unknown_name("target", word, known);
  const bool asks = out.ends_with('?');
  if (own) {
    out += asks ? " " : "; ";
    out +=
        "parley fuzz list names them all; those of your own project: --targets FILE, its "
        "build/fuzz_targets.json";
  } else if (!asks) {
    out +=
        fmt::format("; parley fuzz list --targets {} names them all", quoted(arguments.catalogue));
  }
  return out;
}

// What has to be said for `run` to be the same again, each option with a space before it.
std::string options_said(const fuzz::RunOptions& run) {
  const FuzzArguments defaults;
  std::string out;
  if (!is_own_list(run.targets)) {
    out += " --targets " + quoted(run.targets);
  }
  if (run.leaks == fuzz::Leaks::reported) {
    out += " --leaks";
  }
  if (run.input.count() != defaults.input_seconds) {
    out += fmt::format(" --input-seconds {}", run.input.count());
  }
  if (run.memory_mib != static_cast<std::uint64_t>(defaults.memory_mib)) {
    out += fmt::format(" --memory-mib {}", run.memory_mib);
  }
  return out;
}

}  // namespace

std::optional<std::vector<fuzz::Target>> fuzz_targets(const FuzzArguments& arguments) {
  const auto all = fuzz::load_catalogue(arguments.catalogue);
  if (!all) {
    const auto* made = !is_own_list(arguments.catalogue)
                           ? "--targets takes the fuzz_targets.json that your build has written"
                       : all.error().code == Errc::not_found
                           ? "the targets are built by: ci/build fuzz (--targets names another "
                             "build's)"
                           : "the build writes it anew: ci/build fuzz";
    put(stderr, "parley: {}; {}\n", all.error().detail, made);
    return std::nullopt;
  }
  std::vector<std::string> known;
  for (const auto& target : *all) {
    known.push_back(target.name);
  }
  for (const auto& word : arguments.targets) {
    if (std::ranges::none_of(known, [&](const auto& name) { return glob_match(word, name); })) {
      put(stderr, "parley: {}\n", unknown_target(arguments, word, known));
      return std::nullopt;
    }
  }
  std::vector<fuzz::Target> out;
  std::ranges::copy_if(*all, std::back_inserter(out), [&](const fuzz::Target& target) {
    return is_selected(target, arguments.targets);
  });
  return out;
}

std::optional<fuzz::Target> fuzz_target(const FuzzArguments& arguments) {
  auto one = arguments;
  one.targets = {arguments.target};
  const auto targets = fuzz_targets(one);
  if (!targets) {
    return std::nullopt;
  }
  if (targets->size() != 1) {
    put(stderr, "parley: '{}' names {} targets; this command takes one\n", arguments.target,
        targets->size());
    return std::nullopt;
  }
  return fuzz_can_run(arguments, *targets) ? std::optional(targets->front()) : std::nullopt;
}

bool fuzz_can_run(const FuzzArguments& arguments, const std::vector<fuzz::Target>& targets) {
  bool all = true;
  for (const auto& target : targets) {
    std::error_code error;
    if (!fs::is_regular_file(target.program, error)) {
      put(stderr, "parley: '{}' of target {} is not there; {}\n", target.program, target.name,
          how_built(arguments.catalogue));
      all = false;
    } else if (!fs::is_directory(target.corpus, error)) {
      put(stderr, "parley: '{}', the corpus of target {}, is not there: it begins without\n",
          target.corpus, target.name);
    }
  }
  return all;
}

bool fuzz_can_write(const std::string& folder) {
  auto pattern = (fs::path(folder) / ".parley-XXXXXX").string();
  const int file = ::mkstemp(pattern.data());
  if (file < 0) {
    const std::error_code why(errno, std::generic_category());
    put(stderr, "parley: nothing can be written into '{}': {}\n", folder, why.message());
    return false;
  }
  ::close(file);
  std::error_code error;
  fs::remove(pattern, error);
  return true;
}

bool fuzz_can_make(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    put(stderr, "parley: --out '{}': {}\n", folder, error.message());
    return false;
  }
  return fuzz_can_write(folder);
}

fuzz::Limits fuzz_limits(const FuzzArguments& arguments) {
  fuzz::Limits out;
  out.input = std::chrono::seconds(arguments.input_seconds);
  out.memory_mib = static_cast<std::uint64_t>(arguments.memory_mib);
  return out;
}

ExitCode fuzz_exit_code(const Error& error) {
  return error.code == Errc::unsupported ? ExitCode::usage : ExitCode::harness_error;
}

fuzz::RunOptions fuzz_options(const FuzzArguments& arguments) {
  return {.targets = arguments.catalogue,
          .seed = arguments.seed,
          .leaks = arguments.leaks,
          .input = std::chrono::seconds(arguments.input_seconds),
          .memory_mib = static_cast<std::uint64_t>(arguments.memory_mib),
          .max_input_octets = static_cast<std::uint64_t>(arguments.max_octets),
          .version = PARLEY_VERSION};
}

std::string fuzz_again(const fuzz::Defect& defect, const std::string& file) {
  auto run = defect.run;
  // A leak shows itself with that option alone, however it was found.
  if (defect.state.kind == fuzz::Kind::leak) {
    run.leaks = fuzz::Leaks::reported;
  }
  return "parley fuzz replay" + options_said(run) + " " + quoted(defect.target) + " " +
         quoted(file);
}

std::string fuzz_go_on(const FuzzArguments& arguments, const std::string& out) {
  const FuzzArguments defaults;
  std::string command = "parley fuzz run" + options_said(fuzz_options(arguments));
  const auto add = [&](std::string_view option, auto value, auto otherwise) {
    if (value != otherwise) {
      command += fmt::format(" {} {}", option, value);
    }
  };
  add("--seconds", arguments.seconds, defaults.seconds);
  add("--executions", arguments.executions, defaults.executions);
  add("--seed", arguments.seed, defaults.seed);
  add("--jobs", arguments.jobs, defaults.jobs);
  add("--max-octets", arguments.max_octets, defaults.max_octets);
  for (const auto& corpus : arguments.corpora) {
    command += " --corpus " + quoted(corpus);
  }
  command += arguments.json ? " --json" : "";
  command += arguments.quiet ? " --quiet" : "";
  command += " --out " + quoted(out);
  for (const auto& target : arguments.targets) {
    command += " " + quoted(target);
  }
  return command;
}

fuzz::Defect fuzz_offered(fuzz::Defect defect, const std::string& findings_folder) {
  const auto folder = fs::path(findings_folder) / fuzz::folder_name(defect);
  defect.offer.input = (folder / fuzz::input_name(defect)).string();
  defect.offer.replay = fuzz_again(defect, defect.offer.input);
  return defect;
}

std::string fuzz_places(const fuzz::Defect& defect) {
  const bool full = defect.places.size() == fuzz::kMaxPlaces;
  return printable(join(defect.places, ", "), 2000) + (full ? ", and perhaps more" : "");
}

std::string fuzz_finding(const fuzz::Target& target, const fuzz::Defect& defect) {
  const auto octets = defect.minimised ? defect.minimised->size() : defect.input.size();
  std::string out = fmt::format("{}\n", printable(fuzz::to_line(defect.state), 400));
  for (const auto& line : defect.said) {
    out += fmt::format("  {}\n", printable(line, 400));
  }
  out += fmt::format("  target      {}, seen {}, first after {} and {:.1f} s\n", defect.target,
                     counted(defect.seen, "time"), counted(defect.executions, "execution"),
                     static_cast<double>(defect.after.count()) / 1000);
  if (!defect.place.empty()) {
    out += fmt::format("  at          {}\n", printable(defect.place, 300));
  }
  if (defect.places.size() > 1) {
    out += fmt::format("  seen at     {}\n", fuzz_places(defect));
  }
  out += fmt::format("  input       {} ({}{})\n", printable(defect.offer.input),
                     counted(octets, "octet"),
                     defect.minimised ? fmt::format("; {} as found", defect.input.size()) : "");
  if (defect.state.kind == fuzz::Kind::mutator) {
    return out + fmt::format("  it is our mutator's own, with seed {}: no finding of the target\n",
                             defect.mutator_seed);
  }
  out += fmt::format("  reproduces  {}{}: {}\n", fuzz::to_string(defect.reproduces),
                     defect.instead.empty() ? "" : " (" + printable(defect.instead, 400) + ")",
                     printable(defect.offer.replay));
  const auto alone =
      fmt::format("{} {}", quoted(target.replay), printable(quoted(defect.offer.input)));
  std::error_code error;
  if (fs::exists(target.replay, error)) {
    out += fmt::format("  without a fuzzer: {}\n", alone);
  } else if (is_own_list(defect.run.targets)) {
    out += fmt::format("  without a fuzzer: ci/build asan fuzz_{} && {}\n", target.name, alone);
  }
  return out;
}

std::optional<std::vector<std::string>> fuzz_inputs(const FuzzArguments& arguments) {
  std::vector<std::string> out;
  for (const auto& named : arguments.files) {
    std::error_code error;
    // A name that begins with '-' would be an option of the target's.
    const auto file = fs::absolute(named, error).string();
    if (fs::is_regular_file(file, error)) {
      out.push_back(file);
      continue;
    }
    auto found = fuzz::inputs_below(file);
    if (!found) {
      put(stderr, "parley: {}\n", printable(found.error().detail, 400));
      return std::nullopt;
    }
    std::ranges::move(*found, std::back_inserter(out));
  }
  if (out.empty()) {
    put(stderr, "parley: '{}' {} no input: name files, or folders that hold some\n",
        printable(join(arguments.files, "', '"), 400),
        arguments.files.size() == 1 ? "holds" : "hold");
    return std::nullopt;
  }
  return out;
}

}  // namespace parley::cli
