// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/flow_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/base/text.h"
#include "harness/model/setting.h"

namespace parley::model {
namespace {

using nlohmann::json;

// "alice -> server"
std::pair<std::string, std::string> arrow(const std::string& text) {
  const auto at = text.find("->");
  if (at == std::string::npos) {
    return {text, ""};
  }
  const auto trim = [](std::string part) {
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    return part;
  };
  return {trim(text.substr(0, at)), trim(text.substr(at + 2))};
}

// Replaces actor names and step references of a used flow by those of its user:
// "${user.jid}" becomes "${alice.jid}", "${auth.data}" becomes "${alice/auth.data}".
std::string rename_references(const std::string& text,
                              const std::map<std::string, std::string>& names) {
  std::string out;
  std::size_t at = 0;
  bool inside = false;
  while (at < text.size()) {
    if (text.compare(at, 2, "${") == 0) {
      inside = true;
    } else if (text[at] == '}') {
      inside = false;
    }
    const bool starts =
        inside && (at == 0 || (std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0 &&
                               text[at - 1] != '-' && text[at - 1] != '/' && text[at - 1] != '.' &&
                               text[at - 1] != '#'));
    bool replaced = false;
    if (starts) {
      for (const auto& [from, to] : names) {
        if (text.compare(at, from.size() + 1, from + ".") == 0 ||
            (text.compare(at, from.size(), from) == 0 && at + from.size() < text.size() &&
             (text[at + from.size()] == ',' || text[at + from.size()] == ')' ||
              text[at + from.size()] == '}'))) {
          out += to;
          at += from.size();
          replaced = true;
          break;
        }
      }
    }
    if (!replaced) {
      out += text[at++];
    }
  }
  return out;
}

Fields renamed(const Fields& fields, const std::map<std::string, std::string>& names) {
  Fields out;
  for (const auto& [name, values] : fields) {
    for (const auto& value : values) {
      out[name].push_back(rename_references(value, names));
    }
  }
  return out;
}

// "#i" in what a repeated step says is its number.
void number_references(Fields& fields, const std::string& number) {
  for (auto& [field, values] : fields) {
    for (auto& text : values) {
      text = replace_all(text, "#i", "#" + number);
    }
  }
}

class FlowLoader {
 public:
  FlowLoader(const std::vector<Document>& documents, const std::map<std::string, Profile>& profiles,
             Problems& problems)
      : profiles_(profiles), problems_(problems) {
    for (const auto& document : documents) {
      const auto name = string_at(document.root(), "flow");
      if (!sources_.emplace(name, &document).second) {
        problems_.push_back(document.problem(
            "/flow", fmt::format("the flow '{}' stands twice", name), "give it another name"));
      }
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, document] : sources_) {
      out.push_back(name);
    }
    return out;
  }

  const Flow* load(const std::string& name) {
    if (const auto at = done_.find(name); at != done_.end()) {
      return &at->second;
    }
    const auto source = sources_.find(name);
    if (source == sources_.end() || !loading_.insert(name).second) {
      return nullptr;
    }
    const Document& document = *source->second;
    Flow flow;
    flow.name = name;
    flow.title = string_at(document.root(), "title");
    flow.between = document.root().value("between", false);
    flow.content = content_from(string_at(document.root(), "content"));
    for (const auto& [actor, party] : document.root()["actors"].items()) {
      const auto known = party_from(text_of(party));
      if (!known) {
        problems_.push_back(document.problem("/actors/" + actor,
                                             unknown_name("party", text_of(party), party_names()),
                                             "name one of the parties"));
        continue;
      }
      flow.actors[actor] = *known;
    }
    add_accounts(flow, document);
    for (const char* section : {"given", "steps", "fence"}) {
      if (document.root().contains(section)) {
        const auto& list = document.root()[section];
        for (std::size_t i = 0; i < list.size(); ++i) {
          add_step(flow, document, list[i], fmt::format("/{}/{}", section, i), section);
        }
      }
    }
    check_connections(flow, document);
    loading_.erase(name);
    return &(done_[name] = std::move(flow));
  }

