// SPDX-License-Identifier: GPL-3.0-or-later
// Flows: compact YAML to flat steps. `use` takes another flow's steps in, `times` repeats a step.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/model/document.h"
#include "harness/model/model.h"

namespace parley::model {

// Value or list of values as the alternatives of each field.
Fields fields_of(const nlohmann::json& value);

// One step as it is written: what a flow says for itself, `use` and `times` aside.
Step step_of(const nlohmann::json& value);

// The steps of a flow as another one has them that takes it in: its actors are called otherwise
// where `actors` says so, and its steps begin with `prefix`, as what refers to them does.
std::vector<Step> used_steps(const Flow& used, const std::map<std::string, std::string>& actors,
                             const std::string& prefix);

// All flows of all documents, by profile + "/" + name; uses are resolved in any order.
// A use of an unknown flow, a circle of uses, an unknown actor and an unknown message are problems.
std::map<std::string, Flow> load_flows(const std::vector<Document>& documents,
                                       const std::map<std::string, Profile>& profiles,
                                       Problems& problems);

}  // namespace parley::model
