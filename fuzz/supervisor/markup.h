// SPDX-License-Identifier: GPL-3.0-or-later
// Tags as XML has them (production numbers of XML 1.0), wherever they stand in octets that may be
// anything. What is found is a guess to try edits with: comments and CDATA sections are looked into
// too. Time grows with the octets alone. Pure functions: no I/O, safe from any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace parley::fuzz {

// Octets [begin, end) of a text.
struct Span {
  std::size_t begin;
  std::size_t end;

  friend bool operator==(const Span&, const Span&) = default;
};

struct Tag {
  Span span;  // from '<' to '>'
  Span name;
};

// A start tag with its end tag, or one tag that stands alone: an empty element's, a start tag that
// nothing ends, an end tag that ends nothing.
struct Element {
  enum class Form { pair, empty, alone };

  Form form;
  Tag start;
  Tag end;  // of a pair; `start` again otherwise
};

// In order of their start tags. An end tag belongs to the last start tag of its name that is open;
// what was opened since stands alone.
std::vector<Element> find_elements(std::string_view text);

}  // namespace parley::fuzz
