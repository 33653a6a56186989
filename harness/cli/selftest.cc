// SPDX-License-Identifier: GPL-3.0-or-later
// The harness's own test: every case must be killed by a fault of the reference, every fault by a
// case; null SUTs pass no negative case; the reference without faults passes all, in any order.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/session.h"

namespace parley::cli {
namespace {

using Clock = std::chrono::steady_clock;
using model::VerdictKind;
using Cases = std::vector<const model::Case*>;

// Long enough for a loaded machine, short enough for faults that keep silent.
constexpr std::chrono::milliseconds kPatience{2'500};

struct Bench {
  const RunArguments& arguments;
  const model::Library& library;
  std::filesystem::path folder;
};

// A fault may make every exchange hang: patience must not grow from one to the next.
engine::SchedulerOptions bounded(engine::SchedulerOptions options,
                                 std::chrono::milliseconds patience) {
  if (patience.count() > 0) {
    options.most_patience = patience;
  }
  return options;
}

// Judges `cases` against the reference with `faults` or in a null mode.
Result<std::vector<engine::CaseResult>> judge_with(const Bench& bench, const std::string& name,
                                                   const Cases& cases,
                                                   const std::vector<std::string>& faults,
                                                   const std::string& null_mode,
                                                   std::chrono::milliseconds patience) {
  auto arguments = bench.arguments;
  arguments.null_mode = null_mode;
  arguments.patience = patience;
  arguments.jobs = 96;
  std::vector<engine::PlannedCase> planned;
  for (const auto* one : cases) {
    planned.push_back({one->id, 0});
  }
  auto rng = Rng(arguments.seed).child(name);
  for (std::size_t i = planned.size(); i > 1; --i) {
    std::swap(planned[i - 1], planned[rng.below(i)]);
  }
  auto journal = engine::Journal::begin(bench.folder / name, {.seed = arguments.seed,
                                                              .sut = name,
                                                              .sut_file = "",
                                                              .profile = arguments.profile,
                                                              .cases = planned});
  if (!journal) {
    return std::unexpected(journal.error());
  }
  const Session session{.library = bench.library,
                        .declarations = reference_declarations(arguments, cases),
                        .faults = faults,
                        .options = bounded(scheduler_options(arguments), patience),
                        .watch = {}};
  return judge_session(session, **journal);
}

Cases of_party(const Cases& cases, std::string_view party) {
  Cases out;
  for (const auto* one : cases) {
    if (model::to_string(one->party) == party) {
      out.push_back(one);
    }
  }
  return out;
}

struct Matrix {
  std::map<std::string, std::vector<std::string>> by_fault;  // fault -> cases that fail
  std::map<std::string, std::vector<std::string>> by_case;   // case -> faults that kill it
  std::map<std::string, std::pair<std::size_t, std::size_t>>
      null_passes;  // mode -> passes, negative cases
  std::vector<std::string> reference_not_pass;
  std::vector<std::string> trouble;
};

void reference_passes(const Bench& bench, const Cases& cases, Matrix& matrix) {
  const auto results = judge_with(bench, "reference", cases, {}, "", bench.arguments.patience);
  if (!results) {
    matrix.trouble.push_back("reference: " + results.error().detail);
    return;
  }
  for (const auto& result : *results) {
    if (result.verdict.kind != VerdictKind::pass) {
      matrix.reference_not_pass.push_back(fmt::format(
          "{}: {} ({})", result.id, model::to_string(result.verdict.kind), result.verdict.reason));
    }
  }
}

void null_suts(const Bench& bench, const Cases& cases, Matrix& matrix) {
  for (const std::string mode : {"silent", "hang-up", "refuse-all", "accept-all"}) {
    auto& [passes, negative] = matrix.null_passes[mode];
    const auto results = judge_with(bench, "null-" + mode, cases, {}, mode, kPatience);
    if (!results) {
      matrix.trouble.push_back("null SUT " + mode + ": " + results.error().detail);
      continue;
    }
    for (const auto& result : *results) {
      const auto* one = bench.library.find_case(result.id);
      if (one->negative()) {
        ++negative;
        if (result.verdict.kind == VerdictKind::pass) {
          ++passes;
          matrix.trouble.push_back(fmt::format("the null SUT {} passes {}", mode, result.id));
        }
      }
    }
  }
}

// The plan in suites/kill-plan.json: for each fault the cases that it must kill. A full self-test
// writes it.
std::optional<std::map<std::string, std::vector<std::string>>> kill_plan(const Bench& bench) {
  const auto file = bench.library.folder / "kill-plan.json";
  std::ifstream in(file);
  const auto value = nlohmann::json::parse(in, nullptr, false);
  if (!value.is_object()) {
    fmt::print(stderr, "parley: {} is missing or no JSON object; use --full\n", file.string());
    return std::nullopt;
  }
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [fault, cases] : value.items()) {
    for (const auto& id : cases) {
      out[fault].push_back(id.is_string() ? id.get<std::string>() : "");
    }
  }
  return out;
}

// For each case the fault that kills the fewest others, for each fault at least one case.
nlohmann::json plan_of(const Matrix& matrix) {
  std::map<std::string, std::set<std::string>> plan;
  for (const auto& [id, faults] : matrix.by_case) {
    const auto rarest = std::ranges::min_element(
        faults, {}, [&](const std::string& fault) { return matrix.by_fault.at(fault).size(); });
    plan[*rarest].insert(id);
  }
  for (const auto& [fault, cases] : matrix.by_fault) {
    if (!cases.empty() && plan[fault].empty()) {
      plan[fault].insert(cases.front());
    }
  }
  return plan;
}

void kills(const Bench& bench, const Cases& cases, Matrix& matrix) {
  const auto plan = bench.arguments.full ? std::nullopt : kill_plan(bench);
  if (!bench.arguments.full && !plan) {
    matrix.trouble.emplace_back("there is no kill plan");
    return;
  }
  std::size_t number = 0;
  for (const auto& fault : reference::faults()) {
    ++number;
    const std::string name(fault.name);
    auto& killed = matrix.by_fault[name];
    auto chosen = of_party(cases, fault.party);
    if (plan) {
      const auto at = plan->find(name);
      std::erase_if(chosen, [&](const model::Case* one) {
        return at == plan->end() || std::ranges::count(at->second, one->id) == 0;
      });
    }
    if (chosen.empty()) {
      continue;
    }
    const auto results = judge_with(bench, name, chosen, {name}, "", kPatience);
    if (!results) {
      matrix.trouble.push_back(name + ": " + results.error().detail);
      continue;
    }
    for (const auto& result : *results) {
      if (result.verdict.kind == VerdictKind::fail) {
        killed.push_back(result.id);
        matrix.by_case[result.id].push_back(name);
      }
    }
    if (!bench.arguments.quiet) {
      fmt::print(stderr, "{}/{} {}: {} of {} cases fail\n", number, reference::faults().size(),
                 name, killed.size(), chosen.size());
    }
  }
}

nlohmann::json matrix_json(const Matrix& matrix, const Cases& cases) {
  nlohmann::json nulls = nlohmann::json::object();
  for (const auto& [mode, counts] : matrix.null_passes) {
    nulls[mode] = {{"passes", counts.first}, {"negative_cases", counts.second}};
  }
  nlohmann::json by_case = nlohmann::json::object();
  for (const auto* one : cases) {
    const auto at = matrix.by_case.find(one->id);
    by_case[one->id] = at == matrix.by_case.end() ? std::vector<std::string>{} : at->second;
  }
  return {{"format", 1},
          {"faults", matrix.by_fault},
          {"cases", by_case},
          {"null_suts", nulls},
          {"reference_not_pass", matrix.reference_not_pass},
          {"trouble", matrix.trouble}};
}

void print_matrix(const Matrix& matrix, const std::vector<std::string>& survivors,
                  const std::vector<std::string>& unnoticed) {
  for (const auto& [fault, cases] : matrix.by_fault) {
    fmt::print("{:<44} {:>4} cases  {}\n", fault, cases.size(),
               cases.empty() ? "" : cases.front() + (cases.size() > 1 ? ", …" : ""));
  }
  fmt::print("\n");
  for (const auto& [mode, counts] : matrix.null_passes) {
    fmt::print("null SUT {:<12} passes {} of {} negative cases\n", mode, counts.first,
               counts.second);
  }
  for (const auto& id : survivors) {
    fmt::print("no fault kills  {}\n", id);
  }
  for (const auto& name : unnoticed) {
    fmt::print("no case notices {}\n", name);
  }
  for (const auto& line : matrix.reference_not_pass) {
    fmt::print("reference       {}\n", line);
  }
  for (const auto& line : matrix.trouble) {
    fmt::print("trouble         {}\n", line);
  }
}

}  // namespace

ExitCode selftest(const RunArguments& arguments) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  const auto cases = select(*library, arguments);
  if (!cases) {
    return ExitCode::usage;
  }
  if (cases->empty()) {
    fmt::print(stderr, "parley: the selection holds no case\n");
    return ExitCode::nothing_judged;
  }
  const Bench bench{arguments, *library, run_folder(arguments)};
  Matrix matrix;
  reference_passes(bench, *cases, matrix);
  null_suts(bench, *cases, matrix);
  kills(bench, *cases, matrix);
  std::vector<std::string> survivors;
  for (const auto* one : *cases) {
    if (!matrix.by_case.contains(one->id)) {
      survivors.push_back(one->id);
    }
  }
  std::vector<std::string> unnoticed;
  for (const auto& [fault, killed] : matrix.by_fault) {
    if (killed.empty()) {
      unnoticed.push_back(fault);
    }
  }
  const auto value = matrix_json(matrix, *cases);
  std::ofstream(bench.folder / "kill-matrix.json") << value.dump(2) << "\n";
  if (arguments.full) {
    std::ofstream(bench.folder / "kill-plan.json") << plan_of(matrix).dump(1) << "\n";
  }
  if (arguments.json) {
    fmt::print("{}\n", value.dump(2));
  } else {
    print_matrix(matrix, survivors, unnoticed);
  }
  const bool clean = survivors.empty() && unnoticed.empty() && matrix.trouble.empty() &&
                     matrix.reference_not_pass.empty();
  fmt::print(stderr,
             "{} cases, {} faults: {} cases without a fault, {} faults without a case; {}\n",
             cases->size(), matrix.by_fault.size(), survivors.size(), unnoticed.size(),
             (bench.folder / "kill-matrix.json").string());
  return clean ? ExitCode::ok : ExitCode::findings;
}

}  // namespace parley::cli
