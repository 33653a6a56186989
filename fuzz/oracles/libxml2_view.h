// SPDX-License-Identifier: GPL-3.0-or-later
// A whole document as libxml2 sees it: a reader that shares no code with expat.
#pragma once

#include <optional>
#include <string_view>

#include "harness/xml/tree.h"

namespace parley::fuzz {

// Null when libxml2 finds it not well-formed. `document` is UTF-8.
std::optional<xml::Element> tree_by_libxml2(std::string_view document);

}  // namespace parley::fuzz
