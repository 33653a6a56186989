// SPDX-License-Identifier: GPL-3.0-or-later
// What a case says that the JSON Schema cannot judge: layers and what they can do, conditions,
// words and numbers in rows. Adds to `problems`, each with its place and its mend.
#pragma once

#include <string>

#include "harness/model/document.h"

namespace parley::model {

// `value` is the case that stands at `pointer`.
void check_case(const Document& document, const std::string& pointer, const nlohmann::json& value,
                Problems& problems);
// Beside a list of cases: what none of them would inherit.
void check_top(const Document& document, Problems& problems);

}  // namespace parley::model
