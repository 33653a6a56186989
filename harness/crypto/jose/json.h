// SPDX-License-Identifier: GPL-3.0-or-later
// JSON as JOSE headers, claims and key sets have it: members keep their order and their repeats, so
// that the reader can refuse what others pass over and a forger can write it. Source: RFC 8259; RFC
// 7515 section 4 and RFC 7519 section 4 (names are unique); RFC 8725 section 3.7 (UTF-8).
// The lexer is nlohmann/json; what it lets through (BOM, NUL, repeats, depth) is refused here.
// Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::crypto::jose {

struct Member;

struct Number {
  std::string text;  // as it was read, as it is written: "1e3" stays so, and "NaN" can be written
  double value = 0;

  friend bool operator==(const Number&, const Number&) = default;
};

struct Json {
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;

  std::variant<std::monostate, bool, Number, std::string, Array, Object> value;

  // The first member of that name; null for another name or for what is no object.
  const Json* find(std::string_view name) const;
  // Null unless it is of that kind.
  const std::string* text() const { return std::get_if<std::string>(&value); }
  const Number* number() const { return std::get_if<Number>(&value); }
  const Array* array() const { return std::get_if<Array>(&value); }
  const Object* object() const { return std::get_if<Object>(&value); }

  friend bool operator==(const Json& a, const Json& b);
};

struct Member {
  std::string name;
  Json value;

  friend bool operator==(const Member&, const Member&) = default;
};

Json json_of(std::string text);
Json json_of(std::int64_t number);
// A number written as `text`, whatever that is.
Json number_written(std::string text);
// Replaces the first member of that name, or appends one. `object` must be an object.
void set_member(Json& object, std::string_view name, Json value);
// Removes each member of that name. `object` must be an object.
void remove_member(Json& object, std::string_view name);

struct JsonLimits {
  std::size_t max_octets = std::size_t{1} << 20U;
  std::size_t max_depth = 16;
  std::size_t max_values = 10'000;
};

enum class JsonFault {
  too_large,  // octets or values
  byte_order_mark,
  not_utf8,
  syntax,  // NaN, comments, trailing commas, octets after the end included
  number,  // no finite double: 1e400
  too_deep,
  duplicate,  // two members of one object with one name; `member` is that name
};

struct JsonError {
  JsonFault fault;
  std::string member{};                 // of duplicate
  std::optional<std::size_t> offset{};  // of byte_order_mark, not_utf8, syntax and number

  friend bool operator==(const JsonError&, const JsonError&) = default;
};

std::string_view to_string(JsonFault fault);

enum class Repeats { refused, kept };

// `text` may be any octets; it is bounded before it is read.
std::expected<Json, JsonError> read_json(std::string_view text, const JsonLimits& limits = {},
                                         Repeats repeats = Repeats::refused);
// Without white space, members in their order, letters beyond ASCII as they are.
std::string write_json(const Json& json);

}  // namespace parley::crypto::jose
