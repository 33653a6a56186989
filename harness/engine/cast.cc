// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/cast.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace parley::engine {
namespace {

using model::Step;

Role role_of(const Step& step, bool from_played, bool to_played) {
  if (step.kind == Step::Kind::does) {
    return from_played ? Role::done : Role::send;
  }
  if (step.kind == Step::Kind::shows) {
    return from_played ? Role::done : Role::expect;
  }
  if (from_played) {
    return to_played ? Role::done : Role::send;
  }
  return to_played ? Role::expect : Role::inferred;
}

std::string link_of(const Step& step, const model::Flow& flow) {
  if (step.to.empty()) {
    return step.from;
  }
  return model::is_server(flow.actors.at(step.from)) ? step.to : step.from;
}

std::vector<CastStep> cast_steps(const std::vector<Step>& steps, const CastRun& run) {
  const auto& flow = *run.flow;
  std::vector<CastStep> out;
  for (const auto& step : steps) {
    out.push_back(
        {.step = step,
         .role = role_of(step, run.played(step.from), step.to.empty() || run.played(step.to)),
         .link = link_of(step, flow)});
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
    const bool handshake =
        (at->step.kind == Step::Kind::tls || upgrade) && at->role != Role::inferred;
    if (at->role != Role::send && !handshake) {
      return fail(Errc::unsupported,
                  fmt::format("step '{}' is not ours to change when {} is under test", change.step,
                              model::to_string(run.sut)));
    }
    at->changed = true;
  }
  bool after = false;
  for (auto& step : run.steps) {
    step.consequence = after && !step.step.fence;
    after = after || step.changed;
  }
  return {};
}

CastRun plain_run(const model::Case& one, const model::Library& library, const std::string& name,
                  const std::string& flow) {
  CastRun run;
  run.name = name;
  run.profile = &library.profiles.at(one.profile);
  run.flow = library.flow(one.profile, flow);
  run.sut = one.party;
  run.outcomes = {model::Outcome{}};
  if (run.flow != nullptr) {
    run.steps = cast_steps(run.flow->steps, run);
  }
  return run;
}

void number_connections(CastRun& run) {
  std::map<std::string, int> numbers;
  for (auto& step : run.steps) {
    step.connection = numbers[step.link] += step.step.kind == Step::Kind::connect ? 1 : 0;
  }
}

void forbid(const model::Case& one, CastRun& run) {
  if (run.flow != nullptr) {
    run.never = cast_steps(one.never, run);
  }
}

}  // namespace

bool CastRun::may_complete() const {
  return std::ranges::any_of(
      outcomes, [](const model::Outcome& o) { return o.kind == model::Outcome::Kind::completes; });
}

bool CastRun::played(const std::string& actor) const {
  const auto at = flow->actors.find(actor);
  return at != flow->actors.end() && at->second != sut;
}

Result<std::vector<CastRun>> cast_case(const model::Case& one, const model::Library& library) {
  std::vector<CastRun> runs;
  if (!one.change) {
    runs.push_back(plain_run(one, library, "plain", one.flow));
    runs.back().outcomes = one.any_of;
    forbid(one, runs.back());
  } else {
    runs.push_back(plain_run(one, library, "twin", one.flow));
    CastRun changed = plain_run(one, library, "changed", one.flow);
    changed.change = &*one.change;
    changed.outcomes = one.any_of;
    forbid(one, changed);
    if (changed.flow != nullptr) {
      if (auto applied = apply_change(changed); !applied) {
        return std::unexpected(applied.error());
      }
    }
    runs.push_back(std::move(changed));
    if (one.negative()) {
      runs.push_back(plain_run(one, library, "after", library.profiles.at(one.profile).probe));
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
