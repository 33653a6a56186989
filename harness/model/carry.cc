// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/carry.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "harness/model/flow_loader.h"

namespace parley::model {
namespace {

// A field that a stanza's answer has of its request; over HTTP the order says it.
constexpr const char* kQuestion = "iq";
constexpr const char* kHttps = "https";
constexpr const char* kStanzas = "stanzas";
constexpr std::string_view kHeaders = "headers/";

// One service of one profile on its way from HTTP to stanzas.
class Carrying {
 public:
  Carrying(Library& library, Profile& profile, const std::string& service, const Carrier& carrier)
      : library_(library),
        profile_(profile),
        carrier_(carrier),
        party_(profile.services.at(service)) {
    for (auto& [name, form] : profile_.forms) {
      if (form.service == service && form.stanza) {
        before_.insert(name);
      }
    }
  }

  void run() {
    if (library_.flow(profile_.name, carrier_.login) == nullptr) {
      return;  // its file has its own complaint, or nothing of the profile is loaded
    }
    for (auto& [key, flow] : library_.flows) {
      if (key == profile_.name + "/" + flow.name && is_carried(flow)) {
        flows_.insert(flow.name);
        carry(flow);
      }
    }
    for (auto& one : library_.cases) {
      if (one.profile == profile_.name && flows_.contains(one.flow)) {
        carry(one);
      }
    }
    for (const auto& name : before_) {
      auto& form = profile_.forms.at(name);
      form.service.clear();
      form.pattern = std::move(form.stanza->pattern);
      form.defaults.insert(form.stanza->defaults.begin(), form.stanza->defaults.end());
    }
  }

 private:
  bool is_carried(const Step& step) const {
    return step.kind == Step::Kind::wire && before_.contains(step.form);
  }
  bool is_carried(const Flow& flow) const {
    return std::ranges::any_of(flow.steps, [this](const Step& step) { return is_carried(step); });
  }

  // Who asked goes on asking over its one connection, whatever becomes of those that it asks for.
  void carry(Flow& flow) const {
    const auto& login = *library_.flow(profile_.name, carrier_.login);
    auto steps = used_steps(login, {{carrier_.user, carrier_.actor}}, carrier_.actor + "/");
    for (auto& step : steps) {
      step.preamble = true;
    }
    std::string asked;
    for (auto& step : flow.steps) {
      if (is_carried(step)) {
        const bool asks = flow.actors.at(step.to) == party_;
        (asks ? step.from : step.to) = carrier_.actor;
        if (asks) {
          asked = step.id;
        } else {
          step.with[kQuestion] = {"${" + asked + "." + kQuestion + "}"};
        }
      }
      steps.push_back(std::move(step));
    }
    flow.steps = std::move(steps);
    flow.actors[carrier_.actor] = login.actors.at(carrier_.user);
  }

  void carry(Case& one) const {
    for (auto& outcome : one.any_of) {
      std::ranges::replace(outcome.by, RefusalKind::http_error, RefusalKind::stanza_error);
    }
    for (auto& step : one.never) {
      if (is_carried(step)) {
        step.to = carrier_.actor;
      }
    }
    const auto* form = one.change ? changed_form(one) : nullptr;
    if (form != nullptr && !carry(one.change->edit, *form)) {
      one.needs.push_back(carrier_.setting + "=" + kHttps);
    }
  }

  // That the case changes, when it is carried.
  const MessageForm* changed_form(const Case& one) const {
    const auto& steps = library_.flow(one.profile, one.flow)->steps;
    const auto at = std::ranges::find(steps, one.change->step, &Step::id);
    return at != steps.end() && is_carried(*at) ? &profile_.forms.at(at->form) : nullptr;
  }

  // False for what only HTTP has.
  static bool carry(decltype(Change::edit)& edit, const MessageForm& form) {
    auto* stanza = std::get_if<StanzaEdit>(&edit);
    if (stanza == nullptr) {
      return std::holds_alternative<TokenEdit>(edit) || std::holds_alternative<FlowEdit>(edit);
    }
    if (!stanza->add.empty() || !stanza->rename.empty() || !stanza->ns.empty()) {
      return false;
    }
    const auto path_of = [&](const std::string& path) -> std::optional<std::string> {
      const auto at = form.stanza->paths.find(path);
      return at == form.stanza->paths.end() ? std::nullopt : std::optional(at->second);
    };
    std::map<std::string, std::string> set;
    for (const auto& [path, value] : stanza->set) {
      const auto there = path_of(path);
      // A header's value is written in HTTP's own way.
      if (!there || path.starts_with(kHeaders)) {
        return false;
      }
      set[*there] = value;
    }
    std::vector<std::string> remove;
    for (const auto& path : stanza->remove) {
      const auto there = path_of(path);
      if (!there) {
        return false;
      }
      remove.push_back(*there);
    }
    stanza->set = std::move(set);
    stanza->remove = std::move(remove);
    return true;
  }

  Library& library_;
  Profile& profile_;
  const Carrier& carrier_;
  Party party_;                   // that is asked
  std::set<std::string> before_;  // forms
  std::set<std::string> flows_;
};

}  // namespace

void carry_as_stanzas(Library& library, const std::string& name) {
  const auto profile = library.profiles.find(name);
  if (profile == library.profiles.end()) {
    return;
  }
  for (const auto& [service, carrier] : profile->second.carriers) {
    const auto setting = profile->second.settings.find(carrier.setting);
    if (setting != profile->second.settings.end() && setting->second.value == kStanzas) {
      Carrying(library, profile->second, service, carrier).run();
    }
  }
}

}  // namespace parley::model
