// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/mirror.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace parley::model {
namespace {

std::string mirrored_form(const std::string& name, const Profile& profile) {
  const auto own = profile.forms.find(name);
  if (own != profile.forms.end() && !own->second.mirrors.empty()) {
    return own->second.mirrors;
  }
  const auto other = std::ranges::find_if(
      profile.forms, [&](const auto& form) { return form.second.mirrors == name; });
  return name.empty() || other == profile.forms.end() ? name : other->first;
}

void mirror(Step& step, const Profile& profile) {
  if (step.kind == Step::Kind::wire || step.kind == Step::Kind::answers) {
    step.form = mirrored_form(step.form, profile);
    step.asked = mirrored_form(step.asked, profile);
  }
}

bool is_of(const Flow& flow, const std::string& actor, Party party) {
  const auto at = flow.actors.find(actor);
  return at != flow.actors.end() && at->second == party;
}

// The step in which a client of that party and the third party's server talk; null for none.
const Step* step_with_partner(const Flow& flow, Party party) {
  constexpr auto kPartner = Party::third_party_server;
  const auto at = std::ranges::find_if(flow.steps, [&](const Step& step) {
    return (is_of(flow, step.from, party) && is_of(flow, step.to, kPartner)) ||
           (is_of(flow, step.from, kPartner) && is_of(flow, step.to, party));
  });
  return at == flow.steps.end() ? nullptr : &*at;
}

}  // namespace

Party mirrored(Party party) {
  switch (party) {
    case Party::gatekeeper_client:
      return Party::third_party_client;
    case Party::third_party_client:
      return Party::gatekeeper_client;
    case Party::gatekeeper_server:
    case Party::third_party_server:
    case Party::intermediary:
      return party;
  }
  return party;
}

std::string mirror_name(const std::string& name, Party party) {
  return name + "@" + std::string(to_string(party));
}

Flow mirrored(const Flow& flow, Party party, const Profile& profile) {
  Flow out = flow;
  out.name = mirror_name(flow.name, party);
  out.between = false;  // two SUTs are a gatekeeper's server and a client of a third party's user
  for (auto& [actor, who] : out.actors) {
    who = mirrored(who);
  }
  for (auto& step : out.steps) {
    mirror(step, profile);
  }
  return out;
}

Case mirrored(const Case& one, const Profile& profile) {
  Case out = one;
  out.party = one.mirror.value_or(one.party);
  out.id = mirror_name(one.id, out.party);
  out.flow = mirror_name(one.flow, out.party);
  out.mirror.reset();
  out.mirrors = one.id;
  for (auto& step : out.never) {
    mirror(step, profile);
  }
  if (auto* edit = out.change ? std::get_if<FlowEdit>(&out.change->edit) : nullptr) {
    edit->form = mirrored_form(edit->form, profile);
  }
  return out;
}

std::vector<NoMirror> wrong_with_mirror(const Case& one, const Flow& flow,
                                        const Requirement& requirement) {
  std::vector<NoMirror> out;
  const auto party = one.mirror.value_or(one.party);
  const auto name = to_string(party);
  if (party == one.party || mirrored(party) != one.party || one.together) {
    out.push_back(
        {fmt::format("the mirror of a case of {} is none of {}", names_of(one.suts()), name),
         "mirror cases with party: third-party.client, which is judged alone"});
  }
  if (std::ranges::count(requirement.binds, party) == 0) {
    out.push_back({fmt::format("{} does not bind {}", requirement.id, name),
                   "leave out 'mirror', or name the party under 'binds' where it is bound"});
  }
  if (!flow.accounts.empty()) {
    out.push_back({fmt::format("flow '{}' has accounts of a kind that one side has", flow.name),
                   "leave out 'mirror', or take a flow without 'accounts'"});
  }
  if (one.change && std::holds_alternative<TokenEdit>(one.change->edit)) {
    out.push_back({"a client of the gatekeeper's own bears no token", "leave out 'mirror'"});
  }
  if (const auto* step = step_with_partner(flow, one.party)) {
    out.push_back({fmt::format("in step '{}' a client talks with its own third party's server, "
                               "which the gatekeeper's own clients have none of",
                               step->id),
                   "leave out 'mirror', or take a flow in which the gatekeeper's server does it"});
  }
  return out;
}

}  // namespace parley::model
