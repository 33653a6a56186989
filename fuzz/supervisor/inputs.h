// SPDX-License-Identifier: GPL-3.0-or-later
// The inputs that lie in folders, those that `parley fuzz` has written too.
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"

namespace parley::fuzz {

// The files below `folder`, absolute and sorted; of a finding's folder or a run's the inputs alone.
// Errors: io (a folder there cannot be read).
Result<std::vector<std::string>> inputs_below(const std::string& folder);

}  // namespace parley::fuzz
