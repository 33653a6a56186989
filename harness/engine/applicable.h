// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a case can be judged with what is declared of the parties under test. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/model/model.h"

namespace parley::engine {

// Why `one` is not applicable where `suts` are its parties under test; empty when it is. A profile
// may take a feature away: its setting of that name is "off", or its token dictionary leaves
// nothing out. A case of one dialect alone says which value its setting must have.
std::string why_not_applicable(const model::Case& one, const model::Profile& profile,
                               const std::vector<model::Party>& suts,
                               const std::map<model::Party, model::Declaration>& declarations);

}  // namespace parley::engine
