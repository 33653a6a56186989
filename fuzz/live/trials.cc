// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fuzz/live/finding.h"
#include "fuzz/live/layer.h"
#include "fuzz/supervisor/minimise.h"
#include "harness/engine/cast.h"
#include "harness/engine/judge.h"
#include "harness/engine/omemo_talk.h"
#include "harness/engine/tracker.h"

namespace parley::live {
namespace {

constexpr int kTries = 3;
constexpr int kEnough = 2;
constexpr std::size_t kMostRounds = 60;  // of making octets fewer
constexpr std::size_t kMostOctets = 64 * 1024;

using Edited = engine::Tracker::Edited;

// What a message that we sealed says, as the tracker shows it; nullopt for any other.
std::optional<Bytes> content_of(const xml::Element& message) {
  if (const auto* enc = message.child("enc"); enc != nullptr && enc->find("content") != nullptr) {
    const auto content = from_hex(enc->get("content"));
    return content ? std::optional(*content) : std::nullopt;
  }
  const auto* encrypted = message.child("encrypted");
  const auto* opened =
      encrypted == nullptr ? nullptr : encrypted->child("opened", engine::kOpenedNamespace);
  return opened == nullptr ? std::nullopt : std::optional(opened->text());
}

// What was encrypted in the changed step, in place of whatever is honest.
std::optional<Edited> sealed_in(const engine::Tracker& tracker, const engine::RunRecord& record,
                                const std::string& step) {
  const auto at = std::ranges::find_if(record.events, [&](const engine::Event& event) {
    return event.kind == engine::Event::Kind::sent && event.step == step;
  });
  const auto event = static_cast<std::size_t>(at - record.events.begin());
  const auto said = std::ranges::find(tracker.sent(), event, &engine::Said::event);
  auto content = said == tracker.sent().end() ? std::nullopt : content_of(said->element);
  return content ? std::optional(Edited{.honest = "", .octets = std::move(*content)})
                 : std::nullopt;
}

// What the change has made of its step, as a replay gives it again.
std::optional<Edited> edited_in(const model::Case& one, const model::Library& library,
                                const engine::Transcript& transcript) {
  const auto runs = engine::cast_case(one, library, transcript.suts);
  const auto record = std::ranges::find(transcript.runs, "changed", &engine::RunRecord::name);
  if (!runs || record == transcript.runs.end()) {
    return std::nullopt;
  }
  const auto run = std::ranges::find(*runs, record->name, &engine::CastRun::name);
  if (run == runs->end()) {
    return std::nullopt;
  }
  engine::Tracker tracker(*run, record->values,
                          engine::run_rng(transcript.seed, transcript.case_id, record->name));
  engine::EventReader reader(*record);
  for (const auto& event : record->events) {
    tracker.feed(reader.whole(event));
  }
  return tracker.edited() ? tracker.edited() : sealed_in(tracker, *record, one.change->step);
}

// What stands in place of what in the changed step.
struct Sent {
  Edited edited;
  Patch patch;
  Form form;
};

// Nullopt where it was not sent, is too large, or where no octets of it stay from one run to the
// next.
std::optional<Sent> sent_of(const model::Case& one, const std::string& form,
                            const model::Library& library, const engine::Transcript& transcript) {
  if (layer_of(*one.change) == Layer::encryption) {
    return std::nullopt;
  }
  auto edited = edited_in(one, library, transcript);
  if (!edited || edited->octets.size() > kMostOctets) {
    return std::nullopt;
  }
  auto patch = edited->honest.empty() ? Patch{.with = edited->octets, .whole = true}
                                      : patch_of(edited->honest, edited->octets);
  const auto& profile = library.profiles.at(one.profile);
  const auto known = profile.forms.find(form);
  const bool textual = profile.wire == model::Wire::xml ||
                       (known != profile.forms.end() && !known->second.service.empty());
  return Sent{.edited = std::move(*edited),
              .patch = std::move(patch),
              .form = textual ? Form::textual : Form::binary};
}

model::Case with_octets(model::Case one, const Sent& sent, Bytes octets) {
  auto patch = sent.patch;
  patch.with = std::move(octets);
  octets_of(*one.change) = edit_of(patch, sent.edited.honest, sent.edited.values, sent.form);
  return one;
}

bool fails_so(const Volley& volley, const std::string& id, const Failed& failed) {
  const auto at = volley.shots.find(id);
  return at != volley.shots.end() && at->second.verdict.kind == model::VerdictKind::fail &&
         is_alike(at->second.verdict, failed.verdict);
}

}  // namespace

model::Case Trials::renamed(model::Case one) {
  one.id = fmt::format("live/try-{:012}", tries_++);
  return one;
}

Result<std::map<std::string, Shot>> Trials::by_itself(const std::vector<model::Case>& cases) {
  std::vector<model::Case> tries;
  for (const auto& one : cases) {
    tries.push_back(renamed(one));
  }
  auto volley = bench_.apart(tries, Bench::Until::all, Bench::Pace::brisk);
  if (!volley) {
    return std::unexpected(volley.error());
  }
  std::map<std::string, Shot> out;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (const auto at = volley->shots.find(tries[i].id); at != volley->shots.end()) {
      out.emplace(cases[i].id, std::move(at->second));
    }
  }
  return out;
}

