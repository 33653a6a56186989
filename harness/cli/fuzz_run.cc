// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <thread>

#include "harness/base/text.h"
#include "harness/cli/fuzz_report.h"
#include "harness/cli/fuzz_targets.h"
#include "harness/cli/output.h"
#include "harness/cli/stop_signals.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

std::string folder_by_time() {
  return fmt::format("out/fuzz-{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
}

// All targets of a run, some at once. What they tell comes from several threads.
class FuzzRun {
 public:
  FuzzRun(const FuzzArguments& arguments, std::vector<fuzz::Target> targets, std::string out)
      : arguments_(arguments), targets_(std::move(targets)), out_(std::move(out)) {}

  void run() {
    std::vector<std::jthread> threads;
    const auto count = std::min<std::size_t>(arguments_.jobs, targets_.size());
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([this] { work(); });
    }
  }

  std::vector<FuzzDone>& done() {
    std::ranges::sort(done_, {}, [](const FuzzDone& one) { return one.target.name; });
    return done_;
  }
  const std::string& out() const { return out_; }

 private:
  void work() {
    for (auto at = next_++; at < targets_.size() && !StopSignals::requested(); at = next_++) {
      fuzz_one(targets_[at]);
    }
  }

  void fuzz_one(const fuzz::Target& target) {
    const fuzz::SessionPlan plan{
        .target = target,
        .seed = arguments_.seed,
        .time = std::chrono::seconds(arguments_.seconds),
        .executions = arguments_.executions,
        .max_input_octets = static_cast<std::size_t>(arguments_.max_octets),
        .limits = fuzz_limits(arguments_),
        .leaks = arguments_.leaks,
        .asked = fuzz_options(arguments_),
        .out = (fs::path(out_) / target.name).string(),
        .corpora = arguments_.corpora};
    const fuzz::Listeners listeners{
        .progress = [&](const fuzz::Progress& progress) { show(target, progress); },
        .defect = [&](const fuzz::Defect& defect) { announce(defect); },
        .stop = [] { return StopSignals::requested(); },
        .warn = [&](const std::string& why) { warn(target, why); }};
    auto result = fuzz::fuzz(plan, listeners);
    const std::lock_guard lock(mutex_);
    if (!result) {
      fuzz::SessionResult failed{.end = fuzz::SessionEnd::cannot_run,
                                 .why = result.error().detail,
                                 .defects = {},
                                 .last = {}};
      result = std::move(failed);
    }
    done_.push_back({.target = target, .result = std::move(*result)});
    summarise(done_.back());
  }

  void show(const fuzz::Target& target, const fuzz::Progress& progress) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const auto every = terminal_ ? std::chrono::seconds(0) : std::chrono::seconds(10);
    if (arguments_.quiet || now - shown_ < every) {
      return;
    }
    shown_ = now;
    const auto line =
        fmt::format("{}: {}, {:.0f}/s, {}, corpus {}, {}, {} s left", target.name,
                    counted(progress.executions, "execution"), progress.rate,
                    counted(progress.status.edges, "edge"), progress.status.corpus,
                    counted(progress.findings, "finding"), progress.left.count() / 1000);
    put(stderr, "{}{}{}", terminal_ ? "\r" : "", line, terminal_ ? "\x1b[K" : "\n");
    open_ = terminal_;
  }

  void announce(const fuzz::Defect& defect) {
    const std::lock_guard lock(mutex_);
    end_line();
    if (!arguments_.quiet) {
      put(stderr, "{}: {}\n", defect.target, printable(fuzz::to_line(defect.state), 300));
    }
  }

  void warn(const fuzz::Target& target, const std::string& why) {
    const std::lock_guard lock(mutex_);
    end_line();
    put(stderr, "parley: {}: {}\n", target.name, printable(why, 1000));
  }

  void summarise(const FuzzDone& done) {
    end_line();
    if (arguments_.quiet) {
      return;
    }
    const auto& last = done.result.last;
    const auto findings = std::ranges::count_if(done.result.defects, [](const auto& defect) {
      return fuzz::is_finding(defect.state.kind);
    });
    const auto seconds = static_cast<double>(last.took.count()) / 1000;
    put(stderr, "{}: {} in {:.0f} s ({:.0f}/s), {}, corpus {}, {}\n", done.target.name,
        counted(last.executions, "execution"), seconds,
        seconds > 0 ? static_cast<double>(last.executions) / seconds : 0,
        counted(last.status.edges, "edge"), last.status.corpus,
        counted(static_cast<std::uint64_t>(findings), "finding"));
  }

  // Between the live line and what is printed next.
  void end_line() {
    if (open_) {
      put(stderr, "\n");
      open_ = false;
    }
  }

  const FuzzArguments& arguments_;
  const std::vector<fuzz::Target> targets_;
  const std::string out_;
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;  // guards all below
  std::vector<FuzzDone> done_;
  std::chrono::steady_clock::time_point shown_{};
  bool open_ = false;
};

