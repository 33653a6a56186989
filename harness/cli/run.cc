// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
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
      put(stderr, "\r\x1b[K{}{}", line, done == total ? "\n" : "");
    } else {
      put(stderr, "{}\n", line);
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

// What judges this result again, and nothing else. `arguments` are those of the run.
std::string rerun_command(const RunArguments& arguments, const engine::CaseResult& result,
                          std::uint64_t seed) {
  std::string out = "parley run";
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!value.empty()) {
      out += " " + option + " " + quoted(value);
    }
  };
  add("--suites", arguments.given.contains("--suites") ? arguments.suites_folder : "");
  add("--sut", arguments.sut_file);
  const bool named = arguments.sut_file.empty() && arguments.profile != RunArguments{}.profile;
  add("--profile", named ? arguments.profile : "");
  add("--case", result.id);
  add("--seed", std::to_string(seed));
  // A repetition's seed comes from its number.
  add("--repeat", result.repetition > 0 ? std::to_string(result.repetition + 1) : "");
  add("--fault", join(arguments.faults, ","));
  add("--null", arguments.null_mode);
  const auto patience_ms = arguments.patience.count();
  add("--patience-ms", patience_ms > 0 ? std::to_string(patience_ms) : "");
  return out;
}

void print_finding(const engine::CaseResult& result, const model::Library& library,
                   const std::string& rerun, report::Colour colour) {
  const auto kind = result.verdict.kind;
  const auto subject = report::subject_of(result, library);
  if (kind != model::VerdictKind::pass && kind != model::VerdictKind::not_applicable &&
      subject.one != nullptr && subject.requirement != nullptr) {
    put(stdout, "{}\n",
        report::six_lines(*subject.requirement, *subject.one, result, rerun, colour));
  }
}

std::string json_text(const engine::RunSummary& summary, const model::Library& library) {
  return report::json_report(summary, library)
             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

void print_results(const engine::RunSummary& summary, const model::Library& library,
                   const RunArguments& arguments) {
  if (arguments.json) {
    put(stdout, "{}", json_text(summary, library));
    return;
  }
  const auto colour = ::isatty(1) == 1 ? report::Colour::on : report::Colour::off;
  for (const auto& result : summary.results) {
    print_finding(result, library, rerun_command(arguments, result, summary.seed), colour);
  }
  put(stdout, "{}", report::summary(summary, library, colour));
}

// Into the run's folder, and the JUnit report to `junit` if that is named.
Result<void> write_reports(const engine::RunSummary& summary, const model::Library& library,
                           const std::string& junit) {
  const std::filesystem::path folder = summary.folder;
  if (auto written = write_text(folder / "report.json", json_text(summary, library)); !written) {
    return written;
  }
  const auto text = report::junit_report(summary, library);
  auto written = write_text(folder / "junit.xml", text);
  return written && !junit.empty() ? write_text(junit, text) : written;
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
                          .cases = planned(cases, arguments),
                          .faults = arguments.faults,
                          .null_mode = arguments.null_mode,
                          .patience = arguments.patience};
  return engine::Journal::begin(run_folder(arguments), plan);
}

// Judging a SUT that is not there would tell nothing, case after case.
bool ready(const model::Declaration& declaration) {
  const auto checks = preflight_of(declaration);
  if (!checks) {
    put(stderr, "parley: the preflight failed: {}\n", checks.error().detail);
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
    put(stderr,
        "parley: {} is not ready, nothing was judged; --no-preflight judges it all the "
        "same\n",
        printable(declaration.name));
  }
  return out;
}

// What is wrong with the options together; empty: nothing.
std::string contradiction(const RunArguments& arguments) {
  for (const auto* option : {"--case", "--suite", "--requirement", "--party", "--profile", "--seed",
                             "--repeat", "--shuffle", "--sut", "--out", "--fault", "--null"}) {
    if (!arguments.resume.empty() && arguments.given.contains(option)) {
      return fmt::format("--resume takes everything from the run's plan; leave out {}", option);
    }
  }
  for (const auto* option : {"--fault", "--null"}) {
    if (!arguments.sut_file.empty() && arguments.given.contains(option)) {
      return fmt::format("{} is for the embedded reference; leave out --sut or {}", option, option);
    }
  }
  std::vector<std::string> known;
  for (const auto& fault : reference::faults()) {
    known.emplace_back(fault.name);
  }
  for (const auto& fault : arguments.faults) {
    if (std::ranges::count(known, fault) == 0) {
      return unknown_name("fault", fault, known);
    }
  }
  return "";
}

