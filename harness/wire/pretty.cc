// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/pretty.h"

#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"

namespace parley::wire {
namespace {

using xml::Element;

constexpr std::size_t kMaxHexOctets = 64;

std::string shown(std::string_view octets, std::size_t max_octets) {
  if (is_text(octets)) {
    return std::string(octets);
  }
  const bool as_hex = octets.size() <= kMaxHexOctets;
  const auto part = octets.substr(0, max_octets);
  return "(" + std::to_string(octets.size()) + " octets, " + (as_hex ? "hex" : "base64") + ") " +
         (as_hex ? to_hex(part) : to_base64(part)) + (part.size() < octets.size() ? "…" : "");
}

Element shown(const Element& element, std::size_t max_octets) {
  Element out{.ns = element.ns, .name = printable(element.name), .attributes = {}, .children = {}};
  for (const auto& attribute : element.attributes) {
    out.attributes.push_back(
        {attribute.ns, printable(attribute.name),
         is_text(attribute.value) ? attribute.value : printable(attribute.value)});
  }
  for (const auto& node : element.children) {
    if (const auto* child = std::get_if<Element>(&node)) {
      out.children.emplace_back(shown(*child, max_octets));
    } else {
      out.children.emplace_back(shown(std::get<std::string>(node), max_octets));
    }
  }
  return out;
}

}  // namespace

bool is_text(std::string_view octets) {
  for (std::size_t i = 0; i < octets.size();) {
    char32_t c = 0;
    const std::size_t length = utf8_sequence(octets, i, c);
    const bool is_control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    if (length == 0 || is_control) {
      return false;
    }
    i += length;
  }
  return true;
}

std::string pretty(const Element& element, std::size_t max_octets) {
  return xml::print_pretty(shown(element, max_octets));
}

}  // namespace parley::wire
