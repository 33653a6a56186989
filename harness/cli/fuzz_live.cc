// SPDX-License-Identifier: GPL-3.0-or-later
// `parley fuzz live`: a SUT fuzzed over its protocol.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>
#include <random>

#include "fuzz/live/hunt.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/casting.h"
#include "harness/cli/command_line.h"
#include "harness/cli/live_bench.h"
#include "harness/cli/live_report.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"
#include "harness/cli/stop_signals.h"
#include "harness/engine/applicable.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

// Whose cases the aims are taken from. Says on the standard error what is wrong.
std::optional<std::vector<const model::Case*>> chosen(const model::Library& library,
                                                      const RunArguments& arguments,
                                                      const std::vector<std::string>& flows) {
  auto cases = select(library, arguments);
  if (!cases) {
    return std::nullopt;
  }
  std::vector<std::string> known;
  for (const auto* one : *cases) {
    known.push_back(one->flow);
  }
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  const auto takes = [](const std::string& glob, const std::string& flow) {
    return glob == flow || glob_match(glob, flow);
  };
  for (const auto& glob : flows) {
    if (std::ranges::none_of(known, [&](const auto& flow) { return takes(glob, flow); })) {
      put(stderr, "parley: {}\n", unknown_name("flow of the selected cases", glob, known));
      return std::nullopt;
    }
  }
  std::erase_if(*cases, [&](const model::Case* one) {
    return !flows.empty() &&
           std::ranges::none_of(flows, [&](const auto& glob) { return takes(glob, one->flow); });
  });
  return cases;
}

// The folder of findings, made anew: nothing of an earlier run is written over.
std::optional<fs::path> made_folder(const std::string& wanted) {
  const fs::path folder = wanted.empty() ? fmt::format("out/live-{:%Y%m%d-%H%M%S}-{}",
                                                       fmt::localtime(std::time(nullptr)), getpid())
                                         : wanted;
  std::error_code error;
  if (fs::exists(folder / "findings", error)) {
    put(stderr, "parley: {} holds the findings of another run; give another --out\n",
        folder.string());
    return std::nullopt;
  }
  auto made = make_private_folder(folder);
  if (made) {
    made = make_private_folder(folder / "findings");
  }
  if (!made) {
    put(stderr, "parley: {}\n", made.error().detail);
    return std::nullopt;
  }
  return folder;
}

ExitCode exit_code_of(const live::HuntResult& result) {
  switch (result.end) {
    case live::HuntEnd::broken:
      return ExitCode::harness_error;
    case live::HuntEnd::dead:
      return ExitCode::preflight;
    case live::HuntEnd::useless:
      return ExitCode::nothing_judged;
    case live::HuntEnd::stopped:
      return ExitCode::stopped;
    case live::HuntEnd::time:
    case live::HuntEnd::executions:
      break;
  }
  return !result.findings.empty()      ? ExitCode::findings
         : result.last.executions == 0 ? ExitCode::nothing_judged
                                       : ExitCode::ok;
}

struct Prey {
  std::map<model::Party, model::Declaration> declarations;
  std::string name;
};

ExitCode hunt(const RunArguments& arguments, const LiveArguments& live,
              const model::Library& library, Prey prey, std::vector<live::Aim> aims) {
  const auto folder = made_folder(arguments.out);
  if (!folder) {
    return ExitCode::usage;
  }
  LiveBench bench(arguments, library, std::move(prey.declarations), *folder / "work");
  LiveReport report(arguments, live, *folder, prey.name);
  const live::HuntPlan plan{.seed = arguments.seed,
                            .time = std::chrono::seconds(live.executions > 0 ? 0 : live.seconds),
                            .executions = live.executions,
                            .volley = 4 * arguments.jobs};
  const StopSignals signals;
  const live::HuntListeners listeners{
      .progress = [&](const live::HuntProgress& progress) { report.show(progress); },
      .found = [&](const live::Finding& finding) { report.announce(finding); },
      .stop = [&] { return StopSignals::requested() || !report.trouble().empty(); }};
  const auto result = live::Hunt(library, std::move(aims), bench, plan, listeners).run();
  report.end(result);
  if (!result.why.empty()) {
    put(stderr, "parley: {}\n", printable(result.why, 500));
  }
  if (!report.trouble().empty()) {
    put(stderr, "parley: {}\n", report.trouble());
    return ExitCode::harness_error;
  }
  std::error_code ignored;
  fs::remove(*folder / "work", ignored);  // which is empty
  return exit_code_of(result);
}

ExitCode live_resolved(RunArguments arguments, const LiveArguments& live, model::Library library) {
  auto casting = casting_of(arguments, library);
  if (!casting) {
    return ExitCode::usage;
  }
  if (!casting->declarations.empty()) {
    const auto& [party, declaration] = *casting->declarations.begin();
    arguments.profile = declaration.profile;
    arguments.selection.party = std::string(model::to_string(party));
  } else if (arguments.selection.party.empty()) {
    arguments.selection.party = "gatekeeper.server";
  }
  if (!give(library, arguments.profile, arguments.settings)) {
    return ExitCode::usage;
  }
  const auto cases = chosen(library, arguments, live.flows);
  if (!cases) {
    return ExitCode::usage;
  }
  const auto& profile = library.profiles.at(arguments.profile);
  if (!library.requirements.contains(profile.survival)) {
    put(stderr, "parley: profile {} does not say under 'survival' what a SUT must live through\n",
        profile.name);
    return ExitCode::usage;
  }
  Prey prey{.declarations = casting->declarations, .name = casting->name};
  for (const auto& [party, declaration] : prey.declarations) {
    if (arguments.unchecked) {
      continue;
    }
    if (const auto code = unready(declaration, library, scheduler_options(arguments).workers)) {
      return *code;
    }
  }
  if (prey.declarations.empty()) {
    prey.declarations = reference_declarations(arguments, library, *cases);
  }
  auto aims = live::aims_of(*cases, library, [&](const model::Case& one) {
    return engine::why_not_applicable(one, profile, one.suts(), prey.declarations).empty();
  });
  if (aims.empty()) {
    put(stderr,
        "parley: the selection holds no step to strike at: one in which this SUT is sent a stanza "
        "in the clear or a sealed message, or asked or told something over HTTP\n");
    return ExitCode::nothing_judged;
  }
  if (!arguments.sut_files.empty() && !arguments.given.contains("--seed")) {
    arguments.seed = std::random_device{}();
  }
  return hunt(arguments, live, library, std::move(prey), std::move(aims));
}

}  // namespace

ExitCode fuzz_live(const RunArguments& arguments, const LiveArguments& live) {
  auto wrong = contradiction(arguments);
  if (wrong.empty() && arguments.sut_files.size() > 1) {
    wrong = "one SUT is fuzzed at a time; leave out a --sut";
  }
  if (!wrong.empty()) {
    put(stderr, "parley: {}\n", wrong);
    return ExitCode::usage;
  }
  auto library = library_of(arguments, profile_of(arguments));
  return library ? live_resolved(arguments, live, std::move(*library)) : ExitCode::usage;
}

}  // namespace parley::cli
