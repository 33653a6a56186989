// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <tuple>

#include "harness/base/text.h"
#include "harness/cli/case_digest.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"
#include "harness/engine/journal.h"
#include "harness/engine/judge.h"
#include "harness/report/finding.h"
#include "harness/report/json_report.h"
#include "harness/report/junit.h"
#include "harness/report/mask.h"
#include "harness/report/reading.h"
#include "harness/report/terminal.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

// RUN/CASE: the run's folder, then the case id; RUN/CASE#2 or RUN/CASE~2 (as its transcript is
// called) is its second repetition after the first.
struct Place {
  fs::path folder;
  std::string id;
  int repetition = 0;
};

Place place_of(const std::string& path) {
  Place out{.folder = path, .id = ""};
  std::error_code ignored;
  while (!out.folder.empty() && !fs::exists(out.folder / "plan.json", ignored)) {
    out.id = out.folder.filename().string() + (out.id.empty() ? "" : "/" + out.id);
    const auto parent = out.folder.parent_path();
    out.folder = parent == out.folder ? fs::path() : parent;
  }
  // The transcript's name says which attempt the verdict stands on.
  if (constexpr std::string_view kAgain = "~again"; out.id.ends_with(kAgain)) {
    out.id.resize(out.id.size() - kAgain.size());
  }
  if (const auto mark = out.id.find_first_of("#~"); mark != std::string::npos) {
    const auto* const end = out.id.data() + out.id.size();
    const auto read = std::from_chars(out.id.data() + mark + 1, end, out.repetition);
    out.repetition = read.ec == std::errc() && read.ptr == end ? out.repetition : -1;
    out.id.resize(mark);
  }
  return out;
}

const engine::CaseResult* find_result(const engine::Record& record, const Place& place) {
  const auto at = std::ranges::find_if(record.done, [&](const engine::CaseResult& result) {
    return result.id == place.id && result.repetition == place.repetition;
  });
  return at == record.done.end() ? nullptr : &*at;
}

std::string json_text(const nlohmann::json& value) {
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Nothing went over the wire: the SUT does not declare it, or the harness failed.
ExitCode nothing_to_replay(const RunArguments& arguments, const engine::CaseResult& recorded) {
  if (arguments.json) {
    put(stdout, "{}",
        json_text({{"case", recorded.id},
                   {"same", false},
                   {"case_changed", false},
                   {"recorded", engine::to_json(report::masked(recorded.verdict))},
                   {"replayed", nullptr}}));
  } else {
    put(stdout, "{} was not judged: nothing to replay (recorded: {}: {})\n", recorded.id,
        model::to_string(recorded.verdict.kind), printable(recorded.verdict.reason));
  }
  return ExitCode::findings;
}

std::string ladder_of(const RunArguments& arguments, const model::Library& library,
                      const model::Case& one, const engine::Transcript& transcript) {
  const auto octets = arguments.full ? report::Octets::full : report::Octets::cut;
  return report::ladder(transcript, report::reading_of(one, library, transcript), octets);
}

// What is judged again. `changed`: the suites say something else of the case than when it was run.
struct Recorded {
  const engine::CaseResult& result;
  const engine::Transcript& transcript;
  bool changed = false;
};

ExitCode judge_again(const RunArguments& arguments, const model::Library& library,
                     const Recorded& record, const std::string& path) {
  const auto& [recorded, transcript, changed] = record;
  const auto& one = *library.find_case(recorded.id);
  auto again = recorded;
  again.verdict = engine::judge(one, library, transcript);
  const bool same = again.verdict == recorded.verdict;
  if (arguments.json) {
    put(stdout, "{}",
        json_text({{"case", recorded.id},
                   {"same", same},
                   {"case_changed", changed},
                   {"recorded", engine::to_json(report::masked(recorded.verdict))},
                   {"replayed", engine::to_json(report::masked(again.verdict))}}));
  } else {
    put(stdout, "{}", ladder_of(arguments, library, one, transcript));
    const auto subject = report::subject_of(again, library);
    if (again.verdict.kind != model::VerdictKind::pass && subject.requirement != nullptr) {
      put(stdout, "\n{}\n", report::six_lines(subject, again, "parley replay " + quoted(path)));
    }
    put(stdout, "\nrecorded: {}; judged again: {}; the verdict is {}\n{}",
        model::to_string(recorded.verdict.kind), model::to_string(again.verdict.kind),
        same ? "the same" : "NOT the same",
        changed ? "the case changed since the run: it was judged by what the suites say now\n"
                : "");
  }
  return same ? ExitCode::ok : ExitCode::findings;
}

// The results that the selectors take. Says on the standard error which of them takes none; empty
// then.
std::vector<engine::CaseResult> selected_of(const std::vector<std::string>& selectors,
                                            const engine::RunSummary& summary) {
  std::vector<std::string> known;
  for (const auto& result : summary.results) {
    known.push_back(result.id);
  }
  for (const auto& selector : selectors) {
    if (std::ranges::none_of(known, [&](const auto& id) { return glob_match(selector, id); })) {
      put(stderr, "parley: {}\n", unknown_name("case of this run", selector, known));
      return {};
    }
  }
  std::vector<engine::CaseResult> out;
  std::ranges::copy_if(summary.results, std::back_inserter(out), [&](const auto& result) {
    return std::ranges::any_of(selectors, [&](const auto& s) { return glob_match(s, result.id); });
  });
  return out;
}

// The suites and the cases beside them, as a recorded run was judged with them.
std::optional<model::Library> library_of(const RunArguments& arguments, const engine::Plan& plan) {
  auto with_cases = arguments;
  if (with_cases.case_files.empty()) {
    with_cases.case_files = plan.case_files;
  }
  auto library = library_of(with_cases);
  return library && give(*library, plan) ? std::move(library) : std::nullopt;
}

struct Told {
  std::string heading;  // empty where there is but one attempt
  engine::Turn turn;
};
// The attempts at a case, in order.
std::vector<Told> attempts_of(const engine::CaseResult& result) {
  if (!result.silent_beside) {
    return {{.heading = "", .turn = engine::Turn::first}};
  }
  const auto& first = *result.silent_beside;
  return {
      {.heading = fmt::format("first attempt, beside other cases: {}\n", printable(first.reason)),
       .turn = engine::Turn::first},
      {.heading = fmt::format("second attempt, with the SUT for itself{}\n",
                              first.decided ? "" : ", which decides nothing"),
       .turn = engine::Turn::again}};
}

// Six lines for what did not pass, one for what did, and the ladder.
ExitCode report_cases(const RunArguments& arguments, const model::Library& library,
                      const engine::RunSummary& summary) {
  const auto selected = selected_of(arguments.selection.cases, summary);
  for (const auto& result : selected) {
    const auto subject = report::subject_of(result, library);
    if (subject.requirement == nullptr) {
      put(stderr, "parley: the suites do not hold {} any more\n", printable(result.id));
      return ExitCode::usage;
    }
    const auto again = "parley replay " + quoted(summary.folder + "/" + report::name_of(result));
    const auto lines = report::six_lines(subject, result, again);
    const bool passed = result.verdict.kind == model::VerdictKind::pass;
    put(stdout, "{}", passed ? lines.substr(0, lines.find('\n') + 1) : lines);
    for (const auto& [heading, turn] : attempts_of(result)) {
      const auto file = engine::transcript_path(summary.folder, result.id, result.repetition, turn);
      const auto transcript = engine::load_transcript(file);
      if (!transcript) {
        put(stderr, "parley: {}\n", transcript.error().detail);
        return ExitCode::usage;
      }
      put(stdout, "{}{}\n", heading, ladder_of(arguments, library, *subject.one, *transcript));
    }
  }
  return selected.empty() ? ExitCode::usage : ExitCode::ok;
}

}  // namespace

