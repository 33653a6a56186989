// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/text.h"
#include "harness/engine/cast.h"
#include "harness/engine/monitor_secrets.h"
#include "harness/engine/secrets.h"
#include "harness/engine/survival.h"
#include "harness/engine/tracker.h"

namespace parley::engine {
namespace {

using model::Blame;
using model::Verdict;
using model::VerdictKind;

constexpr const char* kLost = "what came of a large file cannot be read here (a full disk?)";

Verdict unsettled(VerdictKind kind, Blame blame, std::string reason) {
  Verdict out;
  out.kind = kind;
  out.blame = blame;
  out.reason = std::move(reason);
  return out;
}

const RunRecord* record_of(const Transcript& transcript, const std::string& name) {
  for (const auto& run : transcript.runs) {
    if (run.name == name) {
      return &run;
    }
  }
  return nullptr;
}

const Event* trouble(const RunRecord& record) {
  for (const auto& event : record.events) {
    if (event.kind == Event::Kind::broken || event.kind == Event::Kind::unsupported) {
      return &event;
    }
  }
  return nullptr;
}

class Judge {
 public:
  Judge(const model::Case& one, const model::Library& library, const Transcript& transcript)
      : case_(one),
        library_(library),
        requirement_(library.requirements.at(one.requirement)),
        transcript_(transcript) {}

  // Nullopt when the run was as it must be.
  // Runs come in their order: keys must be fresh in each.
  std::optional<Verdict> run(const CastRun& run) {
    const auto* record = record_of(transcript_, run.name);
    if (record == nullptr) {
      return unsettled(VerdictKind::error, Blame::harness,
                       fmt::format("the transcript has no run '{}'", run.name));
    }
    if (EventReader::lacks_octets(*record)) {
      if (const auto* event = trouble(*record); event != nullptr && event->link == kSpoolTrouble) {
        return unsettled(VerdictKind::error, Blame::harness, event->text);
      }
      return unsettled(VerdictKind::inconclusive, Blame::harness,
                       "the large files of this run were not kept, for the case had passed: run it "
                       "again");
    }
    const auto& origin = record->origin.empty() ? case_.id : record->origin;
    Tracker tracker(run, record->values, run_rng(transcript_.seed, origin, run.name));
    EventReader reader(*record);
    for (const auto& event : record->events) {
      tracker.feed(reader.whole(event));
    }
    if (tracker.lost_octets() || reader.lost_octets()) {
      return unsettled(VerdictKind::error, Blame::harness, kLost);
    }
    auto verdict = judged(run, *record, tracker);
    return verdict ? std::optional(
                         without_secrets(std::move(*verdict), secrets_of(tracker.scope().values)))
                   : std::nullopt;
  }

 private:
  std::optional<Verdict> judged(const CastRun& run, const RunRecord& record, Tracker& tracker) {
    auto findings = watch(run, tracker, record, ephemerals_);
    if (run.must_survive()) {
      findings.clear();  // what was asked for nobody knows; that it can be read the tracker sees
    }
    ephemerals_.merge(ephemerals_of(tracker));
    // A monitor watches for the profiles whose requirements name it.
    std::erase_if(findings, [this](const Finding& finding) {
      const auto* broken = library_.watched_by(case_.profile, finding.monitor);
      return broken == nullptr ||
             (finding.reach == Reach::own_cases && broken->id != requirement_.id);
    });
    // What the case is about comes first.
    const auto own = std::ranges::find_if(findings, [this](const Finding& finding) {
      return library_.watched_by(case_.profile, finding.monitor)->id == requirement_.id;
    });
    if (own != findings.end()) {
      std::iter_swap(findings.begin(), own);
    }
    if (const auto stopping = std::ranges::find_if(findings, &Finding::stops);
        stopping != findings.end() && !tracker.acted()) {
      return found(run, tracker, *stopping);
    }
    if (const auto* event = trouble(record)) {
      if (event->kind == Event::Kind::unsupported) {
        return unsettled(VerdictKind::not_applicable, Blame::none,
                         "the SUT cannot do it: " + event->text);
      }
      const bool configuration = event->link == "driver" || event->link == "identities";
      return unsettled(configuration ? VerdictKind::inconclusive : VerdictKind::error,
                       configuration ? Blame::configuration : Blame::harness, event->text);
    }
    const auto state = tracker.assess();
    if (state.state == Assessment::State::holds) {
      if (findings.empty()) {
        return std::nullopt;
      }
      return found(run, tracker, findings.front());
    }
    if (state.state == Assessment::State::pending) {
      return unsettled(VerdictKind::error, Blame::harness, "the run ended before it was decided");
    }
    if (tracker.timed_out() && tracker.late()) {
      return unsettled(VerdictKind::inconclusive, Blame::environment,
                       "the machine was too busy to tell late from never");
    }
    return missed(run, tracker, state);
  }

