// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fuzz/live/finding.h"
#include "fuzz/supervisor/minimise.h"
#include "harness/engine/cast.h"
#include "harness/engine/judge.h"
#include "harness/engine/tracker.h"

namespace parley::live {
namespace {

constexpr int kTries = 3;
constexpr int kEnough = 2;
constexpr std::size_t kMostRounds = 60;  // of making octets fewer
constexpr std::size_t kMostOctets = 64 * 1024;

using Edited = engine::Tracker::Edited;

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
  return tracker.edited();
}

bool fails_so(const Volley& volley, const std::string& id, const Failed& failed) {
  const auto at = volley.shots.find(id);
  return at != volley.shots.end() && at->second.verdict.kind == model::VerdictKind::fail &&
         kind_of(at->second.verdict, failed.form) == failed.kind;
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
  auto volley = bench_.apart(tries, Bench::Until::all);
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
  const auto volley = bench_.apart(tries, Bench::Until::all);
  if (!volley) {
    return std::unexpected(volley.error());
  }
  return std::ranges::count_if(
             tries, [&](const auto& one) { return fails_so(*volley, one.id, failed); }) >= kEnough;
}

Result<bool> Trials::stands_unmutated(const model::Case& one) {
  auto unmutated = one;
  unmutated.change->edit = model::BytesEdit{};
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
  const auto volley = bench_.apart(cases, Bench::Until::first_fail);
  if (!volley) {
    trouble_ = volley.error();
    return std::nullopt;
  }
  const auto at = std::ranges::find_if(
      cases, [&](const auto& one) { return fails_so(*volley, one.id, failed); });
  return at == cases.end() ? std::nullopt
                           : std::optional(static_cast<std::size_t>(at - cases.begin()));
}

Result<std::optional<Trials::Written>> Trials::written_out(const Failed& failed,
                                                           const engine::Transcript& transcript) {
  const auto edited = edited_in(failed.one, library_, transcript);
  if (!edited || edited->octets.size() > kMostOctets) {
    return std::nullopt;
  }
  const bool textual = library_.profiles.at(failed.one.profile).wire == model::Wire::xml;
  auto patch = patch_of(edited->honest, edited->octets);
  const auto with = [&](Bytes octets) {
    auto out = failed.one;
    auto smaller = patch;
    smaller.with = std::move(octets);
    out.change->edit =
        edit_of(smaller, edited->honest, edited->values, textual ? Form::textual : Form::binary);
    return out;
  };
  auto again = fails_again({.one = with(patch.with), .kind = failed.kind, .form = failed.form});
  if (!again || !*again) {
    return again ? Result<std::optional<Written>>(std::nullopt) : std::unexpected(again.error());
  }
  const fuzz::FirstThatShows first = [&](const std::vector<Bytes>& candidates) {
    std::vector<model::Case> cases;
    std::ranges::transform(candidates, std::back_inserter(cases), with);
    return first_that_fails(std::move(cases), failed);
  };
  patch.with = fuzz::minimise(std::move(patch.with), first, kMostRounds);
  if (trouble_) {
    return std::unexpected(*std::exchange(trouble_, std::nullopt));
  }
  const auto octets = patch.with.size();
  return Written{.one = with(std::move(patch.with)), .octets = octets};
}

}  // namespace parley::live
