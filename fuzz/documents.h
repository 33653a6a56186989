// SPDX-License-Identifier: GPL-3.0-or-later
// What the targets of files that users write have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "harness/model/document.h"

namespace parley::fuzz {

// The number of the last line that a problem of `text` may name.
inline std::size_t last_line(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n')) +
         static_cast<std::size_t>(std::ranges::count(text, '\r')) + 2;
}

// The document as JSON; nullopt where that has more than 1,000 octets: YAML's keys end after 1,024
// characters, JSON's do not.
inline std::optional<std::string> json_of(const model::Document& document) {
  auto out = document.root().dump();
  return out.size() > 1000 ? std::nullopt : std::optional(std::move(out));
}

}  // namespace parley::fuzz
