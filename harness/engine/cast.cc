// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/cast.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/engine/handshake_tree.h"
#include "harness/model/setting.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {
namespace {

using model::Step;

constexpr std::string_view kUpper = "/up";

Role role_of(const Step& step, bool from_played, bool to_played) {
  if (step.kind == Step::Kind::answers) {  // a SUT answers of its own accord
    return from_played && !to_played ? Role::send : Role::done;
  }
  if (step.kind == Step::Kind::does) {
    return from_played ? Role::done : Role::send;
  }
  if (step.kind == Step::Kind::shows) {
    return from_played ? Role::done : Role::expect;
  }
  if (from_played) {
    return to_played ? Role::done : Role::send;
  }
  return Role::expect;
}

std::string link_of(const Step& step, const CastRun& run) {
  if (step.to.empty()) {
    return step.from;
  }
  if (step.kind == Step::Kind::answers) {
    return service_link(step.to, run.profile->forms.at(step.asked).service);
  }
  if (step.kind == Step::Kind::wire) {
    const auto& form = run.profile->forms.at(step.form);
    if (!form.service.empty()) {
      const bool asks = form.pattern.name == wire::kHttpRequest;
      return service_link(asks ? step.from : step.to, form.service);
    }
  }
  if (step.kind == Step::Kind::close && !step.form.empty()) {
    const auto offers = run.profile->services.find(step.form);
    const bool by_sender =
        offers != run.profile->services.end() && run.flow->actors.at(step.from) == offers->second;
    return service_link(by_sender ? step.to : step.from, step.form);
  }
  return model::is_server(run.flow->actors.at(step.from)) ? step.to : step.from;
}

// What a client under test says before it is logged in another SUT has to take, not Parley: it is
// held to the profile's settings where a step leaves open what it says.
void hold_to_settings(const model::MessageForm& form, Step& step) {
  if (form.pattern.name != "intro" && !is_handshake_message(form.pattern.name)) {
    return;
  }
  for (const auto& [field, expression] : form.defaults) {
    if (!model::settings_in(expression).empty()) {
      step.with.try_emplace(field, std::vector{expression});
    }
  }
}

std::vector<CastStep> cast_steps(const std::vector<Step>& steps, const CastRun& run) {
  const auto& flow = *run.flow;
  std::vector<CastStep> out;
  for (const auto& step : steps) {
    const bool from_played = run.played(step.from);
    const bool to_played = step.to.empty() || run.played(step.to);
    CastStep cast{.step = step,
                  .role = role_of(step, from_played, to_played),
                  .link = link_of(step, run),
                  .inferred = !from_played && !to_played};
    cast.step.within = model::within_of(step, *run.profile);
    const bool of_server = model::is_server(flow.actors.at(step.from));
    if (cast.inferred && of_server && service_of(cast.link).empty()) {
      cast.link = upper(cast.link);
    } else if (cast.inferred && step.kind == Step::Kind::wire) {
      hold_to_settings(run.profile->forms.at(step.form), cast.step);
    }
    out.push_back(std::move(cast));
    if (out.back().inferred && step.kind == Step::Kind::tls) {
      // Each half has a handshake of its own, and Parley begins the upper one.
      CastStep above = out.back();
      above.step.id += kUpper;
      above.role = Role::send;
      above.link = upper(actor_of(above.link));
      out.push_back(std::move(above));
    }
  }
  return out;
}

auto find(std::vector<CastStep>& steps, const std::string& id) {
  return std::ranges::find_if(steps, [&](const CastStep& s) { return s.step.id == id; });
}

// Leaves a step out, with the answers to it: the next step sent on that connection is what the SUT
// must not take.
Result<void> drop(std::vector<CastStep>& steps, const std::string& id) {
  auto at = find(steps, id);
  const auto link = at->link;
  at = steps.erase(at);
  while (at != steps.end() && !(at->link == link && at->role == Role::send)) {
    at = at->link == link && at->role == Role::expect ? steps.erase(at) : at + 1;
  }
  if (at == steps.end()) {
    return fail(Errc::unsupported, "nothing is sent after the step that is left out");
  }
  at->changed = true;
  return {};
}

Result<void> edit_flow(std::vector<CastStep>& steps, const std::string& id,
                       const model::FlowEdit& edit) {
  auto at = find(steps, id);
  if (edit.kind == model::FlowEdit::Kind::drop) {
    return drop(steps, id);
  }
  if (edit.kind == model::FlowEdit::Kind::before) {
    CastStep moved = *at;
    moved.changed = true;
    steps.erase(at);
    steps.insert(find(steps, edit.step), std::move(moved));
    return {};
  }
  // The inserted message goes the way of its neighbour if that is sent, else the opposite way.
  CastStep inserted = *at;
  if (at->role == Role::expect) {
    std::swap(inserted.step.from, inserted.step.to);
  }
  inserted.role = Role::send;
  inserted.changed = true;
  inserted.step.id = "inserted";
  inserted.step.kind = Step::Kind::wire;
  inserted.step.form = edit.form;
  inserted.step.with = edit.with;
  steps.insert(edit.kind == model::FlowEdit::Kind::insert_before ? at : at + 1,
               std::move(inserted));
  return {};
}

// What rests on a standing answer is what comes after the last thing that is still sent: that has
// the SUT ask.
void mark_consequences(CastRun& run) {
  const CastStep* last = nullptr;
  for (const auto& step : run.steps) {
    const bool provokes = run.changed_answer() != nullptr && last != nullptr &&
                          step.role == Role::send && !step.step.fence;
    last = step.changed || provokes ? &step : last;
  }
  bool after = false;
  for (auto& step : run.steps) {
    step.consequence = after && !step.step.fence;
    after = after || &step == last;
  }
}

Result<void> apply_change(CastRun& run) {
  const auto& change = *run.change;
  const auto at = find(run.steps, change.step);
  if (at == run.steps.end()) {
    return fail(Errc::not_found,
                fmt::format("no step '{}' in flow '{}'", change.step, run.flow->name));
  }
  if (const auto* edit = std::get_if<model::FlowEdit>(&change.edit)) {
    if (auto edited = edit_flow(run.steps, change.step, *edit); !edited) {
      return edited;
    }
  } else {
    const auto* connection = std::get_if<model::ConnectionEdit>(&change.edit);
    const bool upgrade = at->step.kind == Step::Kind::connect && connection != nullptr &&
                         !connection->upgrade.empty();
    const bool handshake = (at->step.kind == Step::Kind::tls || upgrade) && !at->inferred;
    if (at->role != Role::send && !handshake) {
      return fail(Errc::unsupported,
                  fmt::format("step '{}' is not ours to change when {} is under test", change.step,
                              model::names_of(run.suts)));
    }
    at->changed = true;
  }
  mark_consequences(run);
  return {};
}

// What the runs of one case are made of.
struct Makings {
  const model::Case& one;
  const model::Library& library;
  const std::vector<model::Party>& suts;
};

CastRun plain_run(const Makings& makings, const std::string& name, const std::string& flow) {
  const auto& [one, library, suts] = makings;
  CastRun run;
  run.name = name;
  run.profile = &library.profiles.at(one.profile);
  run.flow = library.flow(one.profile, flow);
  run.suts = suts.empty() ? one.suts() : suts;
  run.outcomes = {model::Outcome{}};
  if (run.flow != nullptr) {
    run.steps = cast_steps(run.flow->steps, run);
  }
  return run;
}

void number_connections(CastRun& run) {
  std::map<std::string, int> numbers;
  for (auto& step : run.steps) {
    step.connection = numbers[actor_of(step.link)] += step.step.kind == Step::Kind::connect ? 1 : 0;
  }
}

void forbid(const model::Case& one, CastRun& run) {
  if (run.flow != nullptr) {
    run.never = cast_steps(one.never, run);
  }
}

// What a server does to others while one user is struck their flows do not show, where there are
// others: somebody is connected all the while, and has to be answered when all else is over.
void add_bystander(const Makings& makings, CastRun& run) {
  const auto& profile = *run.profile;
  const auto* watch = makings.library.flow(profile.name, profile.bystander);
  const std::vector gatekeeper{model::Party::gatekeeper_server};
  if (run.flow == nullptr || watch == nullptr || run.suts != gatekeeper) {
    return;
  }
  auto joined = std::make_shared<model::Flow>(*run.flow);
  for (const auto& [actor, party] : watch->actors) {
    if (joined->actors.emplace(actor, party).first->second != party) {
      return;  // the flow has another of that name
    }
  }
  auto steps = watch->steps;
  const auto fence = std::ranges::find_if(steps, &Step::fence);
  std::for_each(steps.begin(), fence, [](Step& step) { step.preamble = true; });
  // What stands for services comes before anybody is there.
  const auto before = std::ranges::find_if(
      joined->steps, [](const Step& step) { return step.kind != Step::Kind::answers; });
  joined->steps.insert(before, steps.begin(), fence);
  joined->steps.insert(joined->steps.end(), fence, steps.end());
  run.flow = joined.get();
  run.joined = std::move(joined);
  run.steps = cast_steps(run.flow->steps, run);
}

bool must_survive(const std::vector<model::Outcome>& outcomes) {
  return std::ranges::any_of(
      outcomes, [](const model::Outcome& o) { return o.kind == model::Outcome::Kind::survives; });
}

}  // namespace

