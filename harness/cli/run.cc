// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "harness/cli/case_digest.h"
#include "harness/cli/casting.h"
#include "harness/cli/command_line.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/run_report.h"
#include "harness/cli/session.h"
#include "harness/cli/stop_signals.h"

namespace parley::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::vector<engine::PlannedCase> planned(const std::vector<const model::Case*>& cases,
                                         const RunArguments& arguments) {
  std::vector<engine::PlannedCase> out;
  for (int repetition = 0; repetition < arguments.repeat; ++repetition) {
    const auto from = out.size();
    for (const auto* one : cases) {
      out.push_back({one->id, repetition});
    }
    if (arguments.shuffle) {
      auto rng = Rng(arguments.seed).child(fmt::format("order/{}", repetition));
      for (std::size_t i = out.size() - from; i > 1; --i) {
        std::swap(out[from + i - 1], out[from + rng.below(i)]);
      }
    }
  }
  return out;
}

// A run may be judged again from elsewhere.
std::vector<std::string> absolute(std::vector<std::string> files) {
  for (auto& file : files) {
    file = std::filesystem::absolute(file).string();
  }
  return files;
}

Result<std::unique_ptr<engine::Journal>> open_journal(
    const RunArguments& arguments, const model::Library& library, const Casting& casting,
    const std::vector<const model::Case*>& cases) {
  if (!arguments.resume.empty()) {
    return engine::Journal::resume(arguments.resume);
  }
  std::map<std::string, std::string> digests;
  for (const auto* one : cases) {
    digests[one->id] = case_digest(*one, library);
  }
  const engine::Plan plan{.seed = arguments.seed,
                          .sut = casting.name,
                          .sut_files = arguments.sut_files,
                          .profile = arguments.profile,
                          .cases = planned(cases, arguments),
                          .suts = casting.suts,
                          .faults = arguments.faults,
                          .null_mode = arguments.null_mode,
                          .settings = arguments.settings,
                          .tokens = library.profiles.at(arguments.profile).tokens.text(),
                          .patience = arguments.patience,
                          .digests = std::move(digests),
                          .case_files = absolute(arguments.case_files)};
  return engine::Journal::begin(run_folder(arguments), plan);
}

bool judges(const model::Case& one, const reference::FaultEntry& fault) {
  return std::ranges::any_of(one.suts(), [&](model::Party party) {
    return reference::bends(fault, model::to_string(party));
  });
}

void warn_of_idle_faults(const RunArguments& arguments, const model::Library& library,
                         const std::vector<const model::Case*>& cases) {
  for (const auto& fault : reference::faults()) {
    if (std::ranges::count(arguments.faults, fault.name) == 0) {
      continue;
    }
    if (!library.profiles.at(arguments.profile).is(std::string(fault.profile))) {
      put(stderr, "parley: warning: {} has no effect: it bends parties of profile {}, not of {}\n",
          fault.name, fault.profile, arguments.profile);
    } else if (std::ranges::none_of(cases,
                                    [&](const model::Case* one) { return judges(*one, fault); })) {
      put(stderr, "parley: warning: {} has no effect: no case with {} under test is selected\n",
          fault.name, fault.party);
    }
  }
}

void warn_of_changed(const engine::Journal& journal, const model::Library& library) {
  std::set<std::string> left;
  for (const auto& planned : journal.plan().cases) {
    left.insert(planned.id);
  }
  for (const auto& result : journal.done()) {
    if (!engine::in_vain(result)) {
      left.erase(result.id);
    }
  }
  const auto changed = changed_cases(journal.plan(), library, {left.begin(), left.end()});
  if (!changed.empty()) {
    put(stderr,
        "parley: warning: {} cases changed since the run began, first {}: what is left is judged "
        "by "
        "what the suites say now\n",
        changed.size(), changed.front());
  }
}

