// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/fuzz_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/base/text.h"
#include "harness/cli/output.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

bool is_selected(const fuzz::Target& target, const std::vector<std::string>& words) {
  return words.empty() || std::ranges::any_of(words, [&](const std::string& word) {
           return glob_match(word, target.name);
         });
}

bool can_run(const fuzz::Target& target) {
  std::error_code error;
  if (fs::is_regular_file(target.program, error)) {
    return true;
  }
  put(stderr, "parley: '{}' of target {} is not there; build it: ci/build fuzz\n", target.program,
      target.name);
  return false;
}

}  // namespace

std::optional<std::vector<fuzz::Target>> fuzz_targets(const FuzzArguments& arguments) {
  const auto all = fuzz::load_catalogue(arguments.catalogue);
  if (!all) {
    put(stderr, "parley: {}; {}\n", all.error().detail,
        all.error().code == Errc::not_found
            ? "the targets are built by: ci/build fuzz (--targets names another build's)"
            : "the build writes it anew: ci/build fuzz");
    return std::nullopt;
  }
  std::vector<std::string> known;
  for (const auto& target : *all) {
    known.push_back(target.name);
  }
  for (const auto& word : arguments.targets) {
    if (std::ranges::none_of(known, [&](const auto& name) { return glob_match(word, name); })) {
      put(stderr, "parley: {}\n", unknown_name("target", word, known));
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
  return can_run(targets->front()) ? std::optional(targets->front()) : std::nullopt;
}

fuzz::Limits fuzz_limits(const FuzzArguments& arguments) {
  fuzz::Limits out;
  out.input = std::chrono::seconds(arguments.input_seconds);
  out.memory_mib = static_cast<std::uint64_t>(arguments.memory_mib);
  return out;
}

std::string fuzz_finding(const FuzzArguments& arguments, const fuzz::Target& target,
                         const fuzz::Defect& defect, const std::string& findings_folder) {
  const auto folder = fs::path(findings_folder) / fuzz::folder_name(defect);
  const auto file = (folder / (defect.minimised ? "minimised" : "input")).string();
  const auto octets = defect.minimised ? defect.minimised->size() : defect.input.size();
  std::string out = fmt::format("{}\n", printable(fuzz::to_line(defect.state), 400));
  out += fmt::format("  target      {}, seen {} time{}, first after {} executions and {:.1f} s\n",
                     defect.target, defect.seen, defect.seen == 1 ? "" : "s", defect.executions,
                     static_cast<double>(defect.after.count()) / 1000);
  if (!defect.place.empty()) {
    out += fmt::format("  at          {}\n", printable(defect.place, 300));
  }
  out += fmt::format("  input       {} ({} octets{})\n", file, octets,
                     defect.minimised ? fmt::format("; {} as found", defect.input.size()) : "");
  if (defect.state.kind == fuzz::Kind::mutator) {
    return out + fmt::format("  it is our mutator's own, with seed {}: no finding of the target\n",
                             defect.mutator_seed);
  }
  const auto list = arguments.catalogue == default_catalogue()
                        ? ""
                        : fmt::format("--targets {} ", arguments.catalogue);
  out += fmt::format("  reproduces  {}: parley fuzz replay {}{} {}\n",
                     fuzz::to_string(defect.reproduces), list, defect.target, file);
  std::error_code error;
  if (fs::exists(target.replay, error)) {
    out += fmt::format("  without a fuzzer: {} {}\n", target.replay, file);
  } else if (list.empty()) {
    out += fmt::format("  without a fuzzer: ci/build asan fuzz_{} && {} {}\n", target.name,
                       target.replay, file);
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
    std::vector<std::string> found;
    for (fs::recursive_directory_iterator at(file, error), end; !error && at != end;
         at.increment(error)) {
      std::error_code ignored;  // a file that vanished is none
      if (at->is_regular_file(ignored)) {
        found.push_back(at->path().string());
      }
    }
    std::ranges::sort(found);
    out.insert(out.end(), found.begin(), found.end());
  }
  if (out.empty()) {
    put(stderr, "parley: there is no file in what is named\n");
    return std::nullopt;
  }
  return out;
}

}  // namespace parley::cli
