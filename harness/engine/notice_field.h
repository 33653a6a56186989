// SPDX-License-Identifier: GPL-3.0-or-later
// What a driver's notification says in a field, as steps name it. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "harness/base/text.h"

namespace parley::engine {

// "media/kind" is a member of `media`. A number or a boolean as JSON writes it; null for anything
// else, and for what is not there.
inline std::optional<std::string> text_in(const nlohmann::json& data, const std::string& field) {
  const auto* at = &data;
  for (const auto& part : split(field, '/')) {
    if (!at->is_object() || !at->contains(part)) {
      return std::nullopt;
    }
    at = &(*at)[part];
  }
  if (at->is_string()) {
    return at->get<std::string>();
  }
  return at->is_number() || at->is_boolean() ? std::optional(at->dump()) : std::nullopt;
}

}  // namespace parley::engine