ExitCode replay(const RunArguments& arguments, const std::string& path) {
  const auto place = place_of(path);
  if (place.folder.empty() || place.id.empty()) {
    put(stderr, "parley: {} is not RUN/CASE, a run's folder and a case id behind it\n", path);
    return ExitCode::usage;
  }
  const auto record = engine::Journal::load(place.folder);
  if (!record) {
    put(stderr, "parley: {}\n", record.error().detail);
    return ExitCode::usage;
  }
  auto library = library_of(arguments, record->plan);
  if (!library) {
    return ExitCode::usage;
  }
  const auto* recorded = find_result(*record, place);
  if (recorded == nullptr || library->find_case(place.id) == nullptr) {
    put(stderr, "parley: {}: {}\n", place.folder.string(),
        recorded == nullptr ? "the run has no verdict for " + place.id +
                                  (place.repetition == 0 ? "" : " in this repetition")
                            : "the suites do not hold " + place.id + " any more");
    return ExitCode::usage;
  }
  const auto transcript = engine::load_transcript(engine::transcript_path(place.folder, *recorded));
  if (!transcript) {
    put(stderr, "parley: {}\n", transcript.error().detail);
    return ExitCode::usage;
  }
  if (transcript->runs.empty()) {
    return nothing_to_replay(arguments, *recorded);
  }
  const bool changed = !changed_cases(record->plan, *library, {place.id}).empty();
  return judge_again(arguments, *library,
                     {.result = *recorded, .transcript = *transcript, .changed = changed}, path);
}

ExitCode report(const RunArguments& arguments, const std::string& folder) {
  auto record = engine::Journal::load(folder);
  if (!record) {
    put(stderr, "parley: {}\n", record.error().detail);
    return ExitCode::usage;
  }
  auto library = library_of(arguments, record->plan);
  if (!library || (!arguments.junit.empty() && !can_write(arguments.junit))) {
    return ExitCode::usage;
  }
  mark_flaky(record->done);
  std::ranges::sort(record->done, [](const engine::CaseResult& a, const engine::CaseResult& b) {
    return std::tie(a.id, a.repetition) < std::tie(b.id, b.repetition);
  });
  const engine::RunSummary summary{.sut = record->plan.sut,
                                   .suts = record->plan.suts,
                                   .profile = record->plan.profile,
                                   .version = PARLEY_VERSION,
                                   .seed = record->plan.seed,
                                   .planned = record->plan.cases.size(),
                                   .results = std::move(record->done),
                                   .took = {},
                                   .folder = folder};
  if (!arguments.selection.cases.empty()) {
    return report_cases(arguments, *library, summary);
  }
  // The journal does not say how long the run took, so there is no rate.
  put(stdout, "{}",
      arguments.json ? json_text(report::json_report(summary, *library))
                     : report::summary(summary, *library));
  if (!arguments.junit.empty()) {
    if (const auto written = write_text(arguments.junit, report::junit_report(summary, *library));
        !written) {
      put(stderr, "parley: {}\n", written.error().detail);
      return ExitCode::harness_error;
    }
  }
  if (summary.results.size() < summary.planned) {
    put(stderr, "parley: {} of {} planned cases are missing; go on with '{}'\n",
        summary.planned - summary.results.size(), summary.planned,
        resume_command(arguments, folder));
    return ExitCode::findings;
  }
  return exit_code_of(summary);
}

}  // namespace parley::cli
