// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/fragile_xml.h"

#include <algorithm>
#include <array>

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

}  // namespace parley::reference
