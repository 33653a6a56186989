// SPDX-License-Identifier: GPL-3.0-or-later
// Profiles from their documents, which follow suites/schema/profile.json. One that extends another
// has all that the other has but for what it says itself. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/model/document.h"
#include "harness/model/model.h"

namespace parley::model {

// By name. What is wrong is in `problems`: a profile that extends one that is not there, or itself
// by a detour, is left out.
std::map<std::string, Profile> load_profiles(const std::vector<Document>& documents,
                                             Problems& problems);

}  // namespace parley::model
