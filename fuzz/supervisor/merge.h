// SPDX-License-Identifier: GPL-3.0-or-later
// Which inputs are worth keeping beside a target's corpus.
#pragma once

#include <string>
#include <vector>

#include "fuzz/supervisor/catalogue.h"

namespace parley::fuzz {

// The files of `folder`, sorted, that together reach what the target's corpus does not: as few as
// the fuzzer's set cover finds. `work` is an empty folder for it. One that shows a defect is left
// out. Errors: not_found (no such program), malformed (it is no fuzzer), io.
Result<std::vector<std::string>> set_cover(const Target& target, const std::string& folder,
                                           const std::string& work);

}  // namespace parley::fuzz
