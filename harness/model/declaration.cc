// SPDX-License-Identifier: GPL-3.0-or-later
// Declarations of SUTs. What the suites folder holds loads library.cc.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "harness/base/text.h"
#include "harness/model/library.h"
#include "harness/model/schema.h"
#include "harness/model/setting.h"

namespace parley::model {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_of(const std::map<std::string, Profile>& profiles) {
  std::vector<std::string> out;
  for (const auto& [name, profile] : profiles) {
    out.push_back(name);
  }
  return out;
}

// Features that flows and the preflight know although no case may need them.
constexpr const char* kFeatures[] = {"sasl-plain", "scram-sha-256", "starttls", "direct-tls",
                                     "roster",     "xep-0198",      "xep-0199"};

// What cases of the profile ask for; what others do, says nothing of it.
std::set<std::string> features_of(const std::string& profile, const Library& library) {
  const auto at = library.profiles.find(profile);
  std::set<std::string> out;
  if (at == library.profiles.end() || at->second.wire == Wire::xml) {
    out.insert(std::begin(kFeatures), std::end(kFeatures));
  }
  for (const auto& one : library.cases) {
    if (at == library.profiles.end() || one.profile == profile) {
      std::ranges::copy_if(one.needs, std::inserter(out, out.end()),
                           [](const auto& need) { return !setting_needed(need); });
    }
  }
  return out;
}

void check_features(const Document& document, const Declaration& declaration,
                    const Library& library, Problems& problems) {
  const auto& features = declaration.features;
  const auto known = features_of(declaration.profile, library);
  const std::vector<std::string> names(known.begin(), known.end());
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (!known.contains(features[i])) {
      problems.push_back(document.problem(fmt::format("/features/{}", i),
                                          unknown_name("feature", features[i], names),
                                          "name one of: " + join(names, ", ")));
    }
  }
}

}  // namespace

std::string declared_profile(const fs::path& file) {
  Problems unread;
  const auto document = load_document(file, unread);
  return document && document->root().is_object() ? string_at(document->root(), "profile") : "";
}

std::optional<Declaration> load_declaration(const fs::path& file, const Library& library,
                                            Problems& problems) {
  auto document = load_document(file, problems);
  if (!document) {
    return std::nullopt;
  }
  if (document->root().is_null()) {
    problems.push_back(
        document->problem("", "the declaration is empty", "'parley init' writes one"));
    return std::nullopt;
  }
  const auto before = problems.size();
  check_schema(*document, library.folder / "schema" / "sut.json", problems);
  if (problems.size() != before) {
    return std::nullopt;
  }
  const auto& root = document->root();
  Declaration out;
  out.file = file.string();
  out.folder = fs::absolute(file).parent_path().string();
  out.name = string_at(root, "name");
  out.profile = string_at(root, "profile");
  out.features = strings_at(root, "features");
  if (!library.profiles.contains(out.profile)) {
    problems.push_back(document->problem(
        "/profile", unknown_name("profile", out.profile, names_of(library.profiles)),
        "name one of 'parley list profiles'"));
  }
  check_features(*document, out, library, problems);
  const auto party = party_from(string_at(root, "party"));
  if (!party) {
    problems.push_back(
        document->problem("/party", unknown_name("party", string_at(root, "party"), party_names()),
                          "name the party under test"));
  }
  out.party = party.value_or(Party::gatekeeper_server);
  if (root.contains("endpoints")) {
    for (const auto& [name, value] : root["endpoints"].items()) {
      out.endpoints[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  if (root.contains("identities")) {
    out.pool_file = string_at(root["identities"], "pool");
  }
  if (root.contains("driver")) {
    out.driver = strings_at(root["driver"], "command");
  }
  out.patience = std::chrono::milliseconds(root.value("patience_ms", 0));
  const auto profile = library.profiles.find(out.profile);
  const bool noise = profile != library.profiles.end() && profile->second.wire == Wire::noise;
  const bool partner = out.party == Party::third_party_server;
  const std::string address = partner ? "keys" : noise ? "tcp" : "starttls";
  if (is_server(out.party) && !out.endpoints.contains(address) && out.driver.empty()) {
    problems.push_back(document->problem(
        "/endpoints", fmt::format("a server needs the address '{}'", address),
        partner ? "add endpoints: { keys: https://localhost:8443, … }"
                : fmt::format("add endpoints: {{ {}: 127.0.0.1:5222, … }}", address)));
  }
  if (!is_server(out.party) && out.driver.empty()) {
    problems.push_back(document->problem("", "a client needs a driver",
                                         "add driver: { command: [program, argument] }"));
  }
  if (problems.size() != before) {
    return std::nullopt;
  }
  return out;
}

}  // namespace parley::model
