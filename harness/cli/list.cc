// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/text.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/crypto/jose/forgery.h"
#include "harness/crypto/media/large_media.h"
#include "harness/crypto/omemo/payload_forgery.h"
#include "harness/crypto/signal/forgery.h"
#include "harness/engine/cast.h"
#include "harness/engine/expression.h"
#include "harness/engine/monitor.h"
#include "harness/engine/relay.h"
#include "harness/engine/transcript.h"
#include "harness/model/setting.h"
#include "harness/xml/tree.h"

namespace parley::cli {
namespace {

using nlohmann::json;

// One listing: rows of named columns, printed as a table or as JSON.
struct Listing {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool headed = false;  // the table begins with the columns' names
};

void print(const Listing& listing, bool as_json) {
  if (as_json) {
    json out = json::array();
    for (const auto& row : listing.rows) {
      json one = json::object();
      for (std::size_t i = 0; i < row.size(); ++i) {
        one[listing.columns[i]] = row[i];
      }
      out.push_back(std::move(one));
    }
    put(stdout, "{}\n", out.dump(2));
    return;
  }
  auto lines = listing.rows;
  if (listing.headed) {
    lines.insert(lines.begin(), listing.columns);
  }
  std::vector<std::size_t> widths(listing.columns.size());
  for (const auto& row : lines) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const auto& row : lines) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    put(stdout, "{}\n", line);
  }
}

// Counts the cases of the named profile, of all profiles where none is named.
Listing suites(const model::Library& library, const RunArguments& arguments) {
  const bool one_profile = arguments.given.contains("--profile");
  std::map<std::string, std::pair<int, int>> counts;
  for (const auto& one : library.cases) {
    if (one_profile && one.profile != arguments.profile) {
      continue;
    }
    auto& [all, negative] = counts[one.suite];
    ++all;
    negative += one.negative() ? 1 : 0;
  }
  Listing out{.columns = {"suite", "cases", "negative"}, .rows = {}, .headed = true};
  for (const auto& [suite, count] : counts) {
    out.rows.push_back({suite, fmt::format("{}", count.first), fmt::format("{}", count.second)});
  }
  return out;
}

std::vector<model::Party> between() { return {engine::kBetween.begin(), engine::kBetween.end()}; }

std::string casting_of(const model::Case& one, const model::Library& library) {
  if (one.together) {
    return "two SUTs";
  }
  return engine::fits_between(one, library, between()) ? "one SUT or two" : "one SUT";
}

Listing cases(const model::Library& library, const std::vector<const model::Case*>& selected) {
  Listing out{.columns = {"case", "party", "requirement", "polarity", "casting", "title"},
              .rows = {}};
  for (const auto* one : selected) {
    out.rows.push_back({one->id, std::string(model::to_string(one->party)), one->requirement,
                        one->negative() ? "negative" : "positive", casting_of(*one, library),
                        one->title});
  }
  return out;
}

// Whether `profile` is `base` or extends it.
bool is_of(const model::Library& library, const std::string& profile, const std::string& base) {
  const auto at = library.profiles.find(profile);
  return profile == base ||
         (at != library.profiles.end() && std::ranges::count(at->second.bases, base) > 0);
}

// Those of the suites and of the profile that are named; of all where none is.
Listing requirements(const model::Library& library, const RunArguments& arguments) {
  const bool one_profile = arguments.given.contains("--profile");
  const auto& suites = arguments.selection.suites;
  std::map<std::string, int> counts;
  std::map<std::string, std::string> inherited;  // a profile that has cases and is extended
  for (const auto& one : library.cases) {
    counts[one.requirement] += !one_profile || one.profile == arguments.profile ? 1 : 0;
    if (one.profile != arguments.profile && is_of(library, arguments.profile, one.profile)) {
      inherited[one.requirement] = one.profile;
    }
  }
  Listing out{.columns = {"requirement", "basis", "cases", "source", "text"}, .rows = {}};
  for (const auto& [id, requirement] : library.requirements) {
    if ((one_profile && !is_of(library, arguments.profile, requirement.profile)) ||
        (!suites.empty() && std::ranges::count(suites, requirement.suite) == 0)) {
      continue;
    }
    std::string judged =
        counts[id] > 0 ? fmt::format("{} case{}", counts[id], counts[id] == 1 ? "" : "s") : "";
    if (!requirement.monitor.empty()) {
      judged += (judged.empty() ? "monitor " : ", monitor ") + requirement.monitor;
    }
    if (judged.empty() && one_profile && inherited.contains(id)) {
      judged = fmt::format("not tested because profile {} excludes what {} has of it",
                           arguments.profile, inherited.at(id));
    } else if (judged.empty()) {
      judged = requirement.not_tested.empty() ? "NO CASE"
                                              : "not tested because " + requirement.not_tested;
    }
    out.rows.push_back({id, std::string(model::to_string(requirement.basis)), judged,
                        requirement.source, requirement.text});
  }
  return out;
}

