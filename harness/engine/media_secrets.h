// SPDX-License-Identifier: GPL-3.0-or-later
// Where a secret of octets stands in what somebody said, however it is written. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/xml/tree.h"

namespace parley::engine {

// As it is, in hex of either case, in base64 and in base64url (RFC 4648), as far as what follows it
// does not matter there.
std::vector<std::string> spellings_of(std::string_view octets);
bool holds_any_of(const std::string& text, const std::vector<std::string>& spellings);
// All that an element says: names, attributes, texts, HTTP's octets as they are, and what is
// percent-encoded (RFC 3986 section 2.1) decoded too.
std::string all_text_of(const xml::Element& element);

}  // namespace parley::engine
