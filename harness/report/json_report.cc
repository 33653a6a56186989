// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/json_report.h"

#include <nlohmann/json.hpp>

#include "harness/base/text.h"
#include "harness/report/finding.h"
#include "harness/report/mask.h"

namespace parley::report {
namespace {

using nlohmann::json;

std::string safe(std::string_view text) { return printable(text, kFileOctets); }

json totals_json(const engine::RunSummary& run) {
  auto counts = engine::totals(run);
  json out = json::object();
  for (const auto kind : kVerdictKinds) {
    out[std::string(model::to_string(kind))] = counts[kind];
  }
  return out;
}

json requirement_json(const model::Requirement& requirement) {
  return {{"id", safe(requirement.id)},
          {"text", safe(requirement.text)},
          {"source", safe(requirement.source)},
          {"basis", model::to_string(requirement.basis)}};
}

json result_json(const engine::CaseResult& result, const Subject& subject) {
  const auto verdict = masked(result.verdict);
  json out{{"id", safe(result.id)},
           {"title", subject.one != nullptr ? safe(subject.one->title) : ""},
           {"requirement", nullptr},
           {"negative", subject.one != nullptr && subject.one->negative()},
           {"repetition", result.repetition},
           {"verdict", model::to_string(verdict.kind)},
           {"blame", model::to_string(verdict.blame)},
           {"level", nullptr},
           {"assumed", subject.assumed},
           {"reason", safe(verdict.reason)},
           {"sent", safe(verdict.sent)},
           {"expected", safe(verdict.expected)},
           {"came", safe(verdict.came)},
           {"difference", safe(verdict.difference)},
           {"monitor", safe(verdict.monitor)},
           {"took_us", result.took.count()}};
  if (subject.requirement != nullptr) {
    out["requirement"] = requirement_json(*subject.requirement);
  }
  if (verdict.level) {
    out["level"] = model::to_string(*verdict.level);
  }
  if (verdict.broke) {
    out["broke"] = model::to_string(*verdict.broke);
  }
  if (result.silent_beside) {
    out["silent_beside"] = {{"reason", safe(masked(result.silent_beside->reason))},
                            {"machine_busy", result.silent_beside->machine_busy},
                            {"decided", result.silent_beside->decided}};
  }
  return out;
}

}  // namespace

json json_report(const engine::RunSummary& run, const model::Library& library) {
  json party = nullptr;  // that of any case the library knows; of several SUTs `suts`
  json results = json::array();
  for (const auto& result : run.results) {
    const auto subject = subject_of(result, library);
    if (subject.one != nullptr && run.suts.empty()) {
      party = model::to_string(subject.one->party);
    }
    results.push_back(result_json(result, subject));
  }
  json out{{"format", kJsonReportFormat}, {"parley", safe(run.version)},
           {"sut", safe(run.sut)},        {"profile", safe(run.profile)},
           {"party", std::move(party)},   {"seed", std::to_string(run.seed)},
           {"planned", run.planned},      {"took_ms", run.took.count()},
           {"totals", totals_json(run)},  {"results", std::move(results)}};
  if (!run.suts.empty()) {
    out["suts"] = engine::to_json(run.suts);
  }
  return out;
}

}  // namespace parley::report
