// SPDX-License-Identifier: GPL-3.0-or-later
// Case files: one case or a list under `cases`, with `vary` rows written out.
#pragma once

#include <string>
#include <vector>

#include "harness/model/document.h"
#include "harness/model/model.h"

namespace parley::model {

// `suite` is the folder the document stands in; case ids begin with it. The document has passed
// its schema. Values that the schema cannot judge are problems.
std::vector<Case> cases_of(const Document& document, const std::string& suite, Problems& problems);

}  // namespace parley::model