ExitCode exit_code_of(const std::vector<FuzzDone>& done) {
  bool findings = false;
  bool broken = false;
  bool unfit = false;
  std::uint64_t executions = 0;
  for (const auto& one : done) {
    executions += one.result.last.executions;
    broken = broken || one.result.end == fuzz::SessionEnd::cannot_run ||
             one.result.end == fuzz::SessionEnd::disk_full;
    unfit = unfit || one.result.end == fuzz::SessionEnd::unfit;
    for (const auto& defect : one.result.defects) {
      findings = findings || fuzz::is_finding(defect.state.kind);
      broken = broken || defect.state.kind == fuzz::Kind::mutator;
    }
  }
  if (broken) {
    return ExitCode::harness_error;
  }
  if (StopSignals::requested()) {
    return ExitCode::stopped;
  }
  if (findings) {
    return ExitCode::findings;
  }
  if (unfit) {
    return ExitCode::usage;
  }
  return executions == 0 ? ExitCode::nothing_judged : ExitCode::ok;
}

}  // namespace

ExitCode fuzz_run(const FuzzArguments& arguments) {
  auto targets = fuzz_targets(arguments);
  if (!targets) {
    return ExitCode::usage;
  }
  const auto out = arguments.out.empty() ? folder_by_time() : arguments.out;
  if (!fuzz_can_run(arguments, *targets) || !fuzz_can_make(out)) {
    return ExitCode::usage;
  }
  const StopSignals signals;
  const auto planned = targets->size();
  FuzzRun run(arguments, std::move(*targets), out);
  run.run();
  const auto& done = run.done();
  const auto report = write_fuzz_report(arguments, done, out);
  if (arguments.json && report) {
    put(stdout, "{}", *report);
  }
  for (const auto& one : done) {
    if (!one.result.why.empty()) {
      put(stderr, "parley: {}: {}\n", one.target.name, printable(one.result.why, 1000));
    }
    for (const auto& defect : one.result.defects) {
      if (!arguments.json) {
        const auto folder = fs::path(out) / one.target.name / "findings";
        put(stdout, "\n{}", fuzz_finding(one.target, fuzz_offered(defect, folder.string())));
      }
    }
  }
  if (!report) {
    put(stderr, "parley: {}\n", report.error().detail);
    return ExitCode::harness_error;
  }
  if (!arguments.json) {
    const auto run_at_all = std::ranges::count_if(
        done, [](const FuzzDone& one) { return one.result.last.executions > 0; });
    put(stdout, "\n{} of {} run; report: {}/findings.json, findings.sarif\n", run_at_all,
        counted(planned, "target"), out);
  }
  if (StopSignals::requested()) {
    put(stderr, "parley: stopped; to fuzz on in that folder: {}\n", fuzz_go_on(arguments, out));
  }
  return exit_code_of(done);
}

}  // namespace parley::cli
