// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/hunt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::live {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// Of findings that are alike so many are made small: each of them takes a
// while.
constexpr std::size_t kMostOfKind = 3;
constexpr std::size_t kMostSuspects = 64;  // of deaths that nothing brings about by itself
constexpr std::size_t kWorksNever = 3;  // so often undecided, and never else: the step is left out

bool is(const Shot& shot, model::VerdictKind kind) { return shot.verdict.kind == kind; }

bool failed(const std::pair<const std::string, Shot>& shot) {
  return is(shot.second, model::VerdictKind::fail);
}

std::string place_of(const std::string& flow, const std::string& step) { return flow + " " + step; }

// A strike is called live/ and its number.
Finding finding_of(const model::Case& one, const model::Verdict& verdict, Confirmed confirmed) {
  return {.name = "",
          .one = one,
          .verdict = verdict,
          .number = std::stoull(one.id.substr(one.id.find('/') + 1)),
          .confirmed = confirmed};
}

}  // namespace

Hunt::Hunt(const model::Library& library, std::vector<Aim> aims, Bench& bench, const HuntPlan& plan,
           const HuntListeners& listeners)
    : library_(library),
      aims_(std::move(aims)),
      bench_(bench),
      plan_(plan),
      listeners_(listeners),
      trials_(library, bench, [this] {
        tell();
        return listeners_.stop() || out_of_time();
      }) {}

HuntResult Hunt::run() {
  while (!over()) {
    const bool any = std::ranges::any_of(
        aims_, [&](const Aim& aim) { return is_worth(aim.base->flow, aim.step); });
    if (any) {
      fire();
      tell();
    } else {
      end(HuntEnd::useless, "no flow works with this SUT: " + last_undecided_);
    }
  }
  result_.last_undecided = last_undecided_;
  return std::move(result_);
}

void Hunt::end(HuntEnd end, std::string why) {
  over_ = true;
  result_.end = end;
  result_.why = std::move(why);
}

bool Hunt::out_of_time() const {
  return plan_.time.count() > 0 && Clock::now() - began_ >= plan_.time;
}

bool Hunt::over() {
  if (over_) {
    return true;
  }
  if (listeners_.stop()) {
    end(HuntEnd::stopped, "");
  } else if (plan_.executions > 0 && result_.last.executions >= plan_.executions) {
    end(HuntEnd::executions, "");
  } else if (out_of_time()) {
    end(HuntEnd::time, "");
  }
  return over_;
}

void Hunt::tell() {
  auto& last = result_.last;
  last.took = duration_cast<milliseconds>(Clock::now() - began_);
  last.findings = result_.findings.size();
  listeners_.progress(last);
}

std::vector<model::Case> Hunt::next_volley() {
  auto count = plan_.volley;
  if (plan_.executions > 0) {
    count = std::min<std::uint64_t>(count, plan_.executions - result_.last.executions);
  }
  std::vector<model::Case> out;
  while (out.size() < count) {
    auto one = drawn(aims_, library_, plan_.seed, next_++);
    if (is_worth(one.flow, one.change->step)) {
      out.push_back(std::move(one));
    }
  }
  return out;
}

// A flow that does not work unchanged shows nothing, nor does a step that cannot be struck at.
bool Hunt::is_worth(const std::string& flow, const std::string& step) const {
  const auto tally = places_.find(place_of(flow, step));
  const bool works =
      tally == places_.end() || tally->second.passed > 0 || tally->second.undecided < kWorksNever;
  const auto stands = stands_.find(place_of(flow, step));
  return works && (stands == stands_.end() || stands->second);
}

void Hunt::fire() {
  const auto cases = next_volley();
  auto volley = bench_.together(cases, [this] { return listeners_.stop() || out_of_time(); });
  if (!volley) {
    end(HuntEnd::broken, volley.error().detail);
    return;
  }
  weigh(cases, *volley);
}

