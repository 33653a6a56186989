// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/live_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "harness/cli/session.h"
#include "harness/cli/stop_signals.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;
using model::VerdictKind;

constexpr std::size_t kApart = 6;  // SUTs side by side: most of them wait
// Most strikes that nothing comes of are waited for in vain.
constexpr std::chrono::milliseconds kPatience{2'000};
constexpr std::chrono::milliseconds kPatienceAlone{500};
// So many strikes in a row of which nothing can be told: the SUT is of no use.
constexpr std::size_t kMostUndecided = 16;

engine::SchedulerOptions options_of(const RunArguments& arguments) {
  auto options = scheduler_options(arguments);
  if (arguments.patience.count() == 0) {
    options.least_patience = kPatience;
  }
  return options;
}

// Whether it is worth while to go on with a volley.
class Worth {
 public:
  void take(const model::Verdict& verdict) {
    fallen_ = fallen_ || verdict.kind == VerdictKind::fail;
    const bool told = verdict.kind == VerdictKind::pass || verdict.kind == VerdictKind::fail;
    undecided_ = told ? 0 : undecided_ + 1;
  }
  bool none() const { return fallen_ || undecided_ >= kMostUndecided || StopSignals::requested(); }

 private:
  std::atomic<bool> fallen_{false};
  std::atomic<std::size_t> undecided_{0};
};

engine::SchedulerOptions for_one(engine::SchedulerOptions options) {
  options.workers = 1;
  options.jobs = 1;
  options.most_patience = options.least_patience;
  // A SUT that serves nobody else answers soon, and there are many to try.
  options.least_patience = std::min(options.least_patience, kPatienceAlone);
  return options;
}

// What the written case is given when it is judged again.
engine::SchedulerOptions as_run(const RunArguments& arguments) {
  auto options = scheduler_options(arguments);
  options.workers = 1;
  options.jobs = 1;
  return options;
}

bool fell(const std::pair<const std::string, live::Shot>& shot) {
  return shot.second.verdict.kind == VerdictKind::fail;
}

// Where they are judged one by one, that is what has killed it.
void take_death(live::Volley& volley, const std::string& id) {
  auto& verdict = volley.shots[id].verdict;
  verdict.kind = VerdictKind::fail;
  verdict.blame = model::Blame::sut;
  verdict.reason = "the SUT died of it: " + volley.dead;
  verdict.came = volley.dead;
}

}  // namespace

LiveBench::LiveBench(const RunArguments& arguments, const model::Library& library,
                     std::map<model::Party, model::Declaration> declarations, fs::path work)
    : arguments_(arguments),
      library_{.folder = library.folder,
               .requirements = library.requirements,
               .profiles = library.profiles,
               .flows = library.flows,
               .cases = {}},
      declarations_(std::move(declarations)),
      work_(std::move(work)) {}

void LiveBench::lay_out(const std::vector<model::Case>& cases) {
  library_.cases = cases;
  std::ranges::sort(library_.cases, {}, &model::Case::id);
}

Result<live::Volley> LiveBench::together(const std::vector<model::Case>& cases,
                                         const std::function<bool()>& enough) {
  lay_out(cases);
  return judge(library_.case_ids(), options_of(arguments_), enough);
}

// What Parley does not start is one for all lanes, and so is a pool of accounts.
std::size_t LiveBench::lanes() const {
  const bool shared = std::ranges::any_of(declarations_, [](const auto& declared) {
    return declared.second.driver.empty() || !declared.second.pool_file.empty();
  });
  return shared || arguments_.jobs == 1 ? 1 : kApart;
}

// One after another, each lane against a SUT of its own, which is started anew once one has failed.
Result<live::Volley> LiveBench::apart(const std::vector<model::Case>& cases, Until until,
                                      Pace pace) {
  lay_out(cases);
  const auto options = pace == Pace::brisk ? for_one(options_of(arguments_)) : as_run(arguments_);
  live::Volley out;
  std::optional<Error> trouble;
  std::mutex guard;  // of both
  std::atomic<bool> enough{false};
  const auto lane = [&](std::vector<std::string> left) {
    while (!left.empty() && !enough) {
      auto some = judge(left, options, [&enough] { return enough.load(); });
      const std::lock_guard lock(guard);
      if (!some || some->shots.empty()) {
        trouble = some ? trouble : std::optional(some.error());
        enough = enough || !some;
        return;
      }
      enough = enough || StopSignals::requested() ||
               (until == Until::first_fail && std::ranges::any_of(some->shots, fell));
      std::erase_if(left, [&](const auto& id) { return some->shots.contains(id); });
      out.shots.merge(some->shots);
    }
  };
  {
    const auto count = std::min(lanes(), cases.size());
    std::vector<std::vector<std::string>> shares(count);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      shares[i % count].push_back(cases[i].id);
    }
    std::vector<std::jthread> lanes;
    for (auto& share : shares) {
      lanes.emplace_back(lane, std::move(share));
    }
  }
  return trouble ? Result<live::Volley>(std::unexpected(*trouble)) : out;
}

Result<live::Volley> LiveBench::judge(const std::vector<std::string>& ids,
                                      const engine::SchedulerOptions& options,
                                      const std::function<bool()>& enough) {
  const auto folder = work_ / std::to_string(folders_++);
  auto out = judge_in(folder, ids, options, enough);
  std::error_code ignored;  // what could not be removed takes room, and no more
  fs::remove_all(folder, ignored);
  return out;
}

Result<live::Volley> LiveBench::judge_in(const fs::path& folder,
                                         const std::vector<std::string>& ids,
                                         const engine::SchedulerOptions& options,
                                         const std::function<bool()>& enough) {
  std::vector<engine::PlannedCase> planned;
  for (const auto& id : ids) {
    planned.push_back({.id = id, .repetition = 0});
  }
  auto journal = engine::Journal::begin(folder, {.seed = arguments_.seed,
                                                 .sut = declarations_.begin()->second.name,
                                                 .sut_files = arguments_.sut_files,
                                                 .profile = arguments_.profile,
                                                 .cases = std::move(planned)});
  if (!journal) {
    return std::unexpected(journal.error());
  }
  Worth worth;
  const Session session{.library = library_,
                        .declarations = declarations_,
                        .faults = arguments_.faults,
                        .options = options,
                        .watch = [&](const engine::CaseResult& result, std::size_t,
                                     std::size_t) { worth.take(result.verdict); },
                        .stop = [&] { return enough() || worth.none(); }};
  auto judged = judge_session(session, **journal);
  if (!judged) {
    return std::unexpected(judged.error());
  }
  live::Volley out{.shots = {}, .dead = std::move(judged->outcome.lost)};
  for (auto& result : judged->outcome.results) {
    live::Shot shot{.verdict = std::move(result.verdict)};
    if (shot.verdict.kind != VerdictKind::pass) {
      auto transcript = engine::load_transcript(engine::transcript_path(folder, result));
      if (transcript) {
        shot.transcript = std::move(*transcript);
      }
    }
    out.shots.emplace(std::move(result.id), std::move(shot));
  }
  // One by one there is one in contact when it dies.
  const auto& suspects = judged->outcome.suspects;
  if (options.jobs == 1 && suspects.size() == 1 && std::ranges::none_of(out.shots, fell)) {
    take_death(out, suspects.front());
  }
  std::ranges::copy_if(suspects, std::back_inserter(out.suspects),
                       [&](const auto& id) { return !out.shots.contains(id); });
  return out;
}

}  // namespace parley::cli
