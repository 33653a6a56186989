// SPDX-License-Identifier: GPL-3.0-or-later
// The harness's own test: every case must be killed by a fault of the reference, every fault by a
// case; null SUTs pass no negative case; the reference without faults passes all, in any order, and
// with each of its liberties the cases that are about it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "harness/cli/kill_matrix.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/session.h"
#include "harness/engine/begin_order.h"
#include "harness/model/setting.h"

namespace parley::cli {
namespace {

using model::VerdictKind;
using Cases = std::vector<const model::Case*>;
using Judged = Result<std::vector<engine::CaseResult>>;

// Long enough for a loaded machine, short enough for faults that keep silent.
constexpr std::chrono::milliseconds kPatience{2'500};
constexpr std::size_t kReferenceJobs = 96;
// Of one trial among several: most of them wait, so a core carries many.
constexpr std::size_t kTrialJobs = 32;
// Of a null SUT: all that its cases do is wait, and nobody waits for them.
constexpr std::size_t kNullJobs = 192;

struct Bench {
  const RunArguments& arguments;
  const model::Library& library;
  std::filesystem::path folder;
};

// One SUT to judge: the reference with a fault, or in a null mode.
struct Trial {
  std::string name;
  Cases cases;
  std::vector<std::string> faults;
  std::string null_mode;
  reference::Effect effect = reference::Effect::breaks;  // of the fault
};

engine::SchedulerOptions trial_options(const RunArguments& arguments, const Trial& trial) {
  auto options = scheduler_options(arguments);
  options.workers = 1;
  options.jobs = trial.null_mode.empty() ? kTrialJobs : kNullJobs;
  if (trial.effect == reference::Effect::breaks) {
    // A fault may make every exchange hang: patience must not grow from one to the next.
    options.least_patience = kPatience;
    options.most_patience = kPatience;
  } else {
    options.again = true;
  }
  return options;
}

Judged judge(const Bench& bench, const Trial& trial, const engine::SchedulerOptions& options) {
  auto arguments = bench.arguments;
  arguments.null_mode = trial.null_mode;
  std::vector<engine::PlannedCase> planned;
  for (const auto* one : trial.cases) {
    planned.push_back({one->id, 0});
  }
  auto rng = Rng(arguments.seed).child(trial.name);
  for (std::size_t i = planned.size(); i > 1; --i) {
    std::swap(planned[i - 1], planned[rng.below(i)]);
  }
  auto journal =
      engine::Journal::begin(bench.folder / trial.name, {.seed = arguments.seed,
                                                         .sut = trial.name,
                                                         .sut_files = {},
                                                         .profile = arguments.profile,
                                                         .cases = planned,
                                                         .faults = trial.faults,
                                                         .null_mode = trial.null_mode,
                                                         .settings = arguments.settings});
  if (!journal) {
    return std::unexpected(journal.error());
  }
  const Session session{
      .library = bench.library,
      .declarations = reference_declarations(arguments, bench.library, trial.cases),
      .faults = trial.faults,
      .options = options,
      .watch = {}};
  auto judged = judge_session(session, **journal);
  if (!judged) {
    return std::unexpected(judged.error());
  }
  if (judged->outcome.ending == engine::RunEnding::lost_sut) {
    return fail(Errc::io, "it died: " + judged->outcome.lost);
  }
  return std::move(judged->outcome.results);
}

std::size_t failures(const Judged& judged) {
  return judged ? std::ranges::count(*judged, VerdictKind::fail,
                                     [](const auto& result) { return result.verdict.kind; })
                : 0;
}

// Judges the trials side by side: the faults that keep a SUT silent cost waiting, not work. What
// came of each stands at its place, whichever ended first.
std::vector<Judged> judge_all(const Bench& bench, const std::vector<Trial>& trials) {
  std::vector<Judged> out(trials.size());
  std::atomic<std::size_t> next{0};
  std::size_t done = 0;
  std::mutex guard;  // of `done` and the standard error
  const auto lane = [&] {
    for (auto at = next.fetch_add(1); at < trials.size(); at = next.fetch_add(1)) {
      const auto& trial = trials[at];
      out[at] = judge(bench, trial, trial_options(bench.arguments, trial));
      const std::lock_guard lock(guard);
      ++done;
      if (!bench.arguments.quiet) {
        put(stderr, "{}/{} {}: {} of {} cases fail\n", done, trials.size(), trial.name,
            failures(out[at]), trial.cases.size());
      }
    }
  };
  std::vector<std::jthread> lanes;
  for (std::size_t i = 0; i < std::min(bench.arguments.parallel, trials.size()); ++i) {
    lanes.emplace_back(lane);
  }
  lanes.clear();  // joins them
  return out;
}

bool undecided(const engine::CaseResult& result) {
  return result.verdict.kind == VerdictKind::inconclusive &&
         result.verdict.blame == model::Blame::environment;
}

// Some faults act by chance only (octets that come apart or together, one key of two): a planned
// case shows that it can notice its fault, not that it does each time.
bool may_yet_fail(const Bench& bench, const Trial& trial, const engine::CaseResult& result) {
  return !trial.faults.empty() && trial.effect == reference::Effect::breaks &&
         !bench.arguments.full &&
         (result.verdict.kind == VerdictKind::pass ||
          result.verdict.kind == VerdictKind::inconclusive);
}

constexpr int kRounds = 3;

// What a busy machine left undecided, and what may yet fail, is judged again while nothing else
// runs. False when there is no more of it.
bool decide_alone(const Bench& bench, const Trial& trial, int round, Judged& judged) {
  Trial again{.name = fmt::format("{}-again-{}", trial.name, round),
              .cases = {},
              .faults = trial.faults,
              .null_mode = trial.null_mode,
              .effect = trial.effect};
  std::vector<engine::CaseResult> kept;
  for (const auto& result : *judged) {
    if (undecided(result) || may_yet_fail(bench, trial, result)) {
      again.cases.push_back(bench.library.find_case(result.id));
    } else {
      kept.push_back(result);
    }
  }
  if (again.cases.empty()) {
    return false;
  }
  judged = judge(bench, again, trial_options(bench.arguments, again));
  if (judged) {
    std::ranges::move(kept, std::back_inserter(*judged));
    std::ranges::sort(*judged, {}, &engine::CaseResult::id);
  }
  return judged.has_value();
}

// Of the reference, or of it with a liberty.
void take_passes(const std::string& name, std::vector<engine::CaseResult> results, Matrix& matrix) {
  warn_of_silence(name.empty() ? "the reference" : name, results);
  mark_flaky(results);
  for (const auto& result : results) {
    if (result.verdict.kind == VerdictKind::pass) {
      continue;
    }
    auto& list =
        result.verdict.kind == VerdictKind::error ? matrix.trouble : matrix.reference_not_pass;
    list.push_back(fmt::format("{}{}: {} ({})", name.empty() ? "" : name + ": ", result.id,
                               model::to_string(result.verdict.kind), result.verdict.reason));
  }
}

// Alone: nothing else may make it slow.
void reference_passes(const Bench& bench, const Cases& cases, Matrix& matrix) {
  auto options = scheduler_options(bench.arguments);
  options.jobs = kReferenceJobs;
  options.again = true;
  const Trial trial{.name = "reference", .cases = cases, .faults = {}, .null_mode = ""};
  auto results = judge(bench, trial, options);
  if (!results) {
    matrix.trouble.push_back("reference: " + results.error().detail);
    return;
  }
  take_passes("", std::move(*results), matrix);
}

std::vector<Trial> null_trials(const Cases& cases) {
  std::vector<Trial> out;
  for (const std::string mode : {"silent", "hang-up", "refuse-all", "accept-all"}) {
    out.push_back({.name = "null-" + mode, .cases = cases, .faults = {}, .null_mode = mode});
  }
  return out;
}

// Whether the user wants less than all cases of a party.
bool selects(const Selection& selection) {
  return !selection.suites.empty() || !selection.cases.empty() || !selection.requirements.empty();
}

void take_null(const Bench& bench, const std::string& mode,
               const std::vector<engine::CaseResult>& results, Matrix& matrix) {
  auto& [passes, negative] = matrix.null_passes[mode];
  for (const auto& result : results) {
    if (result.verdict.kind == VerdictKind::error) {
      matrix.trouble.push_back(fmt::format("the null SUT {}: {}: error ({})", mode, result.id,
                                           printable(result.verdict.reason)));
    }
    if (!bench.library.find_case(result.id)->negative()) {
      continue;
    }
    ++negative;
    if (result.verdict.kind == VerdictKind::pass) {
      ++passes;
      matrix.null_passed.push_back(fmt::format("the null SUT {} passes {}", mode, result.id));
    }
  }
  if (negative == 0 && !selects(bench.arguments.selection)) {
    matrix.trouble.push_back(fmt::format("the null SUT {} met no negative case", mode));
  }
}

using Plan = std::map<std::string, std::set<std::string>>;

// The plan in suites/kill-plan.json: for each fault the cases that it must kill, for each liberty
// those that must pass with it. A full self-test writes the faults' part.
std::optional<Plan> kill_plan(const Bench& bench) {
  const auto file = bench.library.folder / "kill-plan.json";
  std::ifstream in(file);
  const auto value = nlohmann::json::parse(in, nullptr, false);
  if (!value.is_object()) {
    put(stderr, "parley: {} is missing or no JSON object; use --full\n", file.string());
    return std::nullopt;
  }
  Plan out;
  for (const auto& [fault, cases] : value.items()) {
    for (const auto& id : cases) {
      out[fault].insert(id.is_string() ? id.get<std::string>() : "");
    }
  }
  return out;
}

Cases bent_by(const reference::FaultEntry& fault, const Cases& cases) {
  Cases out;
  std::ranges::copy_if(cases, std::back_inserter(out), [&](const model::Case* one) {
    return std::ranges::any_of(one->suts(), [&](model::Party party) {
      return reference::bends(fault, model::to_string(party));
    });
  });
  return out;
}

// A case that is not applicable whatever the SUT is: settings other than the profile's make it so.
bool of_another_dialect(const model::Case& one, const model::Library& library) {
  return !model::other_dialect(one, library.profiles.at(one.profile)).empty();
}

// Whether all that is to notice the fault is of another dialect.
bool is_dormant(const Bench& bench, const std::set<std::string>& planned) {
  const auto sleeps = [&](const std::string& id) {
    const auto* one = bench.library.find_case(id);
    return one != nullptr && of_another_dialect(*one, bench.library);
  };
  return !planned.empty() && std::ranges::all_of(planned, sleeps);
}

bool planned(const Plan& plan, const std::string& id) {
  return std::ranges::any_of(plan, [&](const auto& one) { return one.second.contains(id); });
}

// What kills a case kills it in the profiles that inherit it.
const std::string& inherited(const model::Case& one) {
  return one.inherits.empty() ? one.id : one.inherits;
}

// And it kills the case's mirror, where the plan has no line for that.
const std::string& planned_as(const model::Case& one, const Plan& plan) {
  const auto& own = inherited(one);
  return one.mirrors.empty() || planned(plan, own) ? own : one.mirrors;
}

std::vector<Trial> fault_trials(const Bench& bench, const Cases& cases, Matrix& matrix) {
  auto plan = kill_plan(bench);
  if (!plan && bench.arguments.full) {
    plan.emplace();
  }
  if (!plan) {
    matrix.trouble.emplace_back("there is no kill plan");
    return {};
  }
  const auto& profile = bench.library.profiles.at(bench.arguments.profile);
  for (const auto* one : cases) {
    if (!bench.arguments.full && !planned(*plan, planned_as(*one, *plan))) {
      matrix.unplanned.push_back(one->id);
    }
  }
  std::vector<Trial> out;
  for (const auto& fault : reference::faults()) {
    const std::string name(fault.name);
    const auto bent = bent_by(fault, cases);
    if (!profile.is(std::string(fault.profile)) || bent.empty() ||
        is_dormant(bench, (*plan)[name])) {
      continue;  // not selected
    }
    if (fault.effect == reference::Effect::breaks) {
      matrix.by_fault[name];
    }
    Trial trial{
        .name = name, .cases = {}, .faults = {name}, .null_mode = "", .effect = fault.effect};
    for (const auto* one : bent) {
      if (bench.arguments.full || (*plan)[name].contains(planned_as(*one, *plan))) {
        trial.cases.push_back(one);
      }
    }
    if (!trial.cases.empty()) {
      out.push_back(std::move(trial));
    }
  }
  return out;
}

// First those with a case that gives the SUT much time, lest the end wait for them.
std::vector<Trial> longest_first(std::vector<Trial> trials, const model::Library& library) {
  std::vector<std::pair<std::chrono::milliseconds, std::size_t>> order;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    std::chrono::milliseconds most{0};
    for (const auto* one : trials[i].cases) {
      most = std::max(most, engine::given_time(one->id, library));
    }
    order.emplace_back(-most, i);
  }
  std::ranges::sort(order);
  std::vector<Trial> out;
  for (const auto& [time, at] : order) {
    out.push_back(std::move(trials[at]));
  }
  return out;
}

void try_faults(const Bench& bench, const Cases& cases, Matrix& matrix) {
  auto trials = null_trials(cases);
  std::ranges::move(fault_trials(bench, cases, matrix), std::back_inserter(trials));
  trials = longest_first(std::move(trials), bench.library);
  auto judged = judge_all(bench, trials);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    // What shows only where octets arrive apart, and how they do the machine decides.
    for (int round = 1; judged[i] && round <= kRounds; ++round) {
      if (!decide_alone(bench, trials[i], round, judged[i])) {
        break;
      }
    }
    if (!judged[i]) {
      matrix.trouble.push_back(trials[i].name + ": " + judged[i].error().detail);
    } else if (trials[i].effect == reference::Effect::conforms) {
      take_passes(trials[i].name, std::move(*judged[i]), matrix);
    } else if (trials[i].null_mode.empty()) {
      take_kills(matrix, trials[i].name, *judged[i]);
    } else {
      take_null(bench, trials[i].null_mode, *judged[i], matrix);
    }
  }
}

bool holds_a_run(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::ranges::any_of(
      std::array{"plan.json", "kill-matrix.json", "reference/plan.json"},
      [&](const char* file) { return std::filesystem::exists(folder / file, ignored); });
}

// Without the cases that are planned as others are.
nlohmann::json written_plan(const Bench& bench, const Matrix& matrix) {
  Cases known;
  for (const auto& [id, kills] : matrix.by_case) {
    if (const auto* one = bench.library.find_case(id)) {
      known.push_back(one);
    }
  }
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [fault, cases] : plan_of(matrix, known).items()) {
    for (const auto& id : cases) {
      const auto* one = bench.library.find_case(id.get<std::string>());
      if (one != nullptr && one->inherits.empty() && one->mirrors.empty()) {
        out[fault].push_back(id);
      }
    }
  }
  return out;
}

