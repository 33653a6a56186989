// SPDX-License-Identifier: GPL-3.0-or-later
// What options of several commands may hold.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>

#include "harness/base/text.h"

namespace parley::cli {

// An empty text is a slip of a script (an unset variable), never a wish.
inline const CLI::Validator kNotEmpty(
    [](std::string& text) { return std::string(text.empty() ? "is empty" : ""); }, "");

inline constexpr int kMostSeconds = 30 * 24 * 3600;  // of fuzzing

// CLI11 takes a negative number for a large one, and a larger one for the largest.
inline const CLI::Validator kSeed(
    [](std::string& text) {
      std::uint64_t value = 0;
      const auto* end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, value);
      return read.ec == std::errc() && read.ptr == end
                 ? std::string()
                 : fmt::format("'{}' is no number from 0 to 18446744073709551615",
                               printable(text, 60));
    },
    "");

}  // namespace parley::cli