  std::string profile_of(const std::string& name) const {
    return string_at(sources_.at(name)->root(), "profile");
  }

 private:
  void add_accounts(Flow& flow, const Document& document) {
    if (!document.root().contains("accounts")) {
      return;
    }
    const auto profile = profiles_.find(string_at(document.root(), "profile"));
    for (const auto& [actor, kind] : document.root()["accounts"].items()) {
      const auto pointer = "/accounts/" + actor;
      if (!flow.actors.contains(actor)) {
        problems_.push_back(document.problem(pointer, "there is no actor '" + actor + "'",
                                             "declare it under actors"));
      }
      std::vector<std::string> known;
      if (profile != profiles_.end()) {
        for (const auto& [name, fields] : profile->second.account_kinds) {
          known.push_back(name);
        }
      }
      if (std::ranges::count(known, text_of(kind)) == 0) {
        problems_.push_back(document.problem(pointer,
                                             unknown_name("kind of account", text_of(kind), known),
                                             "name one of the profile's account-kinds"));
      }
      flow.accounts[actor] = text_of(kind);
    }
  }

  void add_step(Flow& flow, const Document& document, const json& value, const std::string& pointer,
                const std::string& section) {
    if (value.contains("use")) {
      add_use(flow, document, value, pointer, section);
      return;
    }
    Step step = step_of(value);
    step.preamble = section == "given";
    step.fence = section == "fence";
    for (const auto& actor : {step.from, step.to}) {
      if (!actor.empty() && !flow.actors.contains(actor)) {
        std::vector<std::string> known;
        for (const auto& [name, party] : flow.actors) {
          known.push_back(name);
        }
        problems_.push_back(document.problem(pointer, unknown_name("actor", actor, known),
                                             "declare it under actors"));
      }
    }
    if (step.kind == Step::Kind::wire || step.kind == Step::Kind::answers) {
      check_message(document, step.form, pointer + "/message");
    }
    if (step.kind == Step::Kind::answers) {
      check_message(document, step.asked, pointer + "/to");
    }
    if (step.kind == Step::Kind::close && !step.form.empty()) {
      check_service(document, step.form, pointer + "/service");
    }
    if (!step.within_setting.empty()) {
      check_setting(document, step.within_setting, pointer + "/within");
    }
    const std::size_t times = value.value("times", 1U);
    for (std::size_t i = 1; i <= times; ++i) {
      Step one = step;
      if (times > 1) {
        const auto number = std::to_string(i);
        one.id = step.id + "#" + number;
        number_references(one.with, number);
        number_references(one.gets, number);
      }
      append(flow, std::move(one), document, pointer);
    }
  }

  // A flow without a profile is for all of them.
  void check_message(const Document& document, const std::string& form,
                     const std::string& pointer) {
    const auto wanted = string_at(document.root(), "profile");
    for (const auto& [name, profile] : profiles_) {
      if ((wanted.empty() || profile.is(wanted)) && !profile.forms.contains(form)) {
        std::vector<std::string> known;
        for (const auto& [message, unused] : profile.forms) {
          known.push_back(message);
        }
        problems_.push_back(document.problem(pointer, unknown_name("message", form, known),
                                             fmt::format("name a message of profile '{}'", name)));
      }
    }
  }

  void check_service(const Document& document, const std::string& service,
                     const std::string& pointer) {
    for (const auto& [name, profile] : profiles_) {
      if (profile.is(string_at(document.root(), "profile")) &&
          !profile.services.contains(service)) {
        std::vector<std::string> known;
        for (const auto& [offered, unused] : profile.services) {
          known.push_back(offered);
        }
        problems_.push_back(document.problem(pointer, unknown_name("service", service, known),
                                             fmt::format("name a service of profile '{}'", name)));
      }
    }
  }

