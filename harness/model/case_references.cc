// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/case_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "harness/base/text.h"
#include "harness/model/keys.h"
#include "harness/model/mirror.h"
#include "harness/model/setting.h"

namespace parley::model {
namespace {

bool bends_what_is_sealed(const Change& change) {
  return std::holds_alternative<ContentEdit>(change.edit) ||
         std::holds_alternative<EncryptionEdit>(change.edit) ||
         std::holds_alternative<MediaEdit>(change.edit);
}

// Where in the file the case stands, for problems found across files.
std::string place_of(const Case& one, const Document& document) {
  if (!document.root().contains("cases")) {
    return "";
  }
  const auto& list = document.root()["cases"];
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto id = one.suite + "/" + string_at(list[i], "case");
    if (one.id == id || one.id.starts_with(id + "/")) {
      return fmt::format("/cases/{}", i);
    }
  }
  return "";
}

template <class Complain>
void check_together(const Case& one, const Flow& flow, const Complain& complain) {
  if (one.party != Party::third_party_server || *one.together != Party::third_party_client) {
    complain("/together",
             fmt::format("{} is not judged together with {}", to_string(one.party),
                         to_string(*one.together)),
             "say together: third-party.client of a case with party: third-party.server");
  }
  for (const auto party : one.suts()) {
    if (std::ranges::none_of(flow.actors,
                             [&](const auto& actor) { return actor.second == party; })) {
      complain("/flow", fmt::format("no actor of flow '{}' is a {}", flow.name, to_string(party)),
               "name a flow in which both parties under test act");
    }
  }
}

// Octets of the content of what is said over HTTP: nothing need be sealed for that.
bool bends_http_content(const Change& change, const Flow& flow, const Profile& profile) {
  const auto* edit = std::get_if<ContentEdit>(&change.edit);
  const auto step = std::ranges::find(flow.steps, change.step, &Step::id);
  const auto form = step == flow.steps.end() ? profile.forms.end() : profile.forms.find(step->form);
  return edit != nullptr && edit->set.empty() && edit->remove.empty() && !edit->padding &&
         !edit->filler && form != profile.forms.end() && !form->second.service.empty();
}

template <class Complain>
void check_change(const Case& one, const Flow& flow, const Profile& profile,
                  const Complain& complain) {
  std::vector<std::string> steps;
  for (const auto& step : flow.steps) {
    steps.push_back(step.id);
  }
  const auto known = [&](const std::string& id) { return std::ranges::count(steps, id) > 0; };
  if (!known(one.change->step)) {
    complain("/change/step", unknown_name("step", one.change->step, steps),
             fmt::format("name a step of flow '{}'", flow.name));
  }
  if (bends_what_is_sealed(*one.change) && flow.content == Content::clear &&
      !bends_http_content(*one.change, flow, profile)) {
    complain("/change/layer", fmt::format("nothing is sealed in flow '{}'", flow.name),
             "take a flow that says 'content: signal' or 'content: omemo', or octets of what is "
             "said over HTTP");
  }
  if (const auto* edit = std::get_if<FlowEdit>(&one.change->edit)) {
    if (edit->kind == FlowEdit::Kind::before && !known(edit->step)) {
      complain("/change/before", unknown_name("step", edit->step, steps),
               fmt::format("name a step of flow '{}'", flow.name));
    }
    if (!edit->form.empty() && !profile.forms.contains(edit->form)) {
      complain("/change/insert/message",
               unknown_name("message", edit->form, keys_of(profile.forms)),
               "name one of the profile's messages");
    }
  }
}

template <class Complain>
void check_never(const Case& one, const Flow& flow, const Profile& profile,
                 const Complain& complain) {
  for (std::size_t i = 0; i < one.never.size(); ++i) {
    const auto& step = one.never[i];
    const auto field = fmt::format("/never/{}", i);
    if (step.kind == Step::Kind::wire && !profile.forms.contains(step.form)) {
      complain(field + "/message", unknown_name("message", step.form, keys_of(profile.forms)),
               "name one of the profile's messages");
    }
    for (const auto& actor : {step.from, step.to}) {
      if (!actor.empty() && !flow.actors.contains(actor)) {
        complain(field, unknown_name("actor", actor, keys_of(flow.actors)),
                 fmt::format("name an actor of flow '{}'", flow.name));
      }
    }
  }
}

}  // namespace

void check_references(const Case& one, const Document& document, const Library& library,
                      const std::set<std::string>& unread_flows, Problems& problems) {
  const auto complain = [&](const std::string& field, std::string message, std::string mend) {
    problems.push_back(
        document.problem(place_of(one, document) + field, std::move(message), std::move(mend)));
  };
  if (!library.requirements.contains(one.requirement)) {
    complain("/verifies",
             unknown_name("requirement", one.requirement, keys_of(library.requirements)),
             "name one of a requirements.yaml");
  }
  const auto profile = library.profiles.find(one.profile);
  if (profile == library.profiles.end()) {
    complain("/profile", unknown_name("profile", one.profile, keys_of(library.profiles)),
             "name one of suites/profiles/");
    return;
  }
  for (std::size_t i = 0; i < one.needs.size(); ++i) {
    const auto needed = setting_needed(one.needs[i]);
    if (needed && !profile->second.settings.contains(needed->first)) {
      complain(fmt::format("/needs/{}", i),
               unknown_name("setting", needed->first, keys_of(profile->second.settings)),
               "name one of the profile's settings");
    }
  }
  const Flow* flow = library.flow(one.profile, one.flow);
  if (flow == nullptr && unread_flows.contains(one.flow)) {
    return;  // its file has its own complaint
  }
  if (flow == nullptr) {
    std::vector<std::string> known;
    for (const auto& [key, value] : library.flows) {
      known.push_back(value.name);
    }
    complain("/flow", unknown_name("flow", one.flow, known), "name one of suites/*/flows/");
    return;
  }
  if (one.together) {
    check_together(one, *flow, complain);
  }
  const auto bound = library.requirements.find(one.requirement);
  if (one.mirror && bound != library.requirements.end()) {
    for (auto& [message, mend] : wrong_with_mirror(one, *flow, bound->second)) {
      complain("/mirror", std::move(message), std::move(mend));
    }
  }
  if (one.change) {
    check_change(one, *flow, profile->second, complain);
  }
  check_never(one, *flow, profile->second, complain);
}

}  // namespace parley::model
