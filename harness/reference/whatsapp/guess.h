// SPDX-License-Identifier: GPL-3.0-or-later
// What a party that accepts everything makes of a stanza that cannot be decoded: whatever strings
// it finds. Pure functions: safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "harness/xml/tree.h"

namespace parley::reference::whatsapp {

// `plaintext` is that of a transport frame. An element with the name of the stanza, its id and, as
// far as they are there as plain strings, from and to. Nothing when no name or no id is found.
std::optional<xml::Element> guess_stanza(std::string_view plaintext);

}  // namespace parley::reference::whatsapp
