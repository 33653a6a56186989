// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "harness/base/text.h"

namespace parley::crypto::jose {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int kOutOfRange = 406;  // nlohmann's id for a number that no finite double holds

// Builds the tree from nlohmann's events; stops by returning false.
class Builder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  Builder(const JsonLimits& limits, Repeats repeats) : limits_(limits), repeats_(repeats) {}

  bool null() { return add({}); }
  bool boolean(bool value) { return add({value}); }
  bool number_integer(number_integer_t value) {
    return add({Number{std::to_string(value), static_cast<double>(value)}});
  }
  bool number_unsigned(number_unsigned_t value) {
    return add({Number{std::to_string(value), static_cast<double>(value)}});
  }
  bool number_float(number_float_t value, const string_t& text) {
    return add({Number{text, value}});
  }
  bool string(string_t& value) { return add({std::move(value)}); }
  bool binary(binary_t& /*value*/) { return stop({.fault = JsonFault::syntax, .member = {}}); }
  bool start_object(std::size_t /*unused*/) { return open({Json::Object()}); }
  bool start_array(std::size_t /*unused*/) { return open({Json::Array()}); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(string_t& name) {
    Level& level = levels_.back();
    if (repeats_ == Repeats::refused && !level.names.insert(name).second) {
      return stop({.fault = JsonFault::duplicate, .member = name});
    }
    level.name = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    // The position counts from 1 and is that of the last octet read.
    return stop({.fault = error.id == kOutOfRange ? JsonFault::number : JsonFault::syntax,
                 .member = {},
                 .offset = position == 0 ? 0 : position - 1});
  }

  std::expected<Json, JsonError> finish() && {
    if (error_) {
      return std::unexpected(std::move(*error_));
    }
    return std::move(root_);
  }

 private:
  struct Level {
    Json value;
    std::set<std::string> names;
    std::string name;  // of the member that comes
  };

  bool stop(JsonError error) {
    error_ = std::move(error);
    return false;
  }
  bool place(Json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (auto* array = std::get_if<Json::Array>(&levels_.back().value.value)) {
      array->push_back(std::move(value));
    } else {
      std::get<Json::Object>(levels_.back().value.value)
          .push_back({std::move(levels_.back().name), std::move(value)});
    }
    return true;
  }
  bool add(Json value) {
    if (++values_ > limits_.max_values) {
      return stop({.fault = JsonFault::too_large, .member = {}});
    }
    return place(std::move(value));
  }
  bool open(Json value) {
    if (++values_ > limits_.max_values) {
      return stop({.fault = JsonFault::too_large, .member = {}});
    }
    if (levels_.size() >= limits_.max_depth) {
      return stop({.fault = JsonFault::too_deep, .member = {}});
    }
    levels_.push_back({.value = std::move(value), .names = {}, .name = {}});
    return true;
  }
  bool close() {
    Json value = std::move(levels_.back().value);
    levels_.pop_back();
    return place(std::move(value));
  }

  JsonLimits limits_;
  Repeats repeats_;
  std::vector<Level> levels_;
  std::size_t values_ = 0;
  Json root_;
  std::optional<JsonError> error_;
};

std::optional<std::size_t> first_not_utf8(std::string_view text) {
  char32_t code_point = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_sequence(text, at, code_point);
    if (length == 0) {
      return at;
    }
    at += length;
  }
  return std::nullopt;
}

bool needs_escape(char octet) {
  return octet == '"' || octet == '\\' || static_cast<std::uint8_t>(octet) < 0x20;
}

void write_text(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const auto* const stop = std::ranges::find_if(text, needs_escape);
    const auto plain = static_cast<std::size_t>(stop - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const char octet = text.front();
    text.remove_prefix(1);
    if (octet == '"' || octet == '\\') {
      out += '\\';
      out += octet;
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(octet));
    }
  }
  out += '"';
}

void write_value(const Json& json, std::string& out);

void write_object(const Json::Object& object, std::string& out) {
  out += '{';
  for (std::size_t i = 0; i < object.size(); ++i) {
    out += i == 0 ? "" : ",";
    write_text(object[i].name, out);
    out += ':';
    write_value(object[i].value, out);
  }
  out += '}';
}

void write_value(const Json& json, std::string& out) {
  if (const auto* text = json.text()) {
    write_text(*text, out);
  } else if (const auto* number = json.number()) {
    out += number->text;
  } else if (const auto* object = json.object()) {
    write_object(*object, out);
  } else if (const auto* truth = std::get_if<bool>(&json.value)) {
    out += *truth ? "true" : "false";
  } else if (const auto* array = json.array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      out += i == 0 ? "" : ",";
      write_value((*array)[i], out);
    }
    out += ']';
  } else {
    out += "null";
  }
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  if (const auto* members = object()) {
    const auto at = std::ranges::find(*members, name, &Member::name);
    return at == members->end() ? nullptr : &at->value;
  }
  return nullptr;
}

bool operator==(const Json& a, const Json& b) { return a.value == b.value; }

Json json_of(std::string text) { return {std::move(text)}; }

Json json_of(std::int64_t number) {
  return {Number{std::to_string(number), static_cast<double>(number)}};
}

Json number_written(std::string text) { return {Number{std::move(text), 0}}; }

void set_member(Json& object, std::string_view name, Json value) {
  auto& members = std::get<Json::Object>(object.value);
  if (const auto at = std::ranges::find(members, name, &Member::name); at != members.end()) {
    at->value = std::move(value);
  } else {
    members.push_back({std::string(name), std::move(value)});
  }
}

void remove_member(Json& object, std::string_view name) {
  std::erase_if(std::get<Json::Object>(object.value),
                [&](const Member& member) { return member.name == name; });
}

std::string_view to_string(JsonFault fault) {
  switch (fault) {
    case JsonFault::too_large:
      return "the JSON text is too large";
    case JsonFault::byte_order_mark:
      return "the JSON text begins with a byte order mark";
    case JsonFault::not_utf8:
      return "the JSON text is not UTF-8";
    case JsonFault::syntax:
      return "the text is not JSON";
    case JsonFault::number:
      return "a number is beyond what a double holds";
    case JsonFault::too_deep:
      return "the JSON text is nested too deep";
    case JsonFault::duplicate:
      return "two members of one object have one name";
  }
  return "unknown";
}

std::expected<Json, JsonError> read_json(std::string_view text, const JsonLimits& limits,
                                         Repeats repeats) {
  if (text.size() > limits.max_octets) {
    return std::unexpected(JsonError{.fault = JsonFault::too_large, .member = {}});
  }
  if (text.starts_with(kByteOrderMark)) {
    return std::unexpected(
        JsonError{.fault = JsonFault::byte_order_mark, .member = {}, .offset = 0});
  }
  if (const auto at = first_not_utf8(text)) {
    return std::unexpected(JsonError{.fault = JsonFault::not_utf8, .member = {}, .offset = at});
  }
  // nlohmann takes NUL for the end of the input.
  if (const auto at = text.find('\0'); at != std::string_view::npos) {
    return std::unexpected(JsonError{.fault = JsonFault::syntax, .member = {}, .offset = at});
  }
  Builder builder(limits, repeats);
  nlohmann::json::sax_parse(text, &builder);
  return std::move(builder).finish();
}

std::string write_json(const Json& json) {
  std::string out;
  write_value(json, out);
  return out;
}

}  // namespace parley::crypto::jose
