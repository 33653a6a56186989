// SPDX-License-Identifier: GPL-3.0-or-later
// What distinguishes two trees, for people: the first difference in document order.
#pragma once

#include <optional>
#include <string>

#include "harness/xml/tree.h"

namespace parley::xml {

struct Difference {
  std::string path;      // "/message/body/text()", "/iq/@type"
  std::string expected;  // "(absent)" when there is none
  std::string actual;
};

std::optional<Difference> first_difference(const Element& expected, const Element& actual);

}  // namespace parley::xml