void Hunt::weigh(const std::vector<model::Case>& cases, Volley& volley) {
  if (!volley.dead.empty() && std::ranges::none_of(volley.shots, failed)) {
    find_killer(cases, volley);
  }
  result_.last.executions += volley.shots.size();
  std::vector<model::Case> fallen;
  std::vector<model::Case> undecided;
  for (const auto& one : cases) {
    const auto at = volley.shots.find(one.id);
    if (at == volley.shots.end()) {
      continue;
    }
    if (failed(*at)) {
      fallen.push_back(one);
    } else if (!is(at->second, model::VerdictKind::pass)) {
      undecided.push_back(one);
    }
  }
  result_.last.undecided += undecided.size();
  if (fallen.empty()) {
    count_places(cases, volley);
  } else if (!over_ && !try_again(fallen, volley) && !over_) {
    try_undecided(undecided, volley);
  }
}

// With the octets that were sent; where none of these fails, as they were drawn: of what is signed
// or dated the octets of one run are not those of another.
Result<Hunt::Tried> Hunt::tried(const std::vector<model::Case>& drawn, const Volley& volley) {
  Tried out;
  for (const auto& one : drawn) {
    out.cases.push_back(trials_.as_sent(one, form_of(one), volley.shots.at(one.id)));
  }
  const bool any_sent = std::ranges::any_of(
      out.cases, [](const model::Case& one) { return !octets_of(*one.change).mutate; });
  auto shots = trials_.by_itself(out.cases);
  if (shots && any_sent && std::ranges::none_of(*shots, failed) && !listeners_.stop()) {
    out.cases = drawn;
    shots = trials_.by_itself(drawn);
  }
  if (!shots) {
    return std::unexpected(shots.error());
  }
  out.shots = std::move(*shots);
  return out;
}

// What has a SUT fall silent may be among those of which nothing could be told then.
void Hunt::try_undecided(const std::vector<model::Case>& undecided, const Volley& volley) {
  const auto again = tried(undecided, volley);
  if (!again) {
    end(HuntEnd::broken, again.error().detail);
    return;
  }
  for (std::size_t i = 0; i < undecided.size(); ++i) {
    const auto& one = undecided[i];
    const auto at = again->shots.find(one.id);
    if (over_ || listeners_.stop()) {
      return;
    }
    if (at != again->shots.end() && failed(*at) && stands(one)) {
      --result_.last.undecided;
      look_into(one, again->cases[i], at->second);
    }
  }
}

bool Hunt::try_again(const std::vector<model::Case>& fallen, const Volley& volley) {
  const auto again = tried(fallen, volley);
  if (!again) {
    end(HuntEnd::broken, again.error().detail);
    return false;
  }
  const bool any = std::ranges::any_of(again->shots, failed);
  for (std::size_t i = 0; i < fallen.size(); ++i) {
    const auto& one = fallen[i];
    const auto at = again->shots.find(one.id);
    if (over_ || listeners_.stop()) {
      return any;
    }
    if (at == again->shots.end() || !failed(*at)) {
      ++result_.last.flaky;
    } else if (stands(one)) {
      look_into(one, again->cases[i], at->second);
    } else if (!over_ && !is_lost(fallen, volley)) {
      ++result_.last.undecided;
      last_undecided_ = at->second.verdict.reason;
    }
  }
  if (!any) {
    (void)is_lost(fallen, volley);
  }
  return any;
}

// Whether the SUT works no more at all, which ends the hunt. Which strike it was cannot be told:
// all that fell are kept.
bool Hunt::is_lost(const std::vector<model::Case>& fallen, const Volley& volley) {
  const auto serves = trials_.still_serves(fallen.front());
  if (!serves || *serves) {
    return false;
  }
  const auto& verdict = volley.shots.at(fallen.front().id).verdict;
  for (const auto& one : fallen) {
    const auto& own = volley.shots.at(one.id).verdict;
    keep(finding_of(one, own, Confirmed::no), kind_of(own, form_of(one)));
  }
  end(HuntEnd::dead, "the SUT does not work any more: " + verdict.reason);
  return true;
}

