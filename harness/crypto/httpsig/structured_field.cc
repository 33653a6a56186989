// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/httpsig/structured_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace parley::crypto::httpsig {
namespace {

constexpr std::size_t kMostIntegerDigits = 15;  // RFC 9651 section 3.3.1
constexpr std::size_t kMostDecimalDigits = 12;  // before the point; section 3.3.2

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~:/";
  return is_alpha(c) || is_digit(c) || kOthers.find(c) != std::string_view::npos;
}

class Reader {
 public:
  Reader(std::string_view text, const FieldLimits& limits) : text_(text), limits_(limits) {}

  Result<FieldDictionary> dictionary();

 private:
  bool more() const { return at_ < text_.size(); }
  char here() const { return more() ? text_[at_] : '\0'; }
  bool take(char c) {
    const bool there = more() && here() == c;
    at_ += there ? 1 : 0;
    return there;
  }
  void skip(std::string_view any_of) {
    while (more() && any_of.find(here()) != std::string_view::npos) {
      ++at_;
    }
  }
  std::unexpected<Error> wrong(std::string detail) const {
    return fail(Errc::malformed, std::move(detail), at_);
  }
  Result<std::string> key();
  Result<FieldMember> member();
  Result<InnerList> inner_list();
  Result<FieldItem> item();
  Result<FieldParameters> parameters();
  Result<BareItem> bare_item();
  Result<BareItem> number();
  Result<BareItem> string();
  Result<BareItem> octets();

  std::string_view text_;
  FieldLimits limits_;
  std::size_t at_ = 0;
};

Result<std::string> Reader::key() {
  if (!is_lower(here()) && here() != '*') {
    return wrong("a name was to begin");
  }
  const auto begin = at_;
  while (more() && is_key_char(here())) {
    ++at_;
  }
  return std::string(text_.substr(begin, at_ - begin));
}

Result<FieldDictionary> Reader::dictionary() {
  FieldDictionary out;
  skip(" ");
  while (more()) {
    auto next = member();
    if (!next) {
      return std::unexpected(next.error());
    }
    if (find_member(out, next->name) != nullptr) {
      return wrong("a name stands twice");
    }
    if (out.size() == limits_.max_members) {
      return fail(Errc::too_large, "too many members", at_);
    }
    out.push_back(std::move(*next));
    skip(" \t");
    if (!more()) {
      return out;
    }
    if (!take(',')) {
      return wrong("a comma was to come");
    }
    skip(" \t");
    if (!more()) {
      return wrong("nothing stands behind a comma");
    }
  }
  return out;
}

Result<FieldMember> Reader::member() {
  auto name = key();
  if (!name) {
    return std::unexpected(name.error());
  }
  FieldMember out{.name = std::move(*name), .value = FieldItem{.value = true}};
  if (!take('=')) {
    auto of_true = parameters();
    if (!of_true) {
      return std::unexpected(of_true.error());
    }
    std::get<FieldItem>(out.value).parameters = std::move(*of_true);
    return out;
  }
  if (here() == '(') {
    auto list = inner_list();
    if (!list) {
      return std::unexpected(list.error());
    }
    out.value = std::move(*list);
    return out;
  }
  auto single = item();
  if (!single) {
    return std::unexpected(single.error());
  }
  out.value = std::move(*single);
  return out;
}

Result<InnerList> Reader::inner_list() {
  InnerList out;
  ++at_;  // the bracket
  for (;;) {
    skip(" ");
    if (take(')')) {
      break;
    }
    if (out.items.size() == limits_.max_items) {
      return fail(Errc::too_large, "too many items", at_);
    }
    auto next = item();
    if (!next) {
      return std::unexpected(next.error());
    }
    out.items.push_back(std::move(*next));
    if (here() != ' ' && here() != ')') {
      return wrong("a blank or a bracket was to come");
    }
  }
  auto of_list = parameters();
  if (!of_list) {
    return std::unexpected(of_list.error());
  }
  out.parameters = std::move(*of_list);
  return out;
}

Result<FieldItem> Reader::item() {
  auto value = bare_item();
  if (!value) {
    return std::unexpected(value.error());
  }
  auto of_item = parameters();
  if (!of_item) {
    return std::unexpected(of_item.error());
  }
  return FieldItem{.value = std::move(*value), .parameters = std::move(*of_item)};
}

Result<FieldParameters> Reader::parameters() {
  FieldParameters out;
  while (take(';')) {
    skip(" ");
    auto name = key();
    if (!name) {
      return std::unexpected(name.error());
    }
    if (find_parameter(out, *name) != nullptr) {
      return wrong("a parameter stands twice");
    }
    if (out.size() == limits_.max_items) {
      return fail(Errc::too_large, "too many parameters", at_);
    }
    FieldParameter next{.name = std::move(*name), .value = true};
    if (take('=')) {
      auto value = bare_item();
      if (!value) {
        return std::unexpected(value.error());
      }
      next.value = std::move(*value);
    }
    out.push_back(std::move(next));
  }
  return out;
}

