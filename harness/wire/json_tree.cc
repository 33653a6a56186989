// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/json_tree.h"

#include <fmt/format.h>

#include <utility>

#include "harness/crypto/jose/json.h"

namespace parley::wire {
namespace {

namespace jose = crypto::jose;
using xml::Element;

Element value_of(std::string name, std::string_view type, std::string text) {
  Element out{.ns = {}, .name = std::move(name), .attributes = {}, .children = {}};
  if (!type.empty()) {
    out.set(kJsonType, std::string(type));
  }
  if (!text.empty()) {
    out.children.emplace_back(std::move(text));
  }
  return out;
}

// As deep as the value, which its reader bounds.
Element tree_of(const jose::Json& json, std::string name) {
  if (const auto* text = json.text()) {
    return value_of(std::move(name), "", *text);
  }
  if (const auto* number = json.number()) {
    return value_of(std::move(name), "number", number->text);
  }
  if (const auto* truth = std::get_if<bool>(&json.value)) {
    return value_of(std::move(name), "boolean", *truth ? "true" : "false");
  }
  const auto* array = json.array();
  const auto* object = json.object();
  Element out = value_of(std::move(name),
                         array != nullptr    ? "array"
                         : object != nullptr ? "object"
                                             : "null",
                         array == nullptr && object == nullptr ? "null" : "");
  if (array != nullptr) {
    for (const auto& item : *array) {
      out.children.emplace_back(tree_of(item, "item"));
    }
  } else if (object != nullptr) {
    for (const auto& member : *object) {
      out.children.emplace_back(tree_of(member.value, member.name));
    }
  }
  return out;
}

// Marks an open value in what the parser is given; no JSON text of a profile has such a member.
constexpr std::string_view kOpenMember = "\\u0001open";
constexpr std::string_view kOpenName = "\x01open";

std::string quote_open_values(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto end = c == '$' && text.substr(at, 2) == "${" ? text.find('}', at) : text.npos;
    if (end != text.npos) {
      const auto whole = std::string(text.substr(at, end + 1 - at));
      out += in_string ? whole : fmt::format("{{\"{}\":\"{}\"}}", kOpenMember, whole);
      at = end;
      continue;
    }
    if (c == '\\' && in_string && at + 1 < text.size()) {
      out += text.substr(at++, 2);
      continue;
    }
    in_string = in_string != (c == '"');
    out += c;
  }
  return out;
}

void name_open_values(Element& value) {
  const auto* open = value.child(kOpenName);
  if (open != nullptr) {
    value = value_of(value.name, kJsonOpen, open->text());
    return;
  }
  for (auto& node : value.children) {
    if (auto* inner = std::get_if<Element>(&node)) {
      name_open_values(*inner);
    }
  }
}

std::string quoted(std::string text) { return jose::write_json(jose::json_of(std::move(text))); }

// As deep as the tree, which its reader bounds.
void write(std::string& out, const Element& value) {
  const auto children = value.elements();
  const auto* type = value.find(kJsonType);
  const bool array = type != nullptr && *type == "array";
  if (array || (type != nullptr && *type == "object") || (type == nullptr && !children.empty())) {
    out += array ? '[' : '{';
    bool first = true;
    for (const auto* child : children) {
      out += std::exchange(first, false) ? "" : ",";
      if (!array) {
        out += quoted(child->name) + ':';
      }
      write(out, *child);
    }
    out += array ? ']' : '}';
  } else if (type == nullptr || *type == "string") {
    out += quoted(value.text());
  } else {
    out += value.text();
  }
}

}  // namespace

Result<Element> read_json(std::string_view text, std::string_view name) {
  const auto json = jose::read_json(
      text, {.max_octets = kMaxJsonOctets, .max_depth = kMaxJsonDepth}, jose::Repeats::kept);
  if (json) {
    return tree_of(*json, std::string(name));
  }
  const auto fault = json.error().fault;
  const bool large = fault == jose::JsonFault::too_large || fault == jose::JsonFault::too_deep;
  return std::unexpected(Error{.code = large ? Errc::too_large : Errc::malformed,
                               .detail = fmt::format("JSON: {}", jose::to_string(fault)),
                               .offset = json.error().offset});
}

Result<Element> read_json_pattern(std::string_view text, std::string_view name) {
  auto out = read_json(quote_open_values(text), name);
  if (out) {
    name_open_values(*out);
  }
  return out;
}

std::string write_json(const Element& value) {
  std::string out;
  write(out, value);
  return out;
}

}  // namespace parley::wire