bool CastRun::may_complete() const {
  return std::ranges::any_of(
      outcomes, [](const model::Outcome& o) { return o.kind == model::Outcome::Kind::completes; });
}

bool CastRun::must_survive() const { return engine::must_survive(outcomes); }

bool CastRun::played(const std::string& actor) const {
  const auto at = flow->actors.find(actor);
  return at != flow->actors.end() && !under_test(at->second);
}

bool CastRun::under_test(model::Party party) const { return std::ranges::count(suts, party) > 0; }

bool CastRun::server_under_test() const { return std::ranges::any_of(suts, model::is_server); }

bool CastRun::between(const std::string& actor) const {
  const auto at = flow->actors.find(actor);
  return at != flow->actors.end() && !model::is_server(at->second) && under_test(at->second) &&
         under_test(model::Party::gatekeeper_server);
}

bool CastRun::dials(const std::string& link) const {
  return is_upper(link) || played(actor_of(link));
}

bool CastRun::serves(const std::string& link) const {
  return !service_of(link).empty() && !dials(link);
}

const CastStep* CastRun::changed_answer() const {
  const auto at = std::ranges::find_if(steps, &CastStep::changed);
  return at != steps.end() && at->step.kind == Step::Kind::answers ? &*at : nullptr;
}

model::Party CastRun::far_end(const std::string& link) const {
  const auto server = std::ranges::find_if(suts, model::is_server);
  if (dials(link) && server != suts.end()) {
    return *server;
  }
  const auto actor = flow->actors.find(actor_of(link));
  return actor != flow->actors.end() && under_test(actor->second) ? actor->second : suts.front();
}

