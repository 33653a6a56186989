// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/run_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/text.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"
#include "harness/report/finding.h"
#include "harness/report/json_report.h"
#include "harness/report/junit.h"
#include "harness/report/terminal.h"

namespace parley::cli {
namespace {

constexpr std::size_t kShownSuspects = 5;

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
  for (const auto& file : arguments.case_files) {
    add("--cases", file);
  }
  for (const auto& file : arguments.sut_files) {
    add("--sut", file);
  }
  const bool named = arguments.sut_files.empty() && arguments.profile != RunArguments{}.profile;
  add("--profile", named ? arguments.profile : "");
  add("--case", result.id);
  // A SUT that is still there would take the same ids and keys for a resend or a replay.
  if (arguments.sut_files.empty()) {
    add("--seed", std::to_string(seed));
    // A repetition's seed comes from its number.
    add("--repeat", result.repetition > 0 ? std::to_string(result.repetition + 1) : "");
  }
  add("--fault", join(arguments.faults, ","));
  add("--null", arguments.null_mode);
  for (const auto& [setting, value] : arguments.settings) {
    add("--set", setting + "=" + value);
  }
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
    put(stdout, "{}\n", report::six_lines(subject, result, rerun, colour));
  }
}

std::string json_text(const engine::RunSummary& summary, const model::Library& library) {
  return report::json_report(summary, library)
             .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace

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

void print_ending(const RunArguments& arguments, const engine::Outcome& outcome,
                  const engine::Journal& journal) {
  const auto& plan = journal.plan();
  const auto count = fmt::format("{} of {} judged", outcome.results.size(), plan.cases.size());
  const auto resume = resume_command(arguments, journal.folder().string());
  if (outcome.ending == engine::RunEnding::stopped) {
    const auto silent = std::ranges::count_if(outcome.results, engine::in_vain);
    put(stderr, "parley: stopped by signal; {}{}; resume with: {}\n", count,
        silent > 0 ? fmt::format(", {} to be judged again because the SUT fell silent", silent)
                   : "",
        resume);
    return;
  }
  put(stderr, "parley: {} is dead: {}; {}\n", printable(plan.sut, 60), printable(outcome.lost, 300),
      count);
  if (!outcome.suspects.empty()) {
    auto shown = outcome.suspects;
    if (shown.size() > kShownSuspects) {
      shown.resize(kShownSuspects);
      shown.push_back(fmt::format("{} more", outcome.suspects.size() - kShownSuspects));
    }
    put(stderr, "parley: under way when it died: {}{}\n", join(shown, ", "),
        arguments.jobs > 1 && outcome.suspects.size() > 1
            ? "; with --jobs 1 it is seen which case kills it"
            : "");
  }
  put(stderr, "parley: start it again, then: {}\n", resume);
}

}  // namespace parley::cli
