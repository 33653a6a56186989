// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/fragile_xml.h"

#include <algorithm>
#include <array>

#include "harness/base/text.h"

namespace parley::reference {
namespace {

// The first element within `outer`, at any depth, that `is` takes; null: none.
template <class Is>
const xml::Element* find_within(const xml::Element& outer, Is is) {
  for (const auto* inner : outer.elements()) {
    if (is(*inner)) {
      return inner;
    }
    if (const auto* found = find_within(*inner, is)) {
      return found;
    }
  }
  return nullptr;
}

}  // namespace

bool holds_stanza(const xml::Element& stanza) {
  constexpr std::array<std::string_view, 3> kNames{"message", "presence", "iq"};
  return find_within(stanza, [&](const xml::Element& inner) {
           return inner.ns == stanza.ns && std::ranges::count(kNames, inner.name) > 0;
         }) != nullptr;
}

bool holds_no_namespace(const xml::Element& stanza) {
  return find_within(stanza, [](const xml::Element& inner) { return inner.ns.empty(); }) != nullptr;
}

bool says_mismatched_tag(const xml::Refused& refused) {
  return refused.detail.contains("mismatched tag");
}

bool says_bad_utf8(const xml::Refused& refused) { return refused.detail.contains("invalid UTF-8"); }

std::string namespace_to_escape(const xml::Element& stanza) {
  const auto* found = find_within(stanza, [](const xml::Element& inner) {
    return inner.ns.find_first_of("&<'") != inner.ns.npos;
  });
  return found == nullptr ? "" : found->ns;
}

bool is_xml_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = 0;
    const auto length = utf8_sequence(text, at, c);
    const bool control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (length == 0 || control || c == 0xFFFE || c == 0xFFFF) {
      return false;
    }
    at += length;
  }
  return true;
}

}  // namespace parley::reference
