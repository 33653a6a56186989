// SPDX-License-Identifier: GPL-3.0-or-later
// Target: pugixml's XPath. Input: an expression, a line end, a document.
// Oracles: evaluated twice it gives the same; a set of nodes is true when it is not empty, and its
// text is that of its first node; what is compiled is so again.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"

namespace {

constexpr std::size_t kLongestExpression = 200;
constexpr std::size_t kLongestDocument = 600;
// With predicates in predicates an evaluation costs a power of the nodes (FINDINGS.md).
constexpr std::ptrdiff_t kMostNodesOfPredicates = 40;
constexpr std::string_view kDocument =
    "<message to='b@b.example' xml:lang='en'><body>text</body><x xmlns='n' a='1'><y>2</y></x>"
    "<!-- c --><?p i?></message>";

std::string text_of(const pugi::xpath_node& node) {
  return node.attribute() ? node.attribute().value() : node.node().value();
}

void check_nodes(const pugi::xpath_query& query, const pugi::xml_document& document) {
  auto nodes = query.evaluate_node_set(document);
  PARLEY_ORACLE(query.evaluate_boolean(document) == !nodes.empty());
  const auto first = nodes.first();
  nodes.sort();
  PARLEY_ORACLE(nodes.empty() || nodes.begin()[0] == first);
  auto again = query.evaluate_node_set(document);
  again.sort();
  PARLEY_ORACLE(again.size() == nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    PARLEY_ORACLE(nodes[i] == again[i] && text_of(nodes[i]) == text_of(again[i]));
  }
}

void check(const std::string& expression, const pugi::xml_document& document) {
  pugi::xpath_variable_set variables;
  variables.set("v", 2.0);
  variables.set("s", "text");
  const pugi::xpath_query query(expression.c_str(), &variables);
  const auto number = query.evaluate_number(document);
  PARLEY_ORACLE(std::bit_cast<std::uint64_t>(number) ==
                    std::bit_cast<std::uint64_t>(query.evaluate_number(document)) ||
                number != number);
  PARLEY_ORACLE(query.evaluate_string(document) == query.evaluate_string(document));
  if (query.return_type() == pugi::xpath_type_node_set) {
    check_nodes(query, document);
  } else {
    (void)query.evaluate_boolean(document);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\n'), input.size());
  const std::string expression(input.substr(0, end));
  // A copy, since pugixml 1.13 reads UTF-16 and UTF-32 as if they were aligned (FINDINGS.md).
  std::string text(input.substr(std::min(end + 1, input.size())));
  if (expression.size() > kLongestExpression || text.size() > kLongestDocument ||
      (std::ranges::count(expression, '[') > 1 &&
       std::ranges::count(text, '<') > kMostNodesOfPredicates)) {
    return 0;
  }
  pugi::xml_document document;
  if (text.empty() || !document.load_buffer(text.data(), text.size(), pugi::parse_full)) {
    document.load_buffer(kDocument.data(), kDocument.size(), pugi::parse_full);
  }
  try {
    check(expression, document);
  } catch (const pugi::xpath_exception&) {
    // the expression is wrong
  }
  return 0;
}
