// SPDX-License-Identifier: GPL-3.0-or-later
// A case with a change of octets as the file that people write. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/model/model.h"

namespace parley::live {

// `one` asks that the SUT survives a change of octets (layer.h). `name` is what comes behind the
// suite's in its id. `notes` stand at the head as comments, a line each. What
// comes out passes the suites' schema.
// Of a flow's mirror it is the case that has it as its mirror.
std::string case_text(const model::Case& one, const std::string& name,
                      const std::vector<std::string>& notes);

}  // namespace parley::live