model::Party CastRun::sender(const model::Step& step) const {
  const auto actor = flow->actors.find(step.from);
  return actor != flow->actors.end() && under_test(actor->second) ? actor->second : suts.front();
}

bool is_bystander(const CastStep& step) { return step.link == kBystander; }

std::string upper(const std::string& actor) { return actor + std::string(kUpper); }

bool is_upper(const std::string& link) { return link.ends_with(kUpper); }

std::string service_link(const std::string& actor, const std::string& service) {
  return actor + "/" + service;
}

std::string service_of(const std::string& link) {
  const auto at = link.find('/');
  return at == std::string::npos || is_upper(link) ? "" : link.substr(at + 1);
}

std::string actor_of(const std::string& link) { return link.substr(0, link.find('/')); }

std::string other_half(const std::string& link) {
  return is_upper(link) ? actor_of(link) : upper(link);
}

Result<std::vector<CastRun>> cast_case(const model::Case& one, const model::Library& library,
                                       const std::vector<model::Party>& suts) {
  const Makings makings{.one = one, .library = library, .suts = suts};
  std::vector<CastRun> runs;
  if (!one.change) {
    runs.push_back(plain_run(makings, "plain", one.flow));
    runs.back().outcomes = one.any_of;
    forbid(one, runs.back());
  } else {
    // What shows that the SUT works after it must have shown that before, where no twin does.
    const auto& profile = library.profiles.at(one.profile);
    const auto probe = profile.probe_of(one.party);
    const bool shows_it_works = one.negative() || must_survive(one.any_of);
    if (shows_it_works && profile.probes.contains(one.party) && one.flow != probe) {
      runs.push_back(plain_run(makings, "before", probe));
    }
    runs.push_back(plain_run(makings, "twin", one.flow));
    CastRun changed = plain_run(makings, "changed", one.flow);
    changed.change = &*one.change;
    changed.outcomes = one.any_of;
    if (must_survive(one.any_of)) {
      add_bystander(makings, changed);
    }
    forbid(one, changed);
    if (changed.flow != nullptr) {
      if (auto applied = apply_change(changed); !applied) {
        return std::unexpected(applied.error());
      }
    }
    runs.push_back(std::move(changed));
    if (shows_it_works) {
      runs.push_back(plain_run(makings, "after", probe));
    }
  }
  for (auto& run : runs) {
    if (run.flow == nullptr) {
      return fail(Errc::not_found, "the flow or the profile's probe flow is unknown");
    }
    number_connections(run);
  }
  return runs;
}

}  // namespace parley::engine
