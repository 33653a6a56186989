// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "fuzz/supervisor/inputs.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kGraceAtEnd = 10s;  // for a fuzzer's own end: last statistics, last files
constexpr auto kProgressEvery = 1s;
constexpr std::uint64_t kFewExecutions = 1000;  // a round with fewer has not got to work
constexpr std::uint64_t kMostInputs = 10;       // kept of one defect, beside those of new places
constexpr std::size_t kManyShortRounds = 20;    // in a row: worth a word

std::chrono::milliseconds since(Clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
}

bool has(const fs::path& path, const Bytes& octets) {
  std::ifstream file(path, std::ios::binary);
  return std::equal(std::istreambuf_iterator<char>(file), {}, octets.begin(), octets.end());
}

// Copies the seeds into one folder of the session's own, from which those can be taken that show a
// defect. Numbered: two folders may have files of one name.
Result<void> gather_seeds(const std::vector<std::string>& from, const fs::path& into) {
  std::size_t count = 0;
  for (const auto& folder : from) {
    const auto inputs = inputs_below(folder);
    if (!inputs) {
      return std::unexpected(inputs.error());
    }
    for (const auto& input : *inputs) {
      const auto name = fmt::format("{}-{}", count++, fs::path(input).filename().string());
      std::error_code copying;
      fs::copy_file(input, into / name, fs::copy_options::overwrite_existing, copying);
      if (copying) {
        return fail(Errc::io, fmt::format("'{}': {}", input, copying.message()));
      }
    }
  }
  return {};
}

class Session {
 public:
  Session(const SessionPlan& plan, const Listeners& listeners, RecordFile record)
      : plan_(plan), listeners_(listeners), record_(std::move(record)) {
    result_.defects = load_defects(in("findings"));
  }

  Result<SessionResult> run() {
    for (std::uint64_t round = 0; !is_over(); ++round) {
      record_.clear();
      const auto ended = watch(watched(round));
      if (!ended) {
        return std::unexpected(ended.error());
      }
      done_ += ended->last.begun;
      if (!note(*ended)) {
        break;
      }
    }
    tell_progress(done_);
    result_.last = progress_;
    reproduce_all();
    return std::move(result_);
  }

 private:
  std::string in(const char* name) const { return (fs::path(plan_.out) / name).string(); }

  bool is_over() {
    if (result_.end != SessionEnd::time) {
      return true;
    }
    if (since(began_) >= plan_.time) {
      return true;
    }
    if (plan_.executions > 0 && done_ >= plan_.executions) {
      result_.end = SessionEnd::executions;
      return true;
    }
    return false;
  }

  Watched watched(std::uint64_t round) {
    const auto left = std::max<std::chrono::milliseconds>(plan_.time - since(began_), 1s);
    Round of_fuzzer{.seed = plan_.seed + round,
                    .time = std::chrono::ceil<std::chrono::seconds>(left),
                    .executions = plan_.executions == 0 ? 0 : plan_.executions - done_,
                    .max_input_octets = plan_.max_input_octets,
                    .corpus = in("corpus"),
                    .seeds = {in("seeds")},
                    .artefacts = in("artefacts"),
                    .leaks = plan_.leaks};
    limits_ = plan_.limits;
    limits_.total = left + kGraceAtEnd;
    limits_.disk = plan_.out;
    auto command = fuzz_command(plan_.target, of_fuzzer, limits_, record_.path(), symbolizer_);
    return {.command = std::move(command),
            .record = &record_,
            .limits = outer_limits(limits_),
            .on_line = [this](std::string_view line) { hear(line); },
            .stop = [this] { return look(); }};
  }

  void hear(std::string_view line) {
    if (const auto status = read_status(line)) {
      progress_.status = *status;
    }
    if (const auto counters = read_counters(line)) {
      counters_ = *counters;
    }
    if (const auto reached = read_seeds_reach(line); reached && !seeds_read_) {
      seeds_read_ = true;
      warn(why_blind(plan_.target, {.counters = counters_, .reached = *reached}));
    }
  }

  // Nothing to say: empty.
  void warn(const std::string& why) {
    if (why.empty()) {
      return;
    }
    result_.warning += (result_.warning.empty() ? "" : "; ") + why;
    if (listeners_.warn) {
      listeners_.warn(why);
    }
  }