// What never went out has killed nobody. Where the SUT does not come back, or where none of the
// others kills it by itself, which of them it was cannot be told: all of them are kept, for it has
// died.
void Hunt::find_killer(const std::vector<model::Case>& cases, Volley& volley) {
  std::vector<model::Case> suspects;
  std::ranges::copy_if(cases, std::back_inserter(suspects), [&](const auto& one) {
    return std::ranges::count(volley.suspects, one.id) > 0 && !volley.shots.contains(one.id);
  });
  auto apart = suspects.empty()
                   ? Result<Volley>(Volley{})
                   : bench_.apart(suspects, Bench::Until::first_fail, Bench::Pace::brisk);
  const bool came_back = apart && !apart->shots.empty();
  if (came_back) {
    const bool found = std::ranges::any_of(apart->shots, failed);
    volley.shots.merge(apart->shots);
    if (found || listeners_.stop() || out_of_time()) {
      return;
    }
  }
  model::Verdict died;
  died.kind = model::VerdictKind::fail;
  died.blame = model::Blame::sut;
  died.reason = "the SUT died of it, or of another: " + volley.dead;
  died.came = volley.dead;
  for (const auto& one : suspects) {
    const auto kind = kind_of(died, form_of(one));
    if (const auto& alike = of_kind_[kind]; came_back && alike.size() >= kMostSuspects) {
      ++result_.findings[alike.front()].hits;
      continue;
    }
    keep(finding_of(one, died, Confirmed::no), kind);
  }
  if (!came_back) {
    end(HuntEnd::dead, volley.dead);
  }
}

void Hunt::count_places(const std::vector<model::Case>& cases, const Volley& volley) {
  for (const auto& one : cases) {
    const auto at = volley.shots.find(one.id);
    if (at == volley.shots.end()) {
      continue;
    }
    auto& tally = places_[place_of(one.flow, one.change->step)];
    tally.passed += is(at->second, model::VerdictKind::pass) ? 1 : 0;
    if (!is(at->second, model::VerdictKind::pass)) {
      ++tally.undecided;
      last_undecided_ = at->second.verdict.reason;
    }
  }
}

std::string Hunt::form_of(const model::Case& one) const {
  const auto* flow = library_.flow(one.profile, one.flow);
  const auto step = std::ranges::find(flow->steps, one.change->step, &model::Step::id);
  return step == flow->steps.end() ? one.change->step : step->form;
}

// What fails unmutated too says nothing of the SUT.
bool Hunt::stands(const model::Case& one) {
  const auto place = place_of(one.flow, one.change->step);
  const auto known = stands_.find(place);
  if (known != stands_.end()) {
    return known->second;
  }
  const auto stands = trials_.stands_unmutated(one);
  if (!stands) {
    end(HuntEnd::broken, stands.error().detail);
    return false;
  }
  return stands_[place] = *stands;
}

void Hunt::look_into(const model::Case& drawn, const model::Case& one, const Shot& shot) {
  const auto form = form_of(one);
  const auto kind = kind_of(shot.verdict, form);
  const Failed failed{.one = one, .verdict = shot.verdict, .form = form};
  if (const auto& alike = of_kind_[kind]; alike.size() >= kMostOfKind) {
    ++result_.findings[alike.front()].hits;
    return;
  }
  auto out = finding_of(drawn, shot.verdict, Confirmed::yes);
  auto written = shot.transcript ? trials_.written_out(failed, *shot.transcript)
                                 : Result<std::optional<Trials::Written>>(std::nullopt);
  if (written && *written) {
    out.one = std::move((*written)->one);
    out.octets = (*written)->octets;
    keep(std::move(out), kind);
    return;
  }
  const Failed as_drawn{.one = drawn, .verdict = shot.verdict, .form = form};
  const auto again = written ? trials_.fails_again(as_drawn) : std::unexpected(written.error());
  if (!again) {
    end(HuntEnd::broken, again.error().detail);
  } else if (*again) {
    keep(std::move(out), kind);
  } else {
    ++result_.last.flaky;
  }
}

void Hunt::keep(Finding finding, const std::string& kind) {
  finding.name = name_of(finding.one);
  const auto same = std::ranges::find(result_.findings, finding.name, &Finding::name);
  if (same != result_.findings.end()) {
    ++same->hits;
    return;
  }
  of_kind_[kind].push_back(result_.findings.size());
  result_.findings.push_back(std::move(finding));
  listeners_.found(result_.findings.back());
}

}  // namespace parley::live
