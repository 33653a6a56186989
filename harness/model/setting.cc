// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/text.h"

namespace parley::model {
namespace {

constexpr std::string_view kPrefix = "setting.";
// By what lies between octets and stanzas.
constexpr std::string_view kReadByEngine[] = {"noise-hashing",    "noise-ik",
                                              "interop-jid-form", "websocket-path",
                                              "websocket-origin", kTokenDictionary};
constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";

class Gatherer {
 public:
  explicit Gatherer(const Profile& profile) : profile_(profile) {}

  void text(std::string_view text) {
    for (auto& name : settings_in(text)) {
      names_.insert(std::move(name));
    }
  }
  void step(const Step& step) {
    for (const auto& [field, alternatives] : step.with) {
      for (const auto& alternative : alternatives) {
        text(alternative);
      }
    }
    const auto form = profile_.forms.find(step.form);
    if (step.kind != Step::Kind::wire || form == profile_.forms.end()) {
      return;
    }
    for (const auto& [field, value] : form->second.defaults) {
      if (!step.with.contains(field)) {
        text(value);
      }
    }
    text(xml::print(form->second.pattern));
    forms_.insert(step.form);
  }
  std::vector<std::string> names() && {
    for (const auto& [name, setting] : profile_.settings) {
      if (std::ranges::any_of(setting.bears_on,
                              [&](const auto& form) { return forms_.contains(form); })) {
        names_.insert(name);
      }
    }
    return {names_.begin(), names_.end()};
  }

 private:
  const Profile& profile_;
  std::set<std::string> names_;
  std::set<std::string> forms_;
};

}  // namespace

std::vector<std::string> settings_in(std::string_view text) {
  std::vector<std::string> out;
  for (auto at = text.find(kPrefix); at != std::string_view::npos; at = text.find(kPrefix, at)) {
    const auto begin = at + kPrefix.size();
    const auto end = std::min(text.find_first_not_of(kNameLetters, begin), text.size());
    const auto open = text.rfind("${", at);
    const bool inside = open != std::string_view::npos &&
                        text.substr(open, at - open).find('}') == std::string_view::npos;
    if (inside && end > begin) {
      out.emplace_back(text.substr(begin, end - begin));
    }
    at = end;
  }
  return out;
}

std::vector<std::string> settings_of(const Case& one, const Library& library) {
  const auto profile = library.profiles.find(one.profile);
  const auto* flow = library.flow(one.profile, one.flow);
  if (profile == library.profiles.end() || profile->second.settings.empty() || flow == nullptr) {
    return {};
  }
  Gatherer out(profile->second);
  for (const auto& [actor, party] : flow->actors) {
    if (const auto at = profile->second.addresses.find(party);
        at != profile->second.addresses.end()) {
      out.text(at->second);
    }
  }
  for (const auto& step : flow->steps) {
    out.step(step);
  }
  return std::move(out).names();
}

std::vector<std::string> assumed_settings(const Case& one, const Library& library) {
  auto out = settings_of(one, library);
  std::erase_if(out, [&](const std::string& name) {
    const auto& settings = library.profiles.at(one.profile).settings;
    const auto at = settings.find(name);
    return at == settings.end() || at->second.basis != "assumed";
  });
  return out;
}

void add_settings(std::map<std::string, std::string>& values, const Profile& profile) {
  for (const auto& [name, setting] : profile.settings) {
    values[std::string(kPrefix) + name] = setting.value;
  }
}

std::string with_settings(std::string text, const Profile& profile) {
  for (const auto& [name, setting] : profile.settings) {
    text = replace_all(std::move(text), fmt::format("${{{}{}}}", kPrefix, name), setting.value);
  }
  return text;
}

bool can_be_given(const Profile& profile, const std::string& name) {
  const auto refers = [&](std::string_view text) {
    return std::ranges::count(settings_in(text), name) > 0;
  };
  return std::ranges::count(kReadByEngine, name) > 0 ||
         std::ranges::any_of(profile.addresses,
                             [&](const auto& one) { return refers(one.second); }) ||
         std::ranges::any_of(profile.forms, [&](const auto& one) {
           return refers(xml::print(one.second.pattern)) ||
                  std::ranges::any_of(one.second.defaults,
                                      [&](const auto& field) { return refers(field.second); });
         });
}

std::string give_settings(Library& library, const std::string& name, const GivenSettings& given) {
  auto& profile = library.profiles.at(name);
  std::vector<std::string> known;
  for (const auto& [setting, unused] : profile.settings) {
    known.push_back(setting);
  }
  for (const auto& [setting, value] : given) {
    const auto at = profile.settings.find(setting);
    if (at == profile.settings.end()) {
      return fmt::format("profile '{}': {}", name, unknown_name("setting", setting, known));
    }
    if (!can_be_given(profile, setting)) {
      return fmt::format("nothing reads the setting '{}' yet: another value would change nothing",
                         setting);
    }
    if (value.empty()) {
      return fmt::format("the setting '{}' has no value; write {}=VALUE", setting, setting);
    }
    at->second.value = value;
    at->second.basis = "given";
  }
  return "";
}

Result<void> load_tokens(Profile& profile) {
  const auto setting = profile.settings.find(kTokenDictionary);
  if (setting == profile.settings.end() || setting->second.value.empty()) {
    return {};
  }
  auto tokens = wire::Tokens::load(setting->second.value);
  if (!tokens) {
    return std::unexpected(tokens.error());
  }
  profile.tokens = std::move(*tokens);
  return {};
}

}  // namespace parley::model
