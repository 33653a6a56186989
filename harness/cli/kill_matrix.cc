// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/kill_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>

#include "harness/cli/output.h"
#include "harness/reference/faults.h"
#include "harness/reference/reference.h"

namespace parley::cli {
namespace {

bool by_monitor(const Kill& kill) { return !kill.monitor.empty(); }

// Whether the fault's sentence names that requirement, as a word of its own.
bool breaks(const std::string& fault, const std::string& requirement) {
  const auto known = reference::find_fault(fault);
  if (!known || requirement.empty()) {
    return false;
  }
  const auto sentence = reference::faults()[static_cast<std::size_t>(*known)].breaks;
  const auto at = sentence.find(requirement);
  return at != std::string_view::npos &&
         sentence.substr(at + requirement.size()).find_first_of("0123456789") != 0;
}

}  // namespace

void take_kills(Matrix& matrix, const std::string& fault,
                const std::vector<engine::CaseResult>& results) {
  auto& killed = matrix.by_fault[fault];
  for (const auto& result : results) {
    if (result.verdict.kind == model::VerdictKind::fail) {
      killed.push_back(result.id);
      matrix.by_case[result.id].push_back({.fault = fault, .monitor = result.verdict.monitor});
    }
  }
}

Gaps gaps_of(const Matrix& matrix, const std::vector<const model::Case*>& cases) {
  Gaps out;
  for (const auto* one : cases) {
    const auto at = matrix.by_case.find(one->id);
    if (std::ranges::count(matrix.unplanned, one->id) > 0) {
      continue;
    }
    if (at == matrix.by_case.end()) {
      out.survivors.push_back(one->id);
    } else if (std::ranges::all_of(at->second, by_monitor)) {
      out.monitors_only.push_back(one->id);
    }
  }
  for (const auto& [fault, killed] : matrix.by_fault) {
    if (killed.empty()) {
      out.unnoticed.push_back(fault);
    }
  }
  return out;
}

nlohmann::json plan_of(const Matrix& matrix, const std::vector<const model::Case*>& cases) {
  std::map<std::string, std::string> requirements;
  for (const auto* one : cases) {
    requirements[one->id] = one->requirement;
  }
  std::map<std::string, std::set<std::string>> plan;
  for (const auto& [id, kills] : matrix.by_case) {
    const auto best = std::ranges::min_element(kills, {}, [&](const Kill& kill) {
      return std::tuple(!breaks(kill.fault, requirements[id]), by_monitor(kill),
                        matrix.by_fault.at(kill.fault).size());
    });
    plan[best->fault].insert(id);
  }
  for (const auto& [fault, killed] : matrix.by_fault) {
    if (!killed.empty() && plan[fault].empty()) {
      const auto own = std::ranges::find_if(
          killed, [&](const std::string& id) { return breaks(fault, requirements[id]); });
      plan[fault].insert(own == killed.end() ? killed.front() : *own);
    }
  }
  return plan;
}

nlohmann::json matrix_json(const Matrix& matrix, const std::vector<const model::Case*>& cases) {
  nlohmann::json nulls = nlohmann::json::object();
  for (const auto& [mode, counts] : matrix.null_passes) {
    nulls[mode] = {{"passes", counts.first}, {"negative_cases", counts.second}};
  }
  nlohmann::json by_case = nlohmann::json::object();
  for (const auto* one : cases) {
    auto& faults = by_case[one->id] = nlohmann::json::array();
    if (const auto at = matrix.by_case.find(one->id); at != matrix.by_case.end()) {
      for (const auto& kill : at->second) {
        faults.push_back(kill.fault);
      }
    }
  }
  return {{"format", 1},
          {"faults", matrix.by_fault},
          {"cases", by_case},
          {"killed_by_monitors_only", gaps_of(matrix, cases).monitors_only},
          {"null_suts", nulls},
          {"null_passed", matrix.null_passed},
          {"unplanned", matrix.unplanned},
          {"reference_not_pass", matrix.reference_not_pass},
          {"trouble", matrix.trouble}};
}

void print_matrix(const Matrix& matrix, const Gaps& gaps) {
  for (const auto& [fault, cases] : matrix.by_fault) {
    put(stdout, "{:<44} {:>4} cases  {}\n", fault, cases.size(),
        cases.empty() ? "" : cases.front() + (cases.size() > 1 ? ", …" : ""));
  }
  put(stdout, "\n");
  for (const auto& [mode, counts] : matrix.null_passes) {
    put(stdout, "null SUT {:<12} passes {} of {} negative cases\n", mode, counts.first,
        counts.second);
  }
  const std::pair<std::string_view, const std::vector<std::string>&> lists[] = {
      {"no fault kills", gaps.survivors},       {"no case notices", gaps.unnoticed},
      {"a monitor alone", gaps.monitors_only},  {"null SUT", matrix.null_passed},
      {"reference", matrix.reference_not_pass}, {"trouble", matrix.trouble}};
  for (const auto& id : matrix.unplanned) {
    put(stdout, "{:<15} {} is not in suites/kill-plan.json (run with --full and add it)\n",
        "not planned", id);
  }
  for (const auto& [title, lines] : lists) {
    for (const auto& line : lines) {
      put(stdout, "{:<15} {}\n", title, line);
    }
  }
}

}  // namespace parley::cli
