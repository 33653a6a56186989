// SPDX-License-Identifier: GPL-3.0-or-later
// The functions of expressions that need nothing but their arguments: parts of texts, of paths and
// of URLs, and encodings. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace parley::engine {

inline constexpr std::size_t kMaxValueOctets = 8 * 1024 * 1024;  // that an expression makes

struct TextFunction {
  std::string_view name;
  std::size_t min_arguments;
  std::size_t max_arguments;
  // Called with as many as that. Errors: malformed for an argument of another kind; too_large.
  Result<std::string> (*call)(const std::vector<std::string>& arguments);
};

std::span<const TextFunction> text_functions();

// 0 for what begins with no digit.
std::size_t number_of(const std::string& text);

}  // namespace parley::engine
