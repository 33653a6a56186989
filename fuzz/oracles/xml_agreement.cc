// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/oracles/xml_agreement.h"

#include <algorithm>

#include "fuzz/oracles/expat_view.h"
#include "fuzz/oracles/libxml2_view.h"

namespace parley::fuzz {
namespace {

using xml::Element;
using End = ExpatView::End;

// What the reader under test made of it.
struct Taken {
  std::optional<Element> header;
  std::vector<Element> stanzas;
  bool closed = false;
  std::optional<xml::Refused> refused;
};

Taken taken_of(const std::vector<xml::Item>& items) {
  Taken out;
  for (const auto& item : items) {
    if (const auto* opened = std::get_if<xml::StreamOpened>(&item)) {
      out.header = opened->element;
    } else if (const auto* stanza = std::get_if<xml::Stanza>(&item)) {
      out.stanzas.push_back(stanza->element);
    } else if (const auto* refused = std::get_if<xml::Refused>(&item)) {
      out.refused = *refused;
    } else {
      out.closed = true;
    }
  }
  return out;
}

// Each ends a token that may be under way, outside of quotes and within either: a reader that waits
// for the end must look at it then. What is wrong with these octets themselves does not count.
constexpr std::string_view kEndsOfTokens[] = {";>]]>-->?>", "'>    ", "\">    "};

bool refuses_when_ended(std::string_view octets, const ReadStream& read) {
  return std::ranges::any_of(kEndsOfTokens, [&](std::string_view end) {
    const auto taken = taken_of(read(std::string(octets) + std::string(end)));
    return taken.refused && taken.refused->offset < octets.size();
  });
}

bool malformed_when_ended(std::string_view octets, const xml::Limits& limits) {
  return std::ranges::any_of(kEndsOfTokens, [&](std::string_view end) {
    const auto view = view_by_expat(std::string(octets) + std::string(end), limits);
    return view.end == End::malformed && view.at < octets.size();
  });
}

std::optional<std::string> about_refusal(std::string_view octets, const ReadStream& read,
                                         const Taken& taken, const ExpatView& view,
                                         const xml::Limits& limits) {
  if (view.end == End::open || view.end == End::closed) {
    if (taken.refused && !malformed_when_ended(octets, limits)) {
      return "refused (" + taken.refused->condition + ", " + taken.refused->detail +
             ") what expat takes and RFC 6120 does not forbid";
    }
    return std::nullopt;
  }
  if (taken.refused || refuses_when_ended(octets, read)) {
    return std::nullopt;
  }
  return "took what is refused by expat or RFC 6120: " + view.reason;
}

// libxml2 2.9.14 takes no letter for the eleventh digit of a hexadecimal reference (FINDINGS.md):
// only one with zeros in front has so many.
std::string without_leading_zeros(std::string document) {
  constexpr std::string_view kReference = "&#x";
  for (auto at = document.find(kReference); at != std::string::npos;
       at = document.find(kReference, at + 1)) {
    const auto from = at + kReference.size();
    document.erase(from, std::min(document.find_first_not_of('0', from), document.size()) - from);
  }
  return document;
}

std::optional<std::string> about_trees(std::string_view octets, const Taken& taken,
                                       const ExpatView& view) {
  if (taken.header != view.header) {
    return "another stream header than expat's";
  }
  if (taken.stanzas != view.stanzas) {
    return "other stanzas than expat's: " + std::to_string(taken.stanzas.size()) + " and " +
           std::to_string(view.stanzas.size());
  }
  if (taken.closed != (view.end == End::closed)) {
    return "the one sees the stream's end, the other does not";
  }
  if (!view.header) {
    return std::nullopt;
  }
  // As far as it is complete, the stream is a document once it is closed.
  std::string document(octets.substr(0, view.after_last));
  const bool empty_root = document.ends_with("/>") && view.stanzas.empty() && taken.closed;
  document += empty_root ? "" : "</" + view.header_name + ">";
  auto expected = *taken.header;
  for (const auto& stanza : taken.stanzas) {
    expected.children.emplace_back(stanza);
  }
  auto seen = tree_by_libxml2(document);
  if (!seen && tree_by_libxml2(without_leading_zeros(document))) {
    return std::nullopt;
  }
  if (!seen) {
    return "libxml2 does not take " + document;
  }
  // White space between stanzas is nobody's.
  std::erase_if(seen->children,
                [](const xml::Node& child) { return std::holds_alternative<std::string>(child); });
  return *seen == expected ? std::nullopt
                           : std::optional<std::string>("libxml2 sees another tree in " + document);
}

}  // namespace

std::optional<std::string> xml_disagreement(std::string_view octets, const ReadStream& read,
                                            const xml::Limits& limits) {
  const auto taken = taken_of(read(octets));
  const auto view = view_by_expat(octets, limits);
  if (auto trouble = about_refusal(octets, read, taken, view, limits)) {
    return trouble;
  }
  return about_trees(octets, taken, view);
}

}  // namespace parley::fuzz