  void check_setting(const Document& document, const std::string& setting,
                     const std::string& pointer) {
    for (const auto& [name, profile] : profiles_) {
      if (profile.is(string_at(document.root(), "profile")) &&
          !profile.settings.contains(setting)) {
        std::vector<std::string> known;
        for (const auto& [one, unused] : profile.settings) {
          known.push_back(one);
        }
        problems_.push_back(document.problem(pointer, unknown_name("setting", setting, known),
                                             fmt::format("name a setting of profile '{}'", name)));
      }
    }
  }

  void add_use(Flow& flow, const Document& document, const json& value, const std::string& pointer,
               const std::string& section) {
    const auto name = string_at(value, "use");
    const Flow* used = load(name);
    if (used == nullptr) {
      const bool circle = loading_.contains(name);
      problems_.push_back(document.problem(
          pointer + "/use",
          circle ? "the flows use each other in a circle" : unknown_name("flow", name, names()),
          circle ? "break the circle" : "name a flow of suites/*/flows/"));
      return;
    }
    std::map<std::string, std::string> actor_names;
    for (const auto& [actor, party] : used->actors) {
      actor_names[actor] = actor;
    }
    std::string id;
    if (value.contains("as")) {
      for (const auto& [inner, outer] : value["as"].items()) {
        actor_names[inner] = text_of(outer);
        id = text_of(outer);
      }
    }
    id = value.contains("id") ? string_at(value, "id") : id;
    const std::size_t times = value.value("times", 1U);
    for (std::size_t i = 1; i <= times; ++i) {
      auto prefix = times > 1 ? fmt::format("{}#{}", id, i) : id;
      prefix += prefix.empty() ? "" : "/";
      for (auto& step : used_steps(*used, actor_names, prefix)) {
        step.preamble = section == "given";
        step.fence = section == "fence";
        append(flow, std::move(step), document, pointer);
      }
    }
  }

  // An actor has one connection at a time.
  void check_connections(const Flow& flow, const Document& document) {
    std::map<std::string, bool> connected;
    for (const auto& step : flow.steps) {
      if (step.kind != Step::Kind::connect && step.kind != Step::Kind::close) {
        continue;
      }
      for (const auto& actor : {step.from, step.to}) {
        const bool was = std::exchange(connected[actor], step.kind == Step::Kind::connect);
        const auto at = flow.actors.find(actor);
        const bool client = at != flow.actors.end() && !is_server(at->second);
        if (was && client && step.kind == Step::Kind::connect) {
          problems_.push_back(document.problem(
              "/steps", fmt::format("'{}' connects in '{}' while it is connected", actor, step.id),
              "end its connection before ('closes')"));
        }
      }
    }
  }

  void append(Flow& flow, Step step, const Document& document, const std::string& pointer) {
    const auto stands = [&](const std::string& id) {
      return std::ranges::any_of(flow.steps, [&](const Step& s) { return s.id == id; });
    };
    if (!step.not_before.empty() && !stands(step.not_before)) {
      problems_.push_back(
          document.problem(pointer, fmt::format("no step '{}' stands before it", step.not_before),
                           "name an earlier step under 'not-before'"));
    }
    const bool twice = stands(step.id);
    if (twice || step.id.empty()) {
      problems_.push_back(document.problem(
          pointer,
          twice ? fmt::format("the step id '{}' stands twice", step.id) : "a step has no id",
          "give it an id of its own"));
    }
    flow.steps.push_back(std::move(step));
  }

  const std::map<std::string, Profile>& profiles_;
  Problems& problems_;
  std::map<std::string, const Document*> sources_;
  std::map<std::string, Flow> done_;
  std::set<std::string> loading_;
};

}  // namespace

