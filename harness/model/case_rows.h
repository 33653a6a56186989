// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of a case's `vary`, and what a change says once a row stands in it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::model {

using Row = std::map<std::string, std::string>;

// Rows by name, each a mapping of values, or a plain list for one value named "value".
std::vector<std::pair<std::string, Row>> rows_of(const nlohmann::json& value);

// What stands under `key`, `${name}` replaced by what the row has under that name.
std::string text_in(const nlohmann::json& value, const char* key, const Row& row);

// Nullopt when the key is not there or says no number.
std::optional<int> number_in(const nlohmann::json& value, const char* key, const Row& row);
// The same of `seed`, which is larger, of a mutation.
std::optional<std::uint64_t> seed_in(const nlohmann::json& mutate, const Row& row);

}  // namespace parley::model
