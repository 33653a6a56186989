// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/model/setting.h"

namespace parley::cli {
namespace {

template <class Match>
bool any_of(const std::vector<std::string>& patterns, Match match) {
  return patterns.empty() || std::ranges::any_of(patterns, match);
}

bool takes(const std::string& pattern, const std::string& id) {
  // A pattern takes the rows of a case, its mirror and the cases of extending profiles that inherit
  // it.
  return pattern == id || glob_match(pattern, id) || id.starts_with(pattern + "/") ||
         id.starts_with(pattern + "@");
}

// Prints the first selector that names nothing.
bool all_known(const std::string& kind, const std::vector<std::string>& selectors,
               const std::vector<std::string>& known) {
  for (const auto& selector : selectors) {
    if (std::ranges::none_of(known,
                             [&](const std::string& name) { return takes(selector, name); })) {
      put(stderr, "parley: {}\n", unknown_name(kind, selector, known));
      return false;
    }
  }
  return true;
}

}  // namespace

std::string profile_of(const RunArguments& arguments) {
  return arguments.sut_files.empty() ? arguments.profile
                                     : model::declared_profile(arguments.sut_files.front());
}

std::optional<model::Library> library_of(const RunArguments& arguments,
                                         const std::string& profile) {
  model::Problems problems;
  auto library =
      model::load_library(arguments.suites_folder, problems, profile, arguments.case_files);
  if (problems.empty()) {
    return library;
  }
  std::size_t shown = 0;
  for (const auto& problem : problems) {
    if (++shown > 20) {
      put(stderr, "… and {} more\n", problems.size() - 20);
      break;
    }
    put(stderr, "{}\n", model::to_string(problem));
  }
  return std::nullopt;
}

bool give(model::Library& library, const std::string& profile,
          const std::map<std::string, std::string>& settings) {
  if (settings.empty() || !library.profiles.contains(profile)) {
    return true;  // select() complains of an unknown profile
  }
  auto wrong = model::give_settings(library, profile, settings);
  if (wrong.empty() && settings.contains(model::kTokenDictionary)) {
    if (const auto loaded = model::load_tokens(library.profiles.at(profile)); !loaded) {
      wrong = loaded.error().detail;
    }
  }
  if (!wrong.empty()) {
    put(stderr, "parley: {}\n", wrong);
  }
  return wrong.empty();
}

bool give(model::Library& library, const engine::Plan& plan) {
  const auto profile = library.profiles.find(plan.profile);
  if (profile == library.profiles.end()) {
    return true;
  }
  auto wrong = model::give_settings(library, plan.profile, plan.settings);
  auto tokens = wire::Tokens::parse(plan.tokens);
  if (wrong.empty() && !tokens) {
    wrong = "the plan's token dictionary is damaged: " + tokens.error().detail;
  }
  if (!wrong.empty()) {
    put(stderr, "parley: {}\n", wrong);
    return false;
  }
  profile->second.tokens = std::move(*tokens);
  return true;
}

std::optional<std::vector<const model::Case*>> select(const model::Library& library,
                                                      const RunArguments& arguments) {
  const auto& selection = arguments.selection;
  std::set<std::string> suites;
  std::vector<std::string> requirements;
  for (const auto& one : library.cases) {
    suites.insert(one.suite);
  }
  for (const auto& [id, requirement] : library.requirements) {
    requirements.push_back(id);
  }
  std::vector<std::string> profiles;
  for (const auto& [name, profile] : library.profiles) {
    profiles.push_back(name);
  }
  const std::vector<std::string> suite_names(suites.begin(), suites.end());
  if (!all_known("suite", selection.suites, suite_names) ||
      !all_known("case", selection.cases, library.case_ids()) ||
      !all_known("requirement", selection.requirements, requirements) ||
      !all_known("profile", {arguments.profile}, profiles)) {
    return std::nullopt;
  }
  if (!selection.party.empty() && !model::party_from(selection.party)) {
    put(stderr, "parley: {}\n", unknown_name("party", selection.party, model::party_names()));
    return std::nullopt;
  }
  std::vector<const model::Case*> out;
  for (const auto& one : library.cases) {
    if (one.profile == arguments.profile &&
        (selection.party.empty() || model::to_string(one.party) == selection.party) &&
        any_of(selection.suites, [&](const std::string& s) { return takes(s, one.suite); }) &&
        any_of(selection.cases, [&](const std::string& s) { return takes(s, one.id); }) &&
        any_of(selection.requirements,
               [&](const std::string& s) { return takes(s, one.requirement); })) {
      out.push_back(&one);
    }
  }
  return out;
}

}  // namespace parley::cli
