// SPDX-License-Identifier: GPL-3.0-or-later
// The suites folder as loaded data, and the declaration. Everything a user writes in YAML passes
// here; every complaint names file, line, column, field and the mend.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/model/document.h"
#include "harness/model/model.h"

namespace parley::model {

// Whose cases lie beside the suites folder: "own/CASE".
inline constexpr const char* kOwnSuite = "own";

struct Library {
  std::filesystem::path folder;
  std::map<std::string, Requirement> requirements;
  std::map<std::string, Profile> profiles;
  std::map<std::string, Flow> flows;  // by profile + "/" + name
  std::vector<Case> cases;            // in order of id

  const Flow* flow(const std::string& profile, const std::string& name) const;
  const Case* find_case(const std::string& id) const;
  // The requirement of `profile` that `monitor` watches; null when none says so.
  const Requirement* watched_by(const std::string& profile, const std::string& monitor) const;
  std::vector<std::string> case_ids() const;
};

// Loads and cross-checks the folder: ids unique, requirements, flows, forms and steps known, rows
// distinct. Whatever is wrong is in `problems`; what could be loaded is returned all the same.
// `profile`: all profiles are loaded, but of requirements, flows and cases only those that it has;
// empty or unknown: everything. `more`: files of cases beside the folder, or folders of them, which
// are of the suite kOwnSuite. Files are read by as many threads as there are cores.
Library load_library(const std::filesystem::path& folder, Problems& problems,
                     const std::string& profile = {}, const std::vector<std::string>& more = {});

// The profile that a declaration names, unchecked; empty when it cannot be read.
std::string declared_profile(const std::filesystem::path& file);

// Nullopt when the declaration is wrong; `problems` says where.
std::optional<Declaration> load_declaration(const std::filesystem::path& file,
                                            const Library& library, Problems& problems);

}  // namespace parley::model