Result<void> write_matrix(const Bench& bench, const Matrix& matrix, const nlohmann::json& value) {
  auto written =
      write_text(bench.folder / "kill-matrix.json",
                 value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return written && bench.arguments.full ? write_text(bench.folder / "kill-plan.json",
                                                      written_plan(bench, matrix).dump(1) + "\n")
                                         : written;
}

// Prints what came of it.
ExitCode conclude(const Bench& bench, const Cases& cases, Matrix& matrix) {
  if (selects(bench.arguments.selection)) {
    // The cases that would notice these faults were not asked.
    std::erase_if(matrix.by_fault, [](const auto& one) { return one.second.empty(); });
  }
  const auto value = matrix_json(matrix, cases);
  if (const auto written = write_matrix(bench, matrix, value); !written) {
    matrix.trouble.push_back(written.error().detail);
    put(stderr, "parley: {}\n", written.error().detail);
  }
  const auto gaps = gaps_of(matrix, cases);
  if (bench.arguments.json) {
    put(stdout, "{}\n", value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_matrix(matrix, gaps);
  }
  put(stderr, "{} cases, {} faults: {} cases without a fault, {} faults without a case; {}\n",
      cases.size(), matrix.by_fault.size(), gaps.survivors.size() + matrix.unplanned.size(),
      gaps.unnoticed.size(), (bench.folder / "kill-matrix.json").string());
  if (!matrix.trouble.empty()) {
    return ExitCode::harness_error;
  }
  // Of a profile under construction each case must be killed, but not yet each fault.
  const auto profile = bench.library.profiles.find(bench.arguments.profile);
  const bool growing =
      profile != bench.library.profiles.end() && profile->second.status == "experimental";
  const bool clean = gaps.survivors.empty() && (growing || gaps.unnoticed.empty()) &&
                     matrix.null_passed.empty() && matrix.unplanned.empty() &&
                     matrix.reference_not_pass.empty();
  return clean ? ExitCode::ok : ExitCode::findings;
}

}  // namespace

ExitCode selftest(const RunArguments& arguments) {
  auto library = library_of(arguments, arguments.profile);
  if (!library || !give(*library, arguments.profile, arguments.settings)) {
    return ExitCode::usage;
  }
  auto cases = select(*library, arguments);
  if (!cases) {
    return ExitCode::usage;
  }
  std::erase_if(*cases, [&](const model::Case* one) { return of_another_dialect(*one, *library); });
  if (cases->empty()) {
    put(stderr, "parley: the selection holds no case\n");
    return ExitCode::nothing_judged;
  }
  const Bench bench{arguments, *library, run_folder(arguments)};
  if (holds_a_run(bench.folder)) {
    put(stderr, "parley: {} holds a run already; use another --out\n", bench.folder.string());
    return ExitCode::usage;
  }
  Matrix matrix;
  reference_passes(bench, *cases, matrix);
  try_faults(bench, *cases, matrix);
  return conclude(bench, *cases, matrix);
}

}  // namespace parley::cli