Result<bool> Trials::fails_again(const Failed& failed) {
  std::vector<model::Case> tries;
  for (int i = 0; i < kTries; ++i) {
    tries.push_back(renamed(failed.one));
  }
  const auto volley = bench_.apart(tries, Bench::Until::all, Bench::Pace::as_run);
  if (!volley) {
    return std::unexpected(volley.error());
  }
  return std::ranges::count_if(
             tries, [&](const auto& one) { return fails_so(*volley, one.id, failed); }) >= kEnough;
}

Result<bool> Trials::stands_unmutated(const model::Case& one) {
  auto unmutated = one;
  octets_of(*unmutated.change) = {};
  return passes(unmutated);
}

Result<bool> Trials::still_serves(const model::Case& one) {
  auto unchanged = one;
  unchanged.change.reset();
  unchanged.any_of = {model::Outcome{}};
  return passes(unchanged);
}

// True where it has no verdict.
Result<bool> Trials::passes(const model::Case& one) {
  const auto shots = by_itself({one});
  if (!shots) {
    return std::unexpected(shots.error());
  }
  const auto at = shots->find(one.id);
  return at == shots->end() || at->second.verdict.kind == model::VerdictKind::pass;
}

std::optional<std::size_t> Trials::first_that_fails(std::vector<model::Case> cases,
                                                    const Failed& failed) {
  if (stop_() || trouble_) {
    return std::nullopt;
  }
  for (auto& one : cases) {
    one = renamed(std::move(one));
  }
  const auto volley = bench_.apart(cases, Bench::Until::first_fail, Bench::Pace::brisk);
  if (!volley) {
    trouble_ = volley.error();
    return std::nullopt;
  }
  const auto at = std::ranges::find_if(
      cases, [&](const auto& one) { return fails_so(*volley, one.id, failed); });
  return at == cases.end() ? std::nullopt
                           : std::optional(static_cast<std::size_t>(at - cases.begin()));
}

model::Case Trials::as_sent(const model::Case& one, const std::string& form,
                            const Shot& shot) const {
  const auto sent = shot.transcript ? sent_of(one, form, library_, *shot.transcript) : std::nullopt;
  return sent ? with_octets(one, *sent, sent->patch.with) : one;
}

Result<std::optional<Trials::Written>> Trials::written_out(const Failed& failed,
                                                           const engine::Transcript& transcript) {
  const auto sent = sent_of(failed.one, failed.form, library_, transcript);
  if (!sent) {
    return std::nullopt;
  }
  const auto with = [&](Bytes octets) { return with_octets(failed.one, *sent, std::move(octets)); };
  const auto& found = sent->patch.with;
  auto again = fails_again({.one = with(found), .verdict = failed.verdict, .form = failed.form});
  if (!again || !*again) {
    return again ? Result<std::optional<Written>>(std::nullopt) : std::unexpected(again.error());
  }
  const fuzz::FirstThatShows first = [&](const std::vector<Bytes>& candidates) {
    std::vector<model::Case> cases;
    std::ranges::transform(candidates, std::back_inserter(cases), with);
    return first_that_fails(std::move(cases), failed);
  };
  auto small = fuzz::minimise(found, first, kMostRounds);
  if (trouble_) {
    return std::unexpected(*std::exchange(trouble_, std::nullopt));
  }
  // What was found in haste, a candidate once, is kept if it fails as it must in a run too.
  if (small != found) {
    again = fails_again({.one = with(small), .verdict = failed.verdict, .form = failed.form});
    if (!again) {
      return std::unexpected(again.error());
    }
  }
  auto kept = *again ? std::move(small) : found;
  const auto octets = kept.size();
  return Written{.one = with(std::move(kept)), .octets = octets};
}

}  // namespace parley::live
