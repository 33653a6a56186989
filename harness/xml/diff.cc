// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/diff.h"

#include <algorithm>

namespace parley::xml {
namespace {

constexpr std::string_view kAbsent = "(absent)";

std::string label(const Element& element) { return "{" + element.ns + "}" + element.name; }

std::string shown(const Node& node) {
  const auto* element = std::get_if<Element>(&node);
  return element != nullptr ? print(*element) : std::get<std::string>(node);
}

std::optional<Difference> compare(const Element& expected, const Element& actual,
                                  const std::string& path) {
  for (const auto& want : expected.attributes) {
    const auto have = std::ranges::find_if(actual.attributes, [&](const Attribute& a) {
      return a.ns == want.ns && a.name == want.name;
    });
    if (have == actual.attributes.end() || have->value != want.value) {
      return Difference{path + "/@" + want.name, want.value,
                        have == actual.attributes.end() ? std::string(kAbsent) : have->value};
    }
  }
  for (const auto& have : actual.attributes) {
    const bool wanted = std::ranges::any_of(expected.attributes, [&](const Attribute& a) {
      return a.ns == have.ns && a.name == have.name;
    });
    if (!wanted) {
      return Difference{path + "/@" + have.name, std::string(kAbsent), have.value};
    }
  }
  const std::size_t count = std::max(expected.children.size(), actual.children.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= expected.children.size()) {
      return Difference{path, std::string(kAbsent), shown(actual.children[i])};
    }
    if (i >= actual.children.size()) {
      return Difference{path, shown(expected.children[i]), std::string(kAbsent)};
    }
    const auto* want = std::get_if<Element>(&expected.children[i]);
    const auto* have = std::get_if<Element>(&actual.children[i]);
    if (want != nullptr && have != nullptr) {
      if (want->ns != have->ns || want->name != have->name) {
        return Difference{path, label(*want), label(*have)};
      }
      if (auto inner = compare(*want, *have, path + "/" + want->name)) {
        return inner;
      }
    } else if (want != nullptr || have != nullptr || expected.children[i] != actual.children[i]) {
      return Difference{path + "/text()", shown(expected.children[i]), shown(actual.children[i])};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Difference> first_difference(const Element& expected, const Element& actual) {
  if (expected.ns != actual.ns || expected.name != actual.name) {
    return Difference{"/", label(expected), label(actual)};
  }
  return compare(expected, actual, "/" + expected.name);
}

}  // namespace parley::xml
