// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/session.h"
#include "harness/report/finding.h"
#include "harness/report/json_report.h"
#include "harness/report/junit.h"
#include "harness/report/terminal.h"

namespace parley::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

// The live line on a terminal; a plain line every so often otherwise.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool quiet)
      : quiet_(quiet), terminal_(::isatty(2) == 1), began_(Clock::now()) {}

  void operator()(const engine::CaseResult& result, std::size_t done, std::size_t total) {
    ++counts_[result.verdict.kind];
    const auto now = Clock::now();
    const auto pause = terminal_ ? milliseconds(50) : milliseconds(5000);
    if (quiet_ || (done < total && now - last_ < pause)) {
      return;
    }
    last_ = now;
    winsize size{};
    const bool known = terminal_ && ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
    const auto line =
        report::progress_line(done, total, counts_, duration_cast<milliseconds>(now - began_),
                              result.id, known ? size.ws_col - 1U : 100U);
    if (terminal_) {
      fmt::print(stderr, "\r\x1b[K{}{}", line, done == total ? "\n" : "");
    } else {
      fmt::print(stderr, "{}\n", line);
    }
  }

 private:
  bool quiet_;
  bool terminal_;
  Clock::time_point began_;
  Clock::time_point last_{};
  std::map<model::VerdictKind, std::size_t> counts_;
};

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

ExitCode exit_code_of(const engine::RunSummary& summary) {
  const auto counts = engine::totals(summary);
  const auto count = [&](model::VerdictKind kind) {
    const auto at = counts.find(kind);
    return at == counts.end() ? 0 : at->second;
  };
  if (summary.results.size() != summary.planned) {
    fmt::print(stderr, "parley: {} cases were planned, {} judged\n", summary.planned,
               summary.results.size());
    return ExitCode::harness_error;
  }
  if (summary.results.size() == count(model::VerdictKind::not_applicable)) {
    fmt::print(stderr,
               "parley: nothing was judged: the declaration excludes every selected case\n");
    return ExitCode::nothing_judged;
  }
  if (count(model::VerdictKind::error) > 0) {
    return ExitCode::harness_error;
  }
  const bool clean = count(model::VerdictKind::fail) + count(model::VerdictKind::inconclusive) +
                         count(model::VerdictKind::flaky) ==
                     0;
  return clean ? ExitCode::ok : ExitCode::findings;
}

// With --repeat: a case whose verdicts differ is flaky.
std::vector<std::string> flaky_cases(const engine::RunSummary& summary) {
  std::map<std::string, std::set<model::VerdictKind>> kinds;
  for (const auto& result : summary.results) {
    kinds[result.id].insert(result.verdict.kind);
  }
  std::vector<std::string> out;
  for (const auto& [id, seen] : kinds) {
    if (seen.size() > 1) {
      out.push_back(id);
    }
  }
  return out;
}