Listing flows(const model::Library& library) {
  Listing out{.columns = {"flow", "steps", "title"}, .rows = {}};
  for (const auto& [key, flow] : library.flows) {
    out.rows.push_back({key, fmt::format("{}", flow.steps.size()), flow.title});
  }
  return out;
}

Listing profiles(const model::Library& library) {
  Listing out{.columns = {"profile", "status", "title"}, .rows = {}};
  for (const auto& [name, profile] : library.profiles) {
    out.rows.push_back({name, profile.status, profile.title});
  }
  return out;
}

Listing settings(const model::Library& library, const std::string& profile) {
  std::map<std::string, int> counts;
  for (const auto& one : library.cases) {
    if (one.profile == profile) {
      for (const auto& name : model::settings_of(one, library)) {
        ++counts[name];
      }
    }
  }
  Listing out{.columns = {"setting", "value", "basis", "set", "cases", "source"},
              .rows = {},
              .headed = true};
  for (const auto& [name, setting] : library.profiles.at(profile).settings) {
    const bool settable = model::can_be_given(library.profiles.at(profile), name);
    out.rows.push_back({name, setting.value, setting.basis, settable ? "--set" : "-",
                        counts[name] > 0 ? fmt::format("{} cases", counts[name]) : "no case",
                        setting.source});
  }
  return out;
}

// The parties that the fault bends, the one that it is written for first.
std::string bent_by(const reference::FaultEntry& fault) {
  std::vector<std::string> out{std::string(fault.party)};
  std::ranges::copy_if(model::party_names(), std::back_inserter(out), [&](const auto& party) {
    return party != fault.party && reference::bends(fault, party);
  });
  return join(out, ", ");
}

// Those of the profile's parties, of all profiles where none is named.
Listing faults(const model::Library& library, const RunArguments& arguments) {
  const bool one_profile = arguments.given.contains("--profile");
  Listing out{.columns = {"fault", "party", "breaks"}, .rows = {}};
  for (const auto& fault : reference::faults()) {
    if (one_profile && !is_of(library, arguments.profile, std::string(fault.profile))) {
      continue;
    }
    const bool liberty = fault.effect == reference::Effect::conforms;
    out.rows.push_back({std::string(fault.name), bent_by(fault),
                        (liberty ? "(conforms) " : "") + std::string(fault.breaks)});
  }
  return out;
}

// The profiles whose requirements name the monitor.
std::set<std::string> watched_by(const model::Library& library, std::string_view monitor) {
  std::set<std::string> out;
  for (const auto& [id, requirement] : library.requirements) {
    if (requirement.monitor == monitor) {
      out.insert(requirement.profile);
    }
  }
  return out;
}

// Those that a requirement of the profile names, and those that none names: they hold everywhere.
Listing forgeries() {
  Listing out{.columns = {"forgery", "of a", "source", "what"}, .rows = {}};
  const auto add = [&](const auto& forgery, std::string_view kind) {
    out.rows.push_back({std::string(forgery.name), std::string(kind), std::string(forgery.clause),
                        std::string(forgery.explanation)});
  };
  for (const auto& forgery : crypto::jose::forgeries()) {
    add(forgery, "token");
  }
  for (const auto& forgery : crypto::signal::forgeries()) {
    add(forgery, to_string(forgery.kind));
  }
  for (const auto& forgery : crypto::media::media_forgeries()) {
    add(forgery, "media file");
  }
  for (const auto& forgery : crypto::media::large_media_forgeries()) {
    add(forgery, "large media file");
  }
  for (const auto& forgery : crypto::omemo::payload_forgeries()) {
    add(forgery, "payload");
  }
  return out;
}

Listing monitors(const model::Library& library, const RunArguments& arguments) {
  const bool one_profile = arguments.given.contains("--profile");
  Listing out{.columns = {"monitor", "source", "holds"}, .rows = {}};
  for (const auto& monitor : engine::monitors()) {
    const auto profiles = watched_by(library, monitor.name);
    const bool holds =
        profiles.empty() || std::ranges::any_of(profiles, [&](const std::string& profile) {
          return is_of(library, arguments.profile, profile);
        });
    if (one_profile && !holds) {
      continue;
    }
    out.rows.push_back(
        {std::string(monitor.name), std::string(monitor.source), std::string(monitor.text)});
  }
  return out;
}

std::string connection_of(const engine::CastStep& step) {
  return step.connection < 2 ? "TCP connection" : fmt::format("TCP connection {}", step.connection);
}

std::string ladder_line(const engine::CastStep& step) {
  const auto& s = step.step;
  const char* role = step.role == engine::Role::send     ? "send"
                     : step.role == engine::Role::expect ? "expect"
                                                         : "done";
  const auto what = s.kind == model::Step::Kind::tls       ? "TLS handshake"
                    : s.kind == model::Step::Kind::connect ? connection_of(step)
                    : s.kind == model::Step::Kind::close
                        ? (s.refuses ? "refusal or end of connection" : "end of connection")
                    : s.kind == model::Step::Kind::does    ? "user does: " + s.form
                    : s.kind == model::Step::Kind::answers ? s.form + " to each " + s.asked
                    : s.kind == model::Step::Kind::shows   ? "user is shown: " + s.form
                                                           : s.form;
  const auto way = s.to.empty() ? s.from : s.from + " -> " + s.to;
  return fmt::format("  {}{:<28} {:<22} {:<24} {}{}{}", step.changed ? "*" : " ", s.id, way, what,
                     role,
                     s.fence      ? ", fence"
                     : s.preamble ? ", preamble"
                                  : "",
                     step.consequence ? ", after the change" : "");
}

