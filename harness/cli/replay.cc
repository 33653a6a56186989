// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/cli/options.h"
#include "harness/engine/journal.h"
#include "harness/engine/judge.h"
#include "harness/report/finding.h"
#include "harness/report/json_report.h"
#include "harness/report/junit.h"
#include "harness/report/terminal.h"

namespace parley::cli {

namespace fs = std::filesystem;

// RUN/CASE: the run's folder, then the case id; RUN/CASE#2 is its second repetition after the
// first.
ExitCode replay(const RunArguments& arguments, const std::string& path) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  fs::path folder = path;
  std::string id;
  while (!folder.empty() && !fs::exists(folder / "plan.json")) {
    id = folder.filename().string() + (id.empty() ? "" : "/" + id);
    const auto parent = folder.parent_path();
    folder = parent == folder ? fs::path() : parent;
  }
  auto journal = engine::Journal::resume(folder);
  if (folder.empty() || id.empty() || !journal) {
    fmt::print(stderr, "parley: {} is not RUN/CASE, a run's folder and a case id behind it\n",
               path);
    return ExitCode::usage;
  }
  const auto hash = id.find('#');
  const auto repetition = hash == std::string::npos ? "0" : id.substr(hash + 1);
  id = id.substr(0, hash);
  const auto* one = library->find_case(id);
  const engine::CaseResult* recorded = nullptr;
  for (const auto& result : (*journal)->done()) {
    const bool wanted = result.id == id && std::to_string(result.repetition) == repetition;
    recorded = wanted ? &result : recorded;
  }
  if (one == nullptr || recorded == nullptr) {
    fmt::print(stderr, "parley: the run {} has no verdict for case {}\n", folder.string(), id);
    return ExitCode::usage;
  }
  const auto transcript =
      engine::load_transcript(engine::transcript_path(folder, id, recorded->repetition));
  if (!transcript) {
    fmt::print(stderr, "parley: {}\n", transcript.error().detail);
    return ExitCode::usage;
  }
  auto again = *recorded;
  if (!transcript->runs.empty()) {
    again.verdict = engine::judge(*one, *library, *transcript);
  }
  const bool same = again.verdict == recorded->verdict;
  if (arguments.json) {
    fmt::print("{}\n", nlohmann::json{{"case", id},
                                      {"same", same},
                                      {"recorded", engine::to_json(recorded->verdict)},
                                      {"replayed", engine::to_json(again.verdict)}}
                           .dump(2));
  } else {
    fmt::print("{}", report::ladder(*transcript));
    const auto subject = report::subject_of(again, *library);
    if (again.verdict.kind != model::VerdictKind::pass && subject.requirement != nullptr) {
      fmt::print("\n{}\n",
                 report::six_lines(*subject.requirement, *one, again, "parley replay " + path));
    }
    fmt::print("\nrecorded: {}; judged again: {}; the verdict is {}\n",
               model::to_string(recorded->verdict.kind), model::to_string(again.verdict.kind),
               same ? "the same" : "NOT the same");
  }
  return same ? ExitCode::ok : ExitCode::findings;
}

ExitCode report(const RunArguments& arguments, const std::string& folder) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  auto journal = engine::Journal::resume(folder);
  if (!journal) {
    fmt::print(stderr, "parley: {}\n", journal.error().detail);
    return ExitCode::usage;
  }
  engine::RunSummary summary{.sut = (*journal)->plan().sut,
                             .profile = (*journal)->plan().profile,
                             .version = PARLEY_VERSION,
                             .seed = (*journal)->plan().seed,
                             .planned = (*journal)->plan().cases.size(),
                             .results = (*journal)->done(),
                             .took = {},
                             .folder = folder};
  if (arguments.json) {
    fmt::print("{}\n", report::json_report(summary, *library).dump(2));
  } else {
    fmt::print("{}", report::summary(summary, *library));
  }
  if (!arguments.junit.empty()) {
    std::ofstream(arguments.junit) << report::junit_report(summary, *library);
  }
  if (summary.results.size() != summary.planned) {
    fmt::print(stderr,
               "parley: {} of {} planned cases are judged; go on with 'parley run --resume {}'\n",
               summary.results.size(), summary.planned, folder);
    return ExitCode::harness_error;
  }
  return ExitCode::ok;
}

}  // namespace parley::cli
