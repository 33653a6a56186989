// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/casting.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/text.h"
#include "harness/cli/output.h"
#include "harness/engine/relay.h"

namespace parley::cli {
namespace {

std::optional<model::Declaration> declared(const std::string& file, const RunArguments& arguments,
                                           const model::Library& library) {
  model::Problems problems;
  auto out = model::load_declaration(file, library, problems);
  for (const auto& problem : problems) {
    put(stderr, "{}\n", model::to_string(problem));
  }
  if (!out) {
    return std::nullopt;
  }
  struct Option {
    const char* name;
    std::string value;
    std::string declared;
  };
  std::vector<Option> options{{"profile", arguments.profile, out->profile}};
  if (arguments.sut_files.size() == 1) {
    options.push_back(
        {"party", arguments.selection.party, std::string(model::to_string(out->party))});
  }
  for (const auto& [name, value, declared_value] : options) {
    if (arguments.given.contains(fmt::format("--{}", name)) && value != declared_value) {
      put(stderr, "parley: --{} says '{}', {} says '{}'; leave out --{}\n", name, printable(value),
          file, printable(declared_value), name);
      return std::nullopt;
    }
  }
  return out;
}

using Declarations = std::map<model::Party, model::Declaration>;

// The parties of two declarations that go with each other, in the order of a casting.
std::vector<model::Party> pair_of(const Declarations& declarations) {
  for (const auto& pair : {engine::kBetween, engine::kTogether}) {
    if (std::ranges::all_of(pair, [&](auto party) { return declarations.contains(party); })) {
      return {pair.begin(), pair.end()};
    }
  }
  return {};
}

bool go_together(const Declarations& declarations, std::size_t files) {
  if (files != 2 || pair_of(declarations).empty()) {
    put(stderr,
        "parley: two declarations are those of a gatekeeper.server and a third-party.client, with "
        "Parley between them, or of a third-party.server and its third-party.client\n");
    return false;
  }
  const auto& first = declarations.begin()->second;
  const auto& second = declarations.rbegin()->second;
  if (first.profile != second.profile) {
    put(stderr, "parley: {} says profile '{}', {} says '{}': they do not speak with each other\n",
        first.file, printable(first.profile), second.file, printable(second.profile));
    return false;
  }
  return true;
}

}  // namespace

std::optional<Casting> casting_of(const RunArguments& arguments, const model::Library& library) {
  Casting out;
  for (const auto& file : arguments.sut_files) {
    auto declaration = declared(file, arguments, library);
    if (!declaration) {
      return std::nullopt;
    }
    const auto party = declaration->party;
    out.declarations[party] = std::move(*declaration);
  }
  if (out.declarations.empty()) {
    return out;
  }
  out.name = out.declarations.begin()->second.name;
  if (arguments.sut_files.size() > 1) {
    if (!go_together(out.declarations, arguments.sut_files.size())) {
      return std::nullopt;
    }
    out.suts = pair_of(out.declarations);
    out.name = fmt::format("{} ({}) and {} ({})", out.declarations.at(out.suts[0]).name,
                           model::to_string(out.suts[0]), out.declarations.at(out.suts[1]).name,
                           model::to_string(out.suts[1]));
  }
  return out;
}

void keep_castable(std::vector<const model::Case*>& cases, const Casting& casting,
                   const model::Library& library) {
  if (casting.suts.empty()) {
    return;
  }
  const bool between = casting.suts.front() == engine::kBetween.front();
  std::string reason;
  std::erase_if(cases, [&](const model::Case* one) {
    const auto fits = between ? engine::fits_between(*one, library, casting.suts)
                              : engine::fits_together(*one, casting.suts);
    if (!fits && reason.empty()) {
      reason = fmt::format("{}: {}", one->id, fits.error().detail);
    }
    return !fits;
  });
  if (cases.empty() && !reason.empty()) {
    put(stderr, "parley: the two SUTs cannot carry out what is selected; {}\n", reason);
  }
}

}  // namespace parley::cli
