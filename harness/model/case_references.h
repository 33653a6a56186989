// SPDX-License-Identifier: GPL-3.0-or-later
// What a case names: requirement, profile, settings, flow, steps, messages, actors. Pure.
#pragma once

#include <set>
#include <string>

#include "harness/model/library.h"

namespace parley::model {

// Adds to `problems` each name that `library` does not have, with its place and the nearest one. Of
// a flow in `unread_flows` its own file has been complained of.
void check_references(const Case& one, const Document& document, const Library& library,
                      const std::set<std::string>& unread_flows, Problems& problems);

}  // namespace parley::model
