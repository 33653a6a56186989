// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/case_rows.h"

#include <charconv>

#include "harness/base/text.h"
#include "harness/model/document.h"

namespace parley::model {

using nlohmann::json;

std::vector<std::pair<std::string, Row>> rows_of(const json& value) {
  std::vector<std::pair<std::string, Row>> out;
  for (const auto& [name, row] : value.items()) {
    Row values;
    if (row.is_object()) {
      for (const auto& [key, one] : row.items()) {
        values[key] = text_of(one);
      }
    } else {
      values["value"] = text_of(row);
    }
    out.emplace_back(name, std::move(values));
  }
  return out;
}

std::string text_in(const json& value, const char* key, const Row& row) {
  auto text = string_at(value, key);
  for (const auto& [name, one] : row) {
    text = replace_all(std::move(text), "${" + name + "}", one);
  }
  return text;
}

namespace {

// The empty text is no number.
template <class Number>
std::optional<Number> whole_number(const std::string& text) {
  Number out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                  : std::nullopt;
}

}  // namespace

std::optional<int> number_in(const json& value, const char* key, const Row& row) {
  return whole_number<int>(text_in(value, key, row));
}

std::optional<std::uint64_t> seed_in(const json& mutate, const Row& row) {
  return whole_number<std::uint64_t>(text_in(mutate, "seed", row));
}

}  // namespace parley::model