  // Several times a second.
  bool look() {
    if (Clock::now() - told_ >= kProgressEvery) {
      tell_progress(done_ + record_.now().begun);
    }
    return listeners_.stop && listeners_.stop();
  }

  void tell_progress(std::uint64_t executions) {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - told_).count();
    progress_.rate =
        seconds > 0 ? static_cast<double>(executions - progress_.executions) / seconds : 0;
    progress_.executions = executions;
    progress_.findings = result_.defects.size();
    progress_.took = since(began_);
    progress_.left = std::max<std::chrono::milliseconds>(plan_.time - progress_.took, 0ms);
    told_ = now;
    if (listeners_.progress) {
      listeners_.progress(progress_);
    }
  }

  // False: no further round.
  bool note(const Ended& ended) {
    const bool asked = ended.stopped_for == StoppedFor::request;
    const auto trace = judge_end(ended, limits_);
    if (ended.last.begun == 0 && !asked && (!trace || trace->kind != Kind::disk_full)) {
      return cannot_run(ended);
    }
    if (trace) {
      keep(*trace, ended);
      clear_artefacts();
    }
    if (asked) {
      result_.end = SessionEnd::stopped;
      return false;
    }
    if (!trace) {
      return ended.stopped_for != StoppedFor::total_time;
    }
    if (trace->kind == Kind::disk_full) {
      result_.end = SessionEnd::disk_full;
      result_.why = trace->what;
      return false;
    }
    return survives(ended);
  }

  bool cannot_run(const Ended& ended) {
    const bool has_run = done_ > 0;  // in an earlier round
    const bool fuzzer = has_run || is_fuzzer(ended.output);
    const bool unrecorded = !has_run && seeds_read_;
    result_.end = fuzzer && !unrecorded ? SessionEnd::cannot_run : SessionEnd::unfit;
    result_.why =
        !fuzzer ? why_no_fuzzer(plan_.target, ended.output)
        : unrecorded
            ? why_no_record(plan_.target)
            : fmt::format("'{}' has run no input{}; it says: {}", plan_.target.program,
                          has_run ? " in its last round" : "", ended.output.substr(0, 600));
    return false;
  }

  // A shallow defect ends each round early, but what the rounds add to the corpus leads on from it.
  bool survives(const Ended& ended) {
    const auto defects = result_.defects.size();
    const auto corpus = inputs_below(in("corpus")).value_or(std::vector<std::string>()).size();
    const bool is_short = ended.last.begun < kFewExecutions;
    const bool is_barren = is_short && defects <= defects_ && corpus <= corpus_ && !left_out_;
    defects_ = defects;
    corpus_ = corpus;
    left_out_ = false;
    short_rounds_ = is_short ? short_rounds_ + 1 : 0;
    barren_rounds_ = is_barren ? barren_rounds_ + 1 : 0;
    if (short_rounds_ == kManyShortRounds && !told_short_) {
      told_short_ = true;
      warn(
          fmt::format("{} rounds in a row ended before {} executions, most of the time is lost: "
                      "mend what is found, then fuzz on",
                      kManyShortRounds, kFewExecutions));
    }
    if (barren_rounds_ < plan_.most_barren_rounds) {
      return true;
    }
    result_.end = SessionEnd::dies_at_once;
    result_.why = fmt::format(
        "{} rounds in a row ended before {} executions and brought nothing new; the findings must "
        "be mended before more can be found",
        barren_rounds_, kFewExecutions);
    return false;
  }

  // Writes down what was found at once: the next round may be the last.
  void keep(const Trace& trace, const Ended& ended) {
    Defect defect{.target = plan_.target.name,
                  .state = crash_state(trace),
                  .place = place_of(trace),
                  .input = record_.last_input(),
                  .minimised = std::nullopt,
                  .executions = done_,
                  .after = since(began_),
                  .report = ended.output,
                  .said = trace.said,
                  .mutator_seed = trace.kind == Kind::mutator ? record_.seed() : 0,
                  .run = plan_.asked};
    note_place(defect, defect.place);
    leave_out(defect.input);
    for (auto& known : result_.defects) {
      if (same_defect(known.state, defect.state)) {
        ++known.seen;
        const bool elsewhere = note_place(known, defect.place);
        write_down(known);
        if (elsewhere || known.seen <= kMostInputs) {
          keep_another(known, defect.input);
        }
        return;
      }
    }
    write_down(defect);
    result_.defects.push_back(std::move(defect));
    if (listeners_.defect) {
      listeners_.defect(result_.defects.back());
    }
  }

  // What the same defect was seen with too: the first may not show it again by itself.
  void keep_another(const Defect& known, const Bytes& input) {
    if (input == known.input) {
      return;
    }
    if (const auto saved = save_another(known, input, in("findings")); !saved) {
      result_.end = SessionEnd::disk_full;
      result_.why = saved.error().detail;
    }
  }

  // The fuzzer's own copies of what is kept.
  void clear_artefacts() const {
    std::error_code error;
    fs::remove_all(in("artefacts"), error);
    fs::create_directories(in("artefacts"), error);
  }

  // A seed that shows a defect would end every further round before it has begun.
  void leave_out(const Bytes& input) {
    for (const auto* folder : {"seeds", "corpus"}) {
      std::error_code error;
      for (fs::directory_iterator at(in(folder), error), end; !error && at != end;
           at.increment(error)) {
        std::error_code ignored;
        if (at->file_size(ignored) == input.size() && has(at->path(), input)) {
          fs::remove(at->path(), ignored);
          left_out_ = true;
        }
      }
    }
  }

  void write_down(const Defect& defect) {
    if (const auto saved = save(defect, in("findings")); !saved) {
      result_.end = SessionEnd::disk_full;
      result_.why = saved.error().detail;
    }
  }

  // Each by itself and made small: with what time there is beyond the fuzzing's own.
  void reproduce_all() {
    if (result_.end == SessionEnd::disk_full || result_.end == SessionEnd::stopped) {
      return;
    }
    for (auto& defect : result_.defects) {
      if (!is_finding(defect.state.kind)) {
        continue;
      }
      // Each try of a hang takes as long as it may.
      const Effort effort{.starts = defect.state.kind == Kind::hang ? 1 : plan_.minimise_starts,
                          .until = Clock::now() + plan_.minimise_time,
                          .stop = listeners_.stop};
      if (minimise_defect(plan_.target, defect, plan_.limits, effort, in("minimising"))) {
        write_down(defect);
      }
    }
  }

  const SessionPlan& plan_;
  const Listeners& listeners_;
  RecordFile record_;
  const std::string symbolizer_ = find_symbolizer();
  const Clock::time_point began_ = Clock::now();
  Clock::time_point told_ = began_;
  Limits limits_;
  SessionResult result_;
  Progress progress_;
  std::uint64_t done_ = 0;   // executions of the rounds that are over
  bool left_out_ = false;    // a seed, in this round
  std::size_t defects_ = 0;  // after the last round that ended early, and inputs in the corpus
  std::size_t corpus_ = 0;
  std::size_t short_rounds_ = 0;  // in a row
  bool told_short_ = false;
  std::size_t barren_rounds_ = 0;  // in a row
  std::uint64_t counters_ = 0;     // of the program's edges
  bool seeds_read_ = false;        // in some round
};

Result<void> make_folders(const std::string& out) {
  for (const auto* name : {"corpus", "findings", "artefacts", "seeds"}) {
    std::error_code error;
    fs::create_directories(fs::path(out) / name, error);
    if (error) {
      return fail(Errc::io, fmt::format("'{}': {}", out, error.message()));
    }
  }
  return {};
}

}  // namespace

Result<SessionResult> fuzz(const SessionPlan& plan, const Listeners& listeners) {
  if (const auto made = make_folders(plan.out); !made) {
    return std::unexpected(made.error());
  }
  auto folders = corpus_folders(plan.target);
  folders.insert(folders.end(), plan.corpora.begin(), plan.corpora.end());
  if (const auto gathered = gather_seeds(folders, fs::path(plan.out) / "seeds"); !gathered) {
    return std::unexpected(gathered.error());
  }
  auto record = RecordFile::create((fs::path(plan.out) / "last-input").string());
  if (!record) {
    return std::unexpected(record.error());
  }
  return Session(plan, listeners, std::move(*record)).run();
}

}  // namespace parley::fuzz
