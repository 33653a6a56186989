// SPDX-License-Identifier: GPL-3.0-or-later
// The stanza tree: plain values shared by readers, matchers, changes, diffs and reports.
// Source: Namespaces in XML 1.0; RFC 6120 section 11. Names are (namespace, local name), never
// prefixes.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/result.h"

namespace parley::xml {

inline constexpr std::string_view kXmlNamespace = "http://www.w3.org/XML/1998/namespace";

inline constexpr std::string_view kStreamsNamespace = "http://etherx.jabber.org/streams";

struct Attribute {
  std::string ns;  // empty for an unprefixed attribute
  std::string name;
  std::string value;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

struct Element;
// Child elements and runs of character data, in document order; no two runs are neighbours.
using Node = std::variant<Element, std::string>;

struct Element {
  std::string ns;
  std::string name;
  std::vector<Attribute> attributes;
  std::vector<Node> children;

  // Value of the unprefixed attribute, or of `xml:lang` under that name; null when absent.
  const std::string* find(std::string_view attribute) const;
  std::string get(std::string_view attribute) const;  // empty when absent
  void set(std::string_view attribute, std::string value);
  void erase(std::string_view attribute);
  // First child element of that name; an empty `child_ns` means any namespace.
  const Element* child(std::string_view child_name, std::string_view child_ns = {}) const;
  Element* child(std::string_view child_name, std::string_view child_ns = {});
  std::vector<const Element*> elements() const;
  std::string text() const;  // the character data directly inside, joined
  void set_text(std::string value);
};
bool operator==(const Element& a, const Element& b);

// Serialises as RFC 6120 stanzas are sent: `default_ns` is taken as declared by the stream header;
// xmlns appears where the namespace changes; no prefixes but xml:, stream: (inside a stream, that
// is with a `default_ns`) and, for attributes, ns1…
std::string print(const Element& element, std::string_view default_ns = {});

// One line a node, attributes sorted, white space kept: for people and for diffs.
std::string print_pretty(const Element& element, std::string_view default_ns = {});

std::string escape_text(std::string_view text);
std::string escape_attribute(std::string_view text);

// Parses one whole element, as strict as the stream reader; `default_ns` stands in for the
// namespace that a stream header would declare.
// Errors: malformed with the offset; too_large beyond the limits of reader.h.
Result<Element> parse(std::string_view text, std::string_view default_ns = {});

}  // namespace parley::xml
