// SPDX-License-Identifier: GPL-3.0-or-later
// The one-sided, exact oracle of stream readers: what the reader takes, namespace-aware expat takes
// too, and libxml2 sees the same tree; what expat takes and RFC 6120 does not forbid, the reader
// takes. What pugixml, which is lenient, makes of it does not count. Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/xml/reader.h"

namespace parley::fuzz {

// A reader under test: the items of a stream that is given whole.
using ReadStream = std::function<std::vector<xml::Item>(std::string_view)>;

// In what they disagree; null when they do not.
std::optional<std::string> xml_disagreement(std::string_view octets, const ReadStream& read,
                                            const xml::Limits& limits = {});

}  // namespace parley::fuzz
