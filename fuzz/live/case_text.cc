// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/case_text.h"

#include <fmt/format.h>

#include <variant>

#include "fuzz/live/layer.h"
#include "harness/base/text.h"
#include "harness/model/mirror.h"

namespace parley::live {
namespace {

// A YAML text in single quotes, in which nothing but the quote means something.
// Octets that are not printable are escaped by then.
std::string quoted(const std::string& text) { return "'" + replace_all(text, "'", "''") + "'"; }

void add(std::string& out, std::string_view key, const std::string& value) {
  out += fmt::format("  {}: {}\n", key, value);
}

std::string change_text(const model::Change& change) {
  std::string out = "change:\n";
  const auto& edit = octets_of(change);
  add(out, "step", quoted(change.step));
  add(out, "layer", std::string(to_string(layer_of(change))));
  if (edit.mutate) {
    add(out, "mutate", fmt::format("{{ by: {}, seed: {} }}", edit.mutate->by, edit.mutate->seed));
  }
  if (edit.at) {
    add(out, "at", std::to_string(*edit.at));
    add(out, "take", std::to_string(edit.take));
  }
  if (!edit.find.empty()) {
    add(out, "find", quoted(edit.find));
  }
  if (edit.replace) {
    add(out, "replace", quoted(*edit.replace));
  }
  return out;
}

}  // namespace

std::string case_text(const model::Case& one, const std::string& name,
                      const std::vector<std::string>& notes) {
  std::string out;
  for (const auto& note : notes) {
    out += "# " + printable(note, 200) + "\n";
  }
  // On the mirror of a flow a case is written as that of which it is the mirror.
  const auto suffix = model::mirror_name("", one.party);
  const bool mirror = one.flow.ends_with(suffix);
  const auto flow = mirror ? one.flow.substr(0, one.flow.size() - suffix.size()) : one.flow;
  const auto party = mirror ? model::mirrored(one.party) : one.party;
  out += fmt::format("case: {}\ntitle: {}\nprofile: {}\nparty: {}\n{}flow: {}\nverifies: {}\n",
                     name, quoted(one.title), one.profile, model::to_string(party),
                     mirror ? fmt::format("mirror: {}\n", model::to_string(one.party)) : "", flow,
                     one.requirement);
  if (!one.needs.empty()) {
    std::vector<std::string> needs;
    for (const auto& need : one.needs) {
      needs.push_back(quoted(need));
    }
    out += "needs: [" + join(needs, ", ") + "]\n";
  }
  if (!one.row.empty()) {
    std::vector<std::string> values;
    for (const auto& [key, value] : one.row) {
      values.push_back(key + ": " + quoted(value));
    }
    out += "vary: { as-found: { " + join(values, ", ") + " } }\n";
  }
  return out + change_text(*one.change) + "expect: survives\n";
}

}  // namespace parley::live