// The user's declaration. Nullopt, and on the standard error why, if it is wrong or is not what the
// other options say.
std::optional<model::Declaration> declared(const RunArguments& arguments,
                                           const model::Library& library) {
  model::Problems problems;
  auto out = model::load_declaration(arguments.sut_file, library, problems);
  for (const auto& problem : problems) {
    put(stderr, "{}\n", model::to_string(problem));
  }
  if (!out) {
    return std::nullopt;
  }
  struct Option {
    const char* name;
    std::string value;
    std::string declared;
  };
  const Option options[] = {
      {"party", arguments.selection.party, std::string(model::to_string(out->party))},
      {"profile", arguments.profile, out->profile}};
  for (const auto& [name, value, declared_value] : options) {
    if (arguments.given.contains(fmt::format("--{}", name)) && value != declared_value) {
      put(stderr, "parley: --{} says '{}', {} says '{}'; leave out --{}\n", name, printable(value),
          arguments.sut_file, printable(declared_value), name);
      return std::nullopt;
    }
  }
  return out;
}

void warn_of_idle_faults(const std::vector<std::string>& faults,
                         const std::vector<const model::Case*>& cases) {
  for (const auto& fault : reference::faults()) {
    const bool wanted = std::ranges::count(faults, fault.name) > 0;
    if (wanted && std::ranges::none_of(cases, [&](const model::Case* one) {
          return model::to_string(one->party) == fault.party;
        })) {
      put(stderr, "parley: warning: {} has no effect: no case with {} under test is selected\n",
          fault.name, fault.party);
    }
  }
}

ExitCode judge_and_report(const RunArguments& arguments, const Session& session,
                          engine::Journal& journal) {
  const auto began = Clock::now();
  auto results = judge_session(session, journal);
  if (!results) {
    put(stderr, "parley: {}\nRun 'parley doctor' for what is wrong.\n", results.error().detail);
    return results.error().code == Errc::refused ? ExitCode::preflight : ExitCode::harness_error;
  }
  const auto flaky = mark_flaky(*results);
  const engine::RunSummary summary{.sut = journal.plan().sut,
                                   .profile = journal.plan().profile,
                                   .version = PARLEY_VERSION,
                                   .seed = journal.plan().seed,
                                   .planned = journal.plan().cases.size(),
                                   .results = std::move(*results),
                                   .took = duration_cast<milliseconds>(Clock::now() - began),
                                   .folder = journal.folder().string()};
  const auto written = write_reports(summary, session.library, arguments.junit);
  print_results(summary, session.library, arguments);
  for (const auto& id : flaky) {
    put(stderr, "parley: flaky: the verdicts of {} differ between repetitions\n", id);
  }
  if (!written) {
    put(stderr, "parley: {}\n", written.error().detail);
    return ExitCode::harness_error;
  }
  return exit_code_of(summary);
}

// `arguments` hold what a resumed run was begun with.
ExitCode run_resolved(const RunArguments& arguments, const model::Library& library) {
  std::map<model::Party, model::Declaration> declarations;
  std::string sut_name = "embedded reference";
  auto chosen = arguments;
  auto options = scheduler_options(arguments);
  if (!arguments.sut_file.empty()) {
    const auto declaration = declared(arguments, library);
    if (!declaration) {
      return ExitCode::usage;
    }
    chosen.profile = declaration->profile;
    chosen.selection.party = std::string(model::to_string(declaration->party));
    if (arguments.patience.count() == 0 && declaration->patience.count() > 0) {
      options.least_patience = declaration->patience;
    }
    declarations[declaration->party] = *declaration;
    sut_name = declaration->name;
  }
  const auto cases = select(library, chosen);
  if (!cases || (!chosen.junit.empty() && !can_write(chosen.junit))) {
    return ExitCode::usage;
  }
  if (cases->empty()) {
    put(stderr, "parley: the selection holds no case; see 'parley list cases'\n");
    return ExitCode::nothing_judged;
  }
  warn_of_idle_faults(chosen.faults, *cases);
  if (!declarations.empty() && !chosen.unchecked && !ready(declarations.begin()->second)) {
    return ExitCode::preflight;
  }
  if (declarations.empty()) {
    declarations = reference_declarations(chosen, *cases);
  }
  auto journal = open_journal(chosen, sut_name, *cases);
  if (!journal) {
    put(stderr, "parley: {}\n", journal.error().detail);
    return ExitCode::usage;
  }
  ProgressPrinter progress(chosen.quiet);
  const Session session{.library = library,
                        .declarations = declarations,
                        .faults = chosen.faults,
                        .options = options,
                        .watch = [&progress](const engine::CaseResult& result, std::size_t done,
                                             std::size_t total) { progress(result, done, total); }};
  return judge_and_report(chosen, session, **journal);
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
    resolved.sut_file = record->plan.sut_file;
    resolved.profile = record->plan.profile;
    resolved.selection = {};
    resolved.faults = record->plan.faults;
    resolved.null_mode = record->plan.null_mode;
    if (!arguments.given.contains("--patience-ms")) {
      resolved.patience = record->plan.patience;
    }
  }
  if (const auto wrong = contradiction(resolved); !wrong.empty()) {
    put(stderr, "parley: {}\n", wrong);
    return ExitCode::usage;
  }
  const auto library = library_of(resolved);
  return library ? run_resolved(resolved, *library) : ExitCode::usage;
}

}  // namespace parley::cli