std::vector<Step> used_steps(const Flow& used, const std::map<std::string, std::string>& actors,
                             const std::string& prefix) {
  const auto actor = [&](const std::string& name) {
    const auto at = actors.find(name);
    return at == actors.end() ? name : at->second;
  };
  auto names = actors;
  for (const auto& step : used.steps) {
    names[step.id] = prefix + step.id;
  }
  auto out = used.steps;
  for (auto& step : out) {
    step.id = prefix + step.id;
    step.from = actor(step.from);
    step.to = step.to.empty() ? "" : actor(step.to);
    step.with = renamed(step.with, names);
    step.asked_with = renamed(step.asked_with, names);
    step.not_before = step.not_before.empty() ? "" : prefix + step.not_before;
    step.gets = renamed(step.gets, names);
  }
  return out;
}

Step step_of(const json& value) {
  Step step;
  step.id = string_at(value, "id");
  step.unordered = value.value("unordered", false);
  if (value.contains("within")) {
    if (value["within"].is_number()) {
      step.within = std::chrono::seconds(value["within"].get<unsigned>());
    } else if (auto names = settings_in(string_at(value, "within")); !names.empty()) {
      step.within_setting = std::move(names.front());
    }
  }
  if (value.contains("with")) {
    step.with = fields_of(value["with"]);
    for (const auto& [field, one] : value["with"].items()) {
      if (one.is_number_integer() || one.is_boolean()) {
        step.unquoted.insert(field);
      }
    }
  }
  if (value.contains("not-before")) {
    step.not_before = string_at(value["not-before"], "step");
    step.not_before_by = std::chrono::milliseconds(value["not-before"].value("ms", 0U));
  }
  const std::pair<const char*, Step::Kind> kinds[] = {{"connect", Step::Kind::connect},
                                                      {"tls", Step::Kind::tls},
                                                      {"closes", Step::Kind::close},
                                                      {"refuses", Step::Kind::close}};
  step.refuses = value.contains("refuses");
  for (const auto& [key, kind] : kinds) {
    if (value.contains(key)) {
      step.kind = kind;
      std::tie(step.from, step.to) = arrow(string_at(value, key));
      step.form = string_at(value, "service");
      return step;
    }
  }
  if (value.contains("does") || value.contains("shows")) {
    step.kind = value.contains("does") ? Step::Kind::does : Step::Kind::shows;
    step.form = string_at(value, step.kind == Step::Kind::does ? "does" : "shows");
    step.from = string_at(value, "at");
    if (value.contains("gets")) {
      step.gets = fields_of(value["gets"]);
    }
    return step;
  }
  step.form = string_at(value, "message");
  if (value.contains("answers")) {
    step.kind = Step::Kind::answers;
    step.asked = string_at(value, "to");
    step.asked_with = value.contains("asked") ? fields_of(value["asked"]) : Fields();
    step.must_be_asked = value.value("must-be-asked", false);
    std::tie(step.from, step.to) = arrow(string_at(value, "answers"));
    return step;
  }
  std::tie(step.from, step.to) = arrow(string_at(value, "sends"));
  return step;
}

Fields fields_of(const json& value) {
  Fields out;
  for (const auto& [name, one] : value.items()) {
    if (one.is_array()) {
      for (const auto& alternative : one) {
        out[name].push_back(text_of(alternative));
      }
    } else {
      out[name].push_back(text_of(one));
    }
  }
  return out;
}

std::map<std::string, Flow> load_flows(const std::vector<Document>& documents,
                                       const std::map<std::string, Profile>& profiles,
                                       Problems& problems) {
  FlowLoader loader(documents, profiles, problems);
  std::map<std::string, Flow> out;
  for (const auto& name : loader.names()) {
    const Flow* flow = loader.load(name);
    if (flow == nullptr) {
      continue;
    }
    const auto wanted = loader.profile_of(name);
    for (const auto& [profile_name, profile] : profiles) {
      if (wanted.empty() || profile.is(wanted)) {
        Flow copy = *flow;
        copy.profile = profile_name;
        out[profile_name + "/" + name] = std::move(copy);
      }
    }
  }
  return out;
}

}  // namespace parley::model