  Verdict found(const CastRun& run, const Tracker& tracker, const Finding& finding) const {
    auto out = failed(tracker, {});
    if (run.suts.size() > 1) {
      out.broke = finding.broke;
    }
    out.reason = finding.reason;
    out.came = finding.came;
    out.expected = "nothing that a monitor forbids";
    out.monitor = finding.monitor;
    const auto* broken = library_.watched_by(case_.profile, finding.monitor);
    if (broken != nullptr && broken->id != requirement_.id) {
      out.requirement = broken->id;
      out.level = model::level_of(broken->basis);
    }
    return out;
  }

  Verdict missed(const CastRun& run, const Tracker& tracker, const Assessment& state) {
    auto out = failed(tracker, state);
    const bool before_change = run.change != nullptr && tracker.changed_octets().empty() &&
                               !tracker.acted() && !changed(run, tracker);
    if (const auto locked_out = login_refused(run, tracker); !locked_out.empty()) {
      out.kind = VerdictKind::inconclusive;
      out.blame = Blame::configuration;
      out.level.reset();
      out.reason = locked_out;
      return out;
    }
    if (run.name == "before" || run.name == "twin" || before_change || state.unproven ||
        (run.name == "plain" && tracker.failed_in_preamble())) {
      out.kind = VerdictKind::inconclusive;
      out.level.reset();
      out.reason =
          fmt::format("{}: {}",
                      run.name == "before" ? "the SUT does not work before it"
                      : run.name == "twin" ? "the unchanged flow does not work with this SUT"
                                           : "what the case builds on does not work",
                      state.reason);
    } else if (run.name == "after") {
      out.reason = fmt::format("{}: {}", kWorksNoMore, state.reason);
    } else if (out.broke && std::ranges::count(requirement_.binds, *out.broke) == 0) {
      // The requirement is the other SUT's, which never came to it.
      out.kind = VerdictKind::inconclusive;
      out.level.reset();
      out.reason = "the other SUT does not do what the case builds on: " + state.reason;
    }
    return out;
  }

  // Why the SUT would not take an account as it was leased, where the case is not about that.
  static std::string login_refused(const CastRun& run, const Tracker& tracker) {
    if (!run.server_under_test() || run.name == "plain" || run.name == "changed") {
      return "";
    }
    for (const auto& refusal : tracker.refusals()) {
      if (refusal.kind == model::RefusalKind::sasl_failure) {
        return fmt::format("the SUT refuses the account of '{}': {}", refusal.link, refusal.shown);
      }
    }
    return "";
  }

  // Whether the change was made: for a handshake there are no octets.
  static bool changed(const CastRun& run, const Tracker& tracker) {
    if (run.changed_answer() != nullptr) {
      return tracker.met();
    }
    for (const auto& step : run.steps) {
      if (step.changed && (step.step.kind == model::Step::Kind::tls ||
                           step.step.kind == model::Step::Kind::connect)) {
        return !tracker.refusals().empty() || tracker.timed_out();
      }
    }
    return false;
  }

  Verdict failed(const Tracker& tracker, const Assessment& state) const {
    Verdict out;
    out.kind = VerdictKind::fail;
    out.blame = Blame::sut;
    out.level = model::level_of(requirement_.basis);
    out.reason = state.reason;
    out.sent = sent(tracker);
    out.expected = state.expected;
    out.came = state.came;
    out.difference = state.difference;
    out.broke = state.broke;
    return out;
  }

  // What is encrypted says nothing: the change does.
  std::string sent(const Tracker& tracker) const {
    const auto& octets = tracker.changed_octets();
    auto change = case_.change ? model::describe(*case_.change) : "the flow unchanged";
    for (const auto& [name, value] : case_.row) {
      change = replace_all(std::move(change), fmt::format("${{{}}}", name), value);
    }
    const bool text = library_.profiles.at(case_.profile).wire == model::Wire::xml;
    return octets.empty() || !text ? change : printable(octets, 400);
  }

  const model::Case& case_;
  const model::Library& library_;
  const model::Requirement& requirement_;
  const Transcript& transcript_;
  std::set<std::string> ephemerals_{};  // of the runs so far
};

}  // namespace

Rng run_rng(std::uint64_t seed, const std::string& case_id, const std::string& run) {
  return Rng(seed).child(case_id).child(run);
}

Verdict judge(const model::Case& one, const model::Library& library, const Transcript& transcript) {
  const auto runs = cast_case(one, library, transcript.suts);
  if (!runs) {
    return unsettled(VerdictKind::error, Blame::harness, runs.error().detail);
  }
  Judge judge(one, library, transcript);
  for (const auto& run : *runs) {
    if (auto verdict = judge.run(run)) {
      return *verdict;
    }
  }
  return unsettled(VerdictKind::pass, Blame::none, "");
}

}  // namespace parley::engine
