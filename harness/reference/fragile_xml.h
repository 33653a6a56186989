// SPDX-License-Identifier: GPL-3.0-or-later
// What the fragile parties of profile `xmpp` (faults_fragile.h) do not live through. Pure.
#pragma once

#include <string>
#include <string_view>

#include "harness/xml/reader.h"
#include "harness/xml/tree.h"

namespace parley::reference {

// Whether a message, presence or iq lies within `stanza`.
bool holds_stanza(const xml::Element& stanza);

// Whether an element within `stanza` has no namespace.
bool holds_no_namespace(const xml::Element& stanza);

// The first namespace within `stanza` that must be escaped where it is written; empty: none.
std::string namespace_to_escape(const xml::Element& stanza);

// Whether `text` is UTF-8 of which each character can stand in XML (XML 1.0 section 2.2).
bool is_xml_text(std::string_view text);

// Why a reader has refused what is no XML, or no UTF-8.
bool says_mismatched_tag(const xml::Refused& refused);
bool says_bad_utf8(const xml::Refused& refused);

inline constexpr std::string_view kEmptyCdata = "<![CDATA[]]>";

}  // namespace parley::reference