std::vector<std::string> outcomes_of(const model::Case& one) {
  std::vector<std::string> out;
  for (const auto& outcome : one.any_of) {
    out.push_back(model::describe(outcome));
  }
  return out;
}

std::string change_of(const model::Case& one, const std::string& none) {
  return one.change ? model::describe(*one.change) : none;
}

json json_of(const model::Case& one, const model::Library& library) {
  const auto& requirement = library.requirements.at(one.requirement);
  return json{{"case", one.id},
              {"title", one.title},
              {"requirement", one.requirement},
              {"text", requirement.text},
              {"source", requirement.source},
              {"basis", model::to_string(requirement.basis)},
              {"party", model::to_string(one.party)},
              {"suts", engine::to_json(one.suts())},
              {"between", engine::fits_between(one, library, between()).has_value()},
              {"mirrors", one.mirrors},
              {"flow", one.flow},
              {"change", change_of(one, "")},
              {"expect", outcomes_of(one)},
              {"settings", model::settings_of(one, library)},
              {"file", one.file}};
}

// All that is said of a case before its ladder.
void print_head(const model::Case& one, const model::Library& library) {
  const auto& requirement = library.requirements.at(one.requirement);
  const auto both = engine::fits_between(one, library, between());
  put(stdout,
      "{}  {}\n\nrequirement  {} ({}) {}\nsource       {}\nunder test   {}\nor together  {}\nflow  "
      "       {}\n",
      one.id, one.title, requirement.id, model::to_string(requirement.basis), requirement.text,
      requirement.source, model::names_of(one.suts()) + (one.together ? ", together" : ""),
      both ? model::names_of(between()) + ", Parley between them" : "no: " + both.error().detail,
      one.flow);
  if (!one.mirrors.empty()) {
    put(stdout, "mirror of    {}: the clients of the two sides have changed places\n", one.mirrors);
  }
  if (!one.needs.empty()) {
    put(stdout, "needs        {}\n", join(one.needs, ", "));
  }
  for (const auto& [name, value] : one.row) {
    put(stdout, "with         {} = {}\n", name, printable(value, 100));
  }
  for (const auto& name : model::settings_of(one, library)) {
    const auto& setting = library.profiles.at(one.profile).settings.at(name);
    put(stdout, "rests on     {} = {} ({})\n", name, printable(setting.value, 100), setting.basis);
  }
  put(stdout, "change       {}\nmust follow  {}\nfile         {}\n\n", change_of(one, "none"),
      join(outcomes_of(one), "; or "), one.file);
}

}  // namespace

ExitCode list(const RunArguments& arguments, const std::string& what) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  const auto selected = select(*library, arguments);
  if (!selected) {
    return ExitCode::usage;
  }
  const std::vector<std::pair<std::string, std::function<Listing()>>> listings{
      {"suites", [&] { return suites(*library, arguments); }},
      {"cases", [&] { return cases(*library, *selected); }},
      {"requirements", [&] { return requirements(*library, arguments); }},
      {"flows", [&] { return flows(*library); }},
      {"faults", [&] { return faults(*library, arguments); }},
      {"settings", [&] { return settings(*library, arguments.profile); }},
      {"profiles", [&] { return profiles(*library); }},
      {"monitors", [&] { return monitors(*library, arguments); }},
      {"forgeries", forgeries}};
  std::vector<std::string> known;
  for (const auto& [name, make] : listings) {
    if (name == what) {
      print(make(), arguments.json);
      return ExitCode::ok;
    }
    known.push_back(name);
  }
  put(stderr, "parley: {}\n", unknown_name("listing", what, known));
  return ExitCode::usage;
}

ExitCode show(const RunArguments& arguments, const std::string& case_id) {
  const auto library = library_of(arguments);
  if (!library) {
    return ExitCode::usage;
  }
  const auto* one = library->find_case(case_id);
  if (one == nullptr) {
    put(stderr, "parley: {}\n", unknown_name("case", case_id, library->case_ids()));
    return ExitCode::usage;
  }
  if (arguments.json) {
    put(stdout, "{}\n", json_of(*one, *library).dump(2));
    return ExitCode::ok;
  }
  print_head(*one, *library);
  const auto runs = engine::cast_case(*one, *library);
  if (!runs) {
    put(stderr, "parley: {}\n", runs.error().detail);
    return ExitCode::usage;
  }
  const auto& run = runs->size() > 1 ? (*runs)[1] : (*runs)[0];
  for (const auto& step : run.steps) {
    put(stdout, "{}\n", ladder_line(step));
  }
  return ExitCode::ok;
}

}  // namespace parley::cli
