// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/json_values.h"

#include <algorithm>

#include "fuzz/mutators/octets.h"

namespace parley::mutators::json {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kWhiteSpace = " \t\r\n";

std::size_t behind_white_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kWhiteSpace, at), text.size());
}

// Behind the closing quote of the text that opens at `at`.
std::size_t end_of_text(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') {
      return at + 1;
    }
    at += text[at] == '\\' ? 1 : 0;
  }
  return text.size();
}

std::size_t end_of_nested(std::string_view text, std::size_t at) {
  std::size_t open = 0;
  while (at < text.size()) {
    const char octet = text[at];
    at = octet == '"' ? end_of_text(text, at) : at + 1;
    if (octet == '{' || octet == '[') {
      ++open;
    } else if ((octet == '}' || octet == ']') && --open == 0) {
      return at;
    }
  }
  return text.size();
}

// Where the value of the member `span` begins.
std::size_t value_of(std::string_view text, Span span) {
  return behind_white_space(text, text.find(':', end_of_text(text, span.from)) + 1);
}

std::string another_value(std::string_view text, std::string_view old, Random& random) {
  constexpr std::string_view kValues[] = {
      "null"sv, "true"sv,   "[]"sv,   "{}"sv,  "\"\""sv,        "0"sv,
      "-1"sv,   "[null]"sv, "[[]]"sv, "1e3"sv, "-2147483649"sv, "9223372036854775808"sv};
  switch (random.below(6)) {
    case 0:
      return "[" + std::string(old) + "]";
    case 3:
      return old.starts_with('[') ? "[]" : old.starts_with('{') ? "{}" : "\"\"";
    case 1:
      return "[" + std::string(old) + "," + std::string(random.pick(kValues)) + "]";
    case 2: {
      const auto other = some_member(text, random);
      if (other) {
        const auto value = value_at(text, value_of(text, *other));
        return std::string(text.substr(value.from, value.to - value.from));
      }
      [[fallthrough]];
    }
    default:
      return std::string(random.pick(kValues));
  }
}

}  // namespace

Span value_at(std::string_view text, std::size_t at) {
  at = behind_white_space(text, at);
  if (at == text.size()) {
    return {.from = at, .to = at};
  }
  if (text[at] == '"') {
    return {.from = at, .to = end_of_text(text, at)};
  }
  if (text[at] == '{' || text[at] == '[') {
    return {.from = at, .to = end_of_nested(text, at)};
  }
  return {.from = at, .to = std::min(text.find_first_of(",]}: \t\r\n", at), text.size())};
}

std::optional<Span> some_member(std::string_view text, Random& random) {
  // A quote may be one that closes: then what follows is no colon, and the next one is tried.
  auto at = text.find('"', place_in(text, random));
  while (at != std::string_view::npos) {
    const auto behind = behind_white_space(text, end_of_text(text, at));
    if (behind < text.size() && text[behind] == ':') {
      return Span{.from = at, .to = value_at(text, behind + 1).to};
    }
    at = text.find('"', at + 1);
  }
  return std::nullopt;
}

void replace_member_value(std::string& text, Random& random) {
  if (const auto member = some_member(text, random)) {
    const auto value = value_at(text, value_of(text, *member));
    const auto old = text.substr(value.from, value.to - value.from);
    text.replace(value.from, old.size(), another_value(text, old, random));
  }
}

void repeat_member(std::string& text, Random& random) {
  const auto member = some_member(text, random);
  const auto before = random.one_in(2) ? member : some_member(text, random);
  if (!member || !before) {
    return;
  }
  auto copy = text.substr(member->from, member->to - member->from);
  if (random.one_in(2)) {
    replace_member_value(copy, random);
  }
  text.insert(before->from, copy + ",");
}

void erase_member(std::string& text, Random& random) {
  auto member = some_member(text, random);
  if (!member) {
    return;
  }
  const auto behind = behind_white_space(text, member->to);
  if (behind < text.size() && text[behind] == ',') {
    member->to = behind + 1;
  } else if (const auto comma = text.find_last_not_of(kWhiteSpace, member->from - 1);
             member->from > 0 && comma != std::string::npos && text[comma] == ',') {
    member->from = comma;
  }
  text.erase(member->from, member->to - member->from);
}

void lengthen_text(std::string& text, Random& random) {
  constexpr std::string_view kEnds[] = {"\\u0000"sv, "\\u0000x"sv, "\\\\"sv,   "\\\""sv,
                                        " "sv,       "\\u001f"sv,  "\\n"sv,    "/"sv,
                                        "x"sv,       "\xC3\xA9"sv, "\\u00e9"sv};
  const auto member = some_member(text, random);
  if (!member) {
    return;
  }
  const auto value = random.one_in(4)
                         ? Span{.from = member->from, .to = end_of_text(text, member->from)}
                         : value_at(text, value_of(text, *member));
  if (text[std::min(value.from, text.size() - 1)] == '"' && value.to > value.from + 1) {
    text.insert(value.to - 1, random.pick(kEnds));
  }
}

}  // namespace parley::mutators::json