ExitCode judge_and_report(const RunArguments& arguments, const Session& session,
                          engine::Journal& journal, ProgressPrinter& progress) {
  const auto began = Clock::now();
  auto judged = judge_session(session, journal);
  progress.end();
  if (!judged) {
    put(stderr, "parley: {}\nRun 'parley doctor' for what is wrong.\n", judged.error().detail);
    return judged.error().code == Errc::refused ? ExitCode::preflight : ExitCode::harness_error;
  }
  auto& outcome = judged->outcome;
  const auto flaky = mark_flaky(outcome.results);
  const engine::RunSummary summary{.sut = journal.plan().sut,
                                   .suts = journal.plan().suts,
                                   .profile = journal.plan().profile,
                                   .version = PARLEY_VERSION,
                                   .seed = journal.plan().seed,
                                   .planned = journal.plan().cases.size(),
                                   .results = outcome.results,
                                   .took = duration_cast<milliseconds>(Clock::now() - began),
                                   .folder = journal.folder().string()};
  const auto written = write_reports(summary, session.library, arguments.junit);
  if (outcome.ending != engine::RunEnding::stopped) {
    print_results(summary, session.library, arguments);
  }
  for (const auto& id : flaky) {
    put(stderr, "parley: flaky: the verdicts of {} differ between repetitions\n", id);
  }
  warn_of_silence("the SUT", outcome.results);
  if (judged->useless_notices > 0) {
    put(stderr, "parley: warning: {} notifications of the driver are of no use; see {}\n",
        judged->useless_notices, (journal.folder() / "driver.log").string());
  }
  if (!written) {
    put(stderr, "parley: {}\n", written.error().detail);
    return ExitCode::harness_error;
  }
  if (outcome.ending == engine::RunEnding::whole) {
    return exit_code_of(summary);
  }
  print_ending(arguments, outcome, journal);
  return outcome.ending == engine::RunEnding::stopped ? ExitCode::stopped : ExitCode::preflight;
}

// `arguments` hold what a resumed run was begun with.
ExitCode run_resolved(const RunArguments& arguments, model::Library library) {
  auto casting = casting_of(arguments, library);
  if (!casting) {
    return ExitCode::usage;
  }
  auto chosen = arguments;
  auto options = scheduler_options(arguments);
  options.again = true;
  for (const auto& [party, declaration] : casting->declarations) {
    chosen.profile = declaration.profile;
    if (casting->suts.empty()) {
      chosen.selection.party = std::string(model::to_string(party));
    }
    if (arguments.patience.count() == 0) {
      options.least_patience = std::max(options.least_patience, declaration.patience);
    }
  }
  if (!give(library, chosen.profile, chosen.settings)) {
    return ExitCode::usage;
  }
  auto cases = select(library, chosen);
  if (!cases || (!chosen.junit.empty() && !can_write(chosen.junit))) {
    return ExitCode::usage;
  }
  keep_castable(*cases, *casting, library);
  if (cases->empty()) {
    put(stderr, "parley: the selection holds no case; see 'parley list cases'\n");
    return ExitCode::nothing_judged;
  }
  warn_of_idle_faults(chosen, library, *cases);
  for (const auto& [party, declaration] : casting->declarations) {
    if (chosen.unchecked) {
      continue;
    }
    if (const auto code = unready(declaration, library, options.workers)) {
      return *code;
    }
  }
  if (casting->declarations.empty()) {
    casting->declarations = reference_declarations(chosen, library, *cases);
  }
  // A SUT that has seen a seed's ids and keys rightly takes them for resends and replays.
  if (!chosen.sut_files.empty() && !chosen.given.contains("--seed")) {
    chosen.seed = std::random_device{}();
  }
  auto journal = open_journal(chosen, library, *casting, *cases);
  if (!journal) {
    put(stderr, "parley: {}\n", journal.error().detail);
    return ExitCode::usage;
  }
  if (!chosen.resume.empty()) {
    warn_of_changed(**journal, library);
  }
  ProgressPrinter progress(chosen.quiet);
  const Session session{.library = library,
                        .declarations = casting->declarations,
                        .suts = casting->suts,
                        .faults = chosen.faults,
                        .options = options,
                        .watch = [&progress](const engine::CaseResult& result, std::size_t done,
                                             std::size_t total) { progress(result, done, total); },
                        .stop = StopSignals::requested};
  const StopSignals signals;
  return judge_and_report(chosen, session, **journal, progress);
}

}  // namespace

ExitCode run(const RunArguments& arguments) {
  auto resolved = arguments;
  if (!arguments.resume.empty()) {
    auto record = engine::Journal::load(arguments.resume);
    if (!record) {
      put(stderr, "parley: {}\n", record.error().detail);
      return ExitCode::usage;
    }
    resolved.sut_files = record->plan.sut_files;
    resolved.profile = record->plan.profile;
    resolved.selection = {};
    resolved.case_files = record->plan.case_files;
    resolved.faults = record->plan.faults;
    resolved.null_mode = record->plan.null_mode;
    resolved.settings = record->plan.settings;
    if (!arguments.given.contains("--patience-ms")) {
      resolved.patience = record->plan.patience;
    }
  }
  if (const auto wrong = contradiction(resolved); !wrong.empty()) {
    put(stderr, "parley: {}\n", wrong);
    return ExitCode::usage;
  }
  auto library = library_of(resolved, profile_of(resolved));
  return library ? run_resolved(resolved, std::move(*library)) : ExitCode::usage;
}

}  // namespace parley::cli