Result<BareItem> Reader::bare_item() {
  const char first = here();
  if (first == '"') {
    return string();
  }
  if (first == ':') {
    return octets();
  }
  if (first == '-' || is_digit(first)) {
    return number();
  }
  if (take('?')) {
    if (here() != '0' && here() != '1') {
      return wrong("a boolean is ?0 or ?1");
    }
    return BareItem(text_[at_++] == '1');
  }
  if (is_alpha(first) || first == '*') {
    const auto begin = at_;
    while (more() && is_token_char(here())) {
      ++at_;
    }
    return BareItem(FieldToken{std::string(text_.substr(begin, at_ - begin))});
  }
  return wrong("a value was to begin");
}

Result<BareItem> Reader::number() {
  const bool negative = take('-');
  const auto begin = at_;
  std::int64_t value = 0;
  for (; is_digit(here()); ++at_) {
    if (at_ - begin == kMostIntegerDigits) {
      return wrong("a number is too long");
    }
    value = value * 10 + (here() - '0');
  }
  const auto digits = at_ - begin;
  if (digits == 0) {
    return wrong("a number has no digits");
  }
  if (!take('.')) {
    return BareItem(negative ? -value : value);
  }
  const auto point = at_;
  for (; is_digit(here()) && at_ - point < 4; ++at_) {
    value = value * 10 + (here() - '0');
  }
  const auto places = at_ - point;
  if (digits > kMostDecimalDigits || places == 0 || places > 3) {
    return wrong("a decimal has too many digits or none");
  }
  for (auto i = places; i < 3; ++i) {
    value *= 10;
  }
  return BareItem(FieldDecimal{negative ? -value : value});
}

Result<BareItem> Reader::string() {
  std::string out;
  for (++at_; more(); ++at_) {
    char c = here();
    if (c == '"') {
      ++at_;
      return BareItem(std::move(out));
    }
    if (c == '\\') {
      ++at_;
      c = here();
      if (c != '"' && c != '\\') {
        return wrong("nothing but a quotation mark or a backslash is escaped");
      }
    }
    if (c < ' ' || c > '~') {
      return wrong("a string has a character that it may not have");
    }
    out += c;
  }
  return wrong("a string does not end");
}

Result<BareItem> Reader::octets() {
  const auto end = text_.find(':', at_ + 1);
  if (end == std::string_view::npos) {
    return wrong("octets do not end");
  }
  auto decoded = from_base64(text_.substr(at_ + 1, end - at_ - 1));
  if (!decoded) {
    return wrong("octets are no base64");
  }
  at_ = end + 1;
  return BareItem(FieldOctets{std::move(*decoded)});
}

std::string string_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

std::string written(const FieldDecimal& decimal) {
  const bool negative = decimal.thousandths < 0;
  const auto size = negative ? -decimal.thousandths : decimal.thousandths;
  auto places = fmt::format("{:03}", size % 1000);
  while (places.size() > 1 && places.back() == '0') {
    places.pop_back();
  }
  return fmt::format("{}{}.{}", negative ? "-" : "", size / 1000, places);
}

struct Writer {
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(const FieldDecimal& value) const { return written(value); }
  std::string operator()(const std::string& value) const { return string_text(value); }
  std::string operator()(const FieldToken& value) const { return value.text; }
  std::string operator()(const FieldOctets& value) const {
    return ":" + to_base64(value.octets) + ":";
  }
  std::string operator()(bool value) const { return value ? "?1" : "?0"; }
};

std::string write(const FieldParameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    out += ";" + name;
    if (value != BareItem(true)) {
      out += "=" + std::visit(Writer{}, value);
    }
  }
  return out;
}

std::string write(const FieldMember& member) {
  if (const auto* list = std::get_if<InnerList>(&member.value)) {
    return member.name + "=" + write(*list);
  }
  const auto& item = std::get<FieldItem>(member.value);
  return item.value == BareItem(true) ? member.name + write(item.parameters)
                                      : member.name + "=" + write(item);
}

}  // namespace

Result<FieldDictionary> read_dictionary(std::string_view text, const FieldLimits& limits) {
  if (text.size() > limits.max_octets) {
    return fail(Errc::too_large, "the field is too long", limits.max_octets);
  }
  while (text.ends_with(' ')) {
    text.remove_suffix(1);
  }
  return Reader(text, limits).dictionary();
}

const FieldMember* find_member(const FieldDictionary& dictionary, std::string_view name) {
  const auto at = std::ranges::find(dictionary, name, &FieldMember::name);
  return at == dictionary.end() ? nullptr : &*at;
}

const BareItem* find_parameter(const FieldParameters& parameters, std::string_view name) {
  const auto at = std::ranges::find(parameters, name, &FieldParameter::name);
  return at == parameters.end() ? nullptr : &at->value;
}

std::string write(const FieldItem& item) {
  return std::visit(Writer{}, item.value) + write(item.parameters);
}

std::string write(const InnerList& list) {
  std::string out = "(";
  for (const auto& item : list.items) {
    out += (out.size() > 1 ? " " : "") + write(item);
  }
  return out + ")" + write(list.parameters);
}

std::string write(const FieldDictionary& dictionary) {
  std::string out;
  for (const auto& member : dictionary) {
    out += (out.empty() ? "" : ", ") + write(member);
  }
  return out;
}

bool is_field_string(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace parley::crypto::httpsig
