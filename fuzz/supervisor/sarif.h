// SPDX-License-Identifier: GPL-3.0-or-later
// Findings in the Static Analysis Results Interchange Format 2.1.0 (OASIS). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/supervisor/defect.h"

namespace parley::fuzz {

// One result a defect that is a finding. Paths of inputs count from the folder that has one below
// it for each target: the file belongs there.
std::string to_sarif(const std::vector<Defect>& defects, std::string_view version);

// A path as a reference that a URI may be: relative as it is, absolute with the scheme "file".
std::string uri_of(std::string_view path);

}  // namespace parley::fuzz