void print_results(const engine::RunSummary& summary, const model::Library& library,
                   const RunArguments& arguments) {
  if (arguments.json) {
    fmt::print("{}\n", report::json_report(summary, library)
                           .dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    const auto colour = ::isatty(1) == 1 ? report::Colour::on : report::Colour::off;
    for (const auto& result : summary.results) {
      const auto kind = result.verdict.kind;
      if (kind == model::VerdictKind::pass || kind == model::VerdictKind::not_applicable) {
        continue;
      }
      const auto subject = report::subject_of(result, library);
      if (subject.one == nullptr || subject.requirement == nullptr) {
        continue;
      }
      const auto rerun =
          fmt::format("parley run {}--case {} --seed {}",
                      arguments.sut_file.empty() ? "" : "--sut " + arguments.sut_file + " ",
                      result.id, summary.seed);
      fmt::print("{}\n",
                 report::six_lines(*subject.requirement, *subject.one, result, rerun, colour));
    }
    fmt::print("{}", report::summary(summary, library, colour));
  }
  std::ofstream(std::filesystem::path(summary.folder) / "report.json")
      << report::json_report(summary, library)
             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
      << "\n";
  std::ofstream(std::filesystem::path(summary.folder) / "junit.xml")
      << report::junit_report(summary, library);
  if (!arguments.junit.empty()) {
    std::ofstream(arguments.junit) << report::junit_report(summary, library);
  }
}

Result<std::unique_ptr<engine::Journal>> open_journal(
    const RunArguments& arguments, const std::string& sut_name,
    const std::vector<const model::Case*>& cases) {
  if (!arguments.resume.empty()) {
    return engine::Journal::resume(arguments.resume);
  }
  const engine::Plan plan{.seed = arguments.seed,
                          .sut = sut_name,
                          .sut_file = arguments.sut_file,
                          .profile = arguments.profile,
                          .cases = planned(cases, arguments)};
  return engine::Journal::begin(run_folder(arguments), plan);
}

// Judging a SUT that is not there would tell nothing, case after case.
bool ready(const model::Declaration& declaration) {
  const auto checks = preflight_of(declaration);
  if (!checks) {
    fmt::print(stderr, "parley: the preflight failed: {}\n", checks.error().detail);
    return false;
  }
  bool out = true;
  for (const auto& check : *checks) {
    if (!check.passed) {
      print_check(stderr, check);
      out = false;
    }
  }
  if (!out) {
    fmt::print(stderr,
               "parley: {} is not ready, nothing was judged; --no-preflight judges it all the "
               "same\n",
               printable(declaration.name));
  }
  return out;
}

ExitCode run_resolved(const RunArguments& arguments, const model::Library& library) {
  std::map<model::Party, model::Declaration> declarations;
  std::string sut_name = "embedded reference";
  auto chosen = arguments;
  if (!arguments.sut_file.empty()) {
    model::Problems problems;
    const auto declaration = model::load_declaration(arguments.sut_file, library, problems);
    for (const auto& problem : problems) {
      fmt::print(stderr, "{}\n", model::to_string(problem));
    }
    if (!declaration) {
      return ExitCode::usage;
    }
    chosen.profile = declaration->profile;
    chosen.selection.party = std::string(model::to_string(declaration->party));
    if (chosen.patience.count() == 0) {
      chosen.patience = declaration->patience;
    }
    declarations[declaration->party] = *declaration;
    sut_name = declaration->name;
  }
  const auto cases = select(library, chosen);
  if (!cases) {
    return ExitCode::usage;
  }
  if (cases->empty()) {
    fmt::print(stderr, "parley: the selection holds no case; see 'parley list cases'\n");
    return ExitCode::nothing_judged;
  }
  if (!declarations.empty() && !chosen.unchecked && !ready(declarations.begin()->second)) {
    return ExitCode::preflight;
  }
  if (declarations.empty()) {
    declarations = reference_declarations(chosen, *cases);
  }
  auto journal = open_journal(chosen, sut_name, *cases);
  if (!journal) {
    fmt::print(stderr, "parley: {}\n", journal.error().detail);
    return ExitCode::usage;
  }
  ProgressPrinter progress(chosen.quiet);
  const Session session{.library = library,
                        .declarations = declarations,
                        .faults = chosen.faults,
                        .options = scheduler_options(chosen),
                        .watch = [&progress](const engine::CaseResult& result, std::size_t done,
                                             std::size_t total) { progress(result, done, total); }};
  const auto began = Clock::now();
  auto results = judge_session(session, **journal);
  if (!results) {
    fmt::print(stderr, "parley: {}\nRun 'parley doctor' for what is wrong.\n",
               results.error().detail);
    return results.error().code == Errc::refused ? ExitCode::preflight : ExitCode::harness_error;
  }
  engine::RunSummary summary{.sut = (*journal)->plan().sut,
                             .profile = (*journal)->plan().profile,
                             .version = PARLEY_VERSION,
                             .seed = (*journal)->plan().seed,
                             .planned = (*journal)->plan().cases.size(),
                             .results = std::move(*results),
                             .took = duration_cast<milliseconds>(Clock::now() - began),
                             .folder = (*journal)->folder().string()};
  print_results(summary, library, chosen);
  for (const auto& id : flaky_cases(summary)) {
    fmt::print(stderr, "parley: flaky: the verdicts of {} differ between repetitions\n", id);
  }
  return exit_code_of(summary);
}

}  // namespace

ExitCode run(const RunArguments& arguments) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  auto resolved = arguments;
  if (!arguments.resume.empty()) {
    auto journal = engine::Journal::resume(arguments.resume);
    if (!journal) {
      fmt::print(stderr, "parley: {}\n", journal.error().detail);
      return ExitCode::usage;
    }
    resolved.sut_file = (*journal)->plan().sut_file;
    resolved.profile = (*journal)->plan().profile;
    resolved.selection = {};
  }
  return run_resolved(resolved, *library);
}

}  // namespace parley::cli
