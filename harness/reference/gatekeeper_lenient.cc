// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper_lenient.h"

#include <algorithm>
#include <utility>

#include "harness/base/text.h"

namespace parley::reference {
namespace {

constexpr std::size_t kMaxHeld = 1024 * 1024;
constexpr std::string_view kSpace = " \t\r\n";

struct RawAttribute {
  std::string name;
  std::string quoted;  // with its quotes
};
struct RawTag {
  std::string name;
  std::vector<RawAttribute> attributes;
  std::string end;  // ">" or "/>"
};

std::size_t skip_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kSpace, at), text.size());
}

// `token` is "<name …>" or "<name …/>"; what cannot be read as an attribute ends the list.
RawTag read_tag(std::string_view token) {
  RawTag out{.name = {}, .attributes = {}, .end = token.ends_with("/>") ? "/>" : ">"};
  token = token.substr(1, token.size() - 1 - out.end.size());
  std::size_t at = std::min(token.find_first_of(kSpace), token.size());
  out.name = token.substr(0, at);
  while ((at = skip_space(token, at)) < token.size()) {
    const std::size_t equals = token.find('=', at);
    if (equals == std::string_view::npos) {
      break;
    }
    const auto name = token.substr(at, equals - at);
    const std::size_t open = skip_space(token, equals + 1);
    if (open >= token.size()) {
      break;
    }
    const std::size_t close = token.find(token[open], open + 1);
    if (close == std::string_view::npos) {
      break;
    }
    out.attributes.push_back(
        {.name = std::string(name.substr(0, name.find_last_not_of(kSpace) + 1)),
         .quoted = std::string(token.substr(open, close + 1 - open))});
    at = close + 1;
  }
  return out;
}

std::string_view prefix_of(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

// "<c:body>" becomes "<c-body>"; the stream's own prefix stays.
Bytes prefix_into_name(std::string_view token) {
  Bytes out(token);
  const std::size_t begin = token.starts_with("</") ? 2 : 1;
  const auto name = token.substr(begin);
  const auto prefix = prefix_of(name.substr(0, name.find_first_of(" \t\r\n/>")));
  if (!prefix.empty() && prefix != "stream") {
    out[begin + prefix.size()] = '-';
  }
  return out;
}

bool is_forbidden(char32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
}

// Length of the reference at `at` with its semicolon; 0 when there is none.
std::size_t reference_length(std::string_view text, std::size_t at) {
  const std::size_t end = text.find_first_of(";<& '\"", at + 1);
  return end == std::string_view::npos || text[end] != ';' ? 0 : end + 1 - at;
}

bool is_forbidden_reference(std::string_view reference) {
  if (!reference.starts_with("&#")) {
    return false;
  }
  const bool hex = reference.size() > 2 && reference[2] == 'x';
  const std::string digits(reference.substr(hex ? 3 : 2));
  const unsigned long value = std::strtoul(digits.c_str(), nullptr, hex ? 16 : 10);
  return is_forbidden(static_cast<char32_t>(std::min(value, 0x110000UL))) || value > 0x10FFFF ||
         (value >= 0xD800 && value <= 0xDFFF);
}

bool is_defined(std::string_view reference) {
  static constexpr std::string_view kFive[] = {"&lt;", "&gt;", "&amp;", "&apos;", "&quot;"};
  return reference.starts_with("&#") || std::ranges::find(kFive, reference) != std::end(kFive);
}

std::size_t tag_length(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return 0;
}

std::size_t doctype_length(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    if (text[i] == '>' && depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

std::size_t length_up_to(std::string_view text, std::string_view end) {
  const auto at = text.find(end);
  return at == std::string_view::npos ? 0 : at + end.size();
}

// Whether more octets could still turn `text` into something that starts with `opening`.
bool may_become(std::string_view text, std::string_view opening) {
  return text.size() < opening.size() && opening.starts_with(text);
}

}  // namespace

bool Leniency::any() const {
  return comments || instructions || doctype || invalid_utf8 || duplicate_attributes ||
         unbound_prefixes || control_characters || undefined_entities || mismatched_tags ||
         text_between || cdata_dropped || prefixes_unknown || double_quotes_unread;
}

Bytes LenientFront::filter(std::string_view octets) {
  // Open elements are followed even while nothing is forgiven: a fault may come with the login.
  held_ += octets;
  Bytes out;
  while (!held_.empty()) {
    std::size_t length = token_length();
    if (length == 0) {
      if (held_.size() <= kMaxHeld) {
        break;
      }
      length = held_.size();
    }
    const Bytes token = held_.substr(0, length);
    held_.erase(0, length);
    if (token[0] == '<') {
      take_markup(token, out);
    } else {
      text(token, out);
    }
  }
  return out;
}

void LenientFront::restart() {
  held_.clear();
  open_.clear();
}

void LenientFront::assume_header() { open_ = {{.name = "stream:stream", .prefixes = {"stream"}}}; }

std::size_t LenientFront::token_length() const {
  if (held_[0] != '<') {
    const auto at = held_.find('<');
    return at != Bytes::npos ? at : open_.size() <= 1 ? held_.size() : 0;
  }
  if (may_become(held_, "<!--") || may_become(held_, "<![CDATA[")) {
    return 0;
  }
  if (held_.starts_with("<!--")) {
    return length_up_to(held_, "-->");
  }
  if (held_.starts_with("<![CDATA[")) {
    return length_up_to(held_, "]]>");
  }
  if (held_.starts_with("<?")) {
    return length_up_to(held_, "?>");
  }
  return held_.starts_with("<!") ? doctype_length(held_) : tag_length(held_);
}

void LenientFront::take_markup(std::string_view token, Bytes& out) {
  const bool declaration = token.starts_with("<?xml") && open_.empty();
  const bool dropped = token.starts_with("<!--")        ? leniency_.comments
                       : token.starts_with("<![CDATA[") ? leniency_.cdata_dropped
                       : token.starts_with("<?")        ? leniency_.instructions && !declaration
                       : token.starts_with("<!")        ? leniency_.doctype
                                                        : false;
  if (dropped) {
    return;
  }
  if (token.starts_with("<!") || token.starts_with("<?")) {
    out += leniency_.any() ? mend(token) : Bytes(token);
    return;
  }
  const Bytes tag = leniency_.prefixes_unknown ? prefix_into_name(token) : Bytes(token);
  token.starts_with("</") ? end_tag(tag, out) : start_tag(tag, out);
}

bool LenientFront::bound(std::string_view prefix) const {
  return prefix.empty() || prefix == "xml" || prefix == "xmlns" ||
         std::ranges::any_of(open_,
                             [&](const Open& open) { return open.prefixes.contains(prefix); });
}

void LenientFront::start_tag(std::string_view token, Bytes& out) {
  RawTag tag = read_tag(token);
  open_.push_back({.name = tag.name, .prefixes = {}});
  for (const RawAttribute& attribute : tag.attributes) {
    if (attribute.name.starts_with("xmlns:")) {
      open_.back().prefixes.insert(attribute.name.substr(6));
    }
  }
  if (!leniency_.duplicate_attributes && !leniency_.unbound_prefixes &&
      !leniency_.double_quotes_unread) {
    out += leniency_.any() ? mend(token) : Bytes(token);
  } else {
    Bytes mended = "<" + tag.name;
    std::set<std::string> seen;
    const auto bind = [&](std::string_view prefix) {
      if (leniency_.unbound_prefixes && !bound(prefix)) {
        open_.back().prefixes.insert(std::string(prefix));
        mended += " xmlns:" + std::string(prefix) + "='urn:parley:unbound'";
      }
    };
    bind(prefix_of(tag.name));
    for (const RawAttribute& attribute : tag.attributes) {
      if (leniency_.double_quotes_unread && attribute.quoted.starts_with('"')) {
        break;
      }
      bind(prefix_of(attribute.name));
      if (seen.insert(attribute.name).second || !leniency_.duplicate_attributes) {
        mended += " " + attribute.name + "=" + attribute.quoted;
      }
    }
    out += mend(mended + tag.end);
  }
  if (tag.end == "/>") {
    open_.pop_back();
  }
}

void LenientFront::end_tag(std::string_view token, Bytes& out) {
  const std::string_view inside = token.substr(2, token.size() - 3);
  const std::string name(inside.substr(0, inside.find_last_not_of(kSpace) + 1));
  const auto named = std::ranges::find(open_, name, &Open::name);
  if (!leniency_.mismatched_tags || open_.empty() || open_.back().name == name) {
    out += token;
    if (!open_.empty()) {
      open_.pop_back();
    }
    return;
  }
  // An outer element's end ends what is inside; any other name ends the innermost element. Neither
  // reaches the stream itself.
  const std::size_t outer =
      named == open_.end() ? open_.size() - 1 : static_cast<std::size_t>(named - open_.begin());
  while (open_.size() > std::max<std::size_t>(outer, 1)) {
    out += "</" + open_.back().name + ">";
    open_.pop_back();
  }
}

void LenientFront::text(std::string_view run, Bytes& out) {
  const bool blank = run.find_first_not_of(kSpace) == std::string_view::npos;
  if (leniency_.text_between && open_.size() == 1 && !blank) {
    return;
  }
  out += leniency_.any() ? mend(run) : Bytes(run);
}

Bytes LenientFront::mend(std::string_view octets) const {
  Bytes out;
  for (std::size_t at = 0; at < octets.size();) {
    char32_t c = 0;
    const std::size_t length = utf8_sequence(octets, at, c);
    if (length == 0) {
      out += leniency_.invalid_utf8 ? std::string_view("\xEF\xBF\xBD") : octets.substr(at, 1);
      ++at;
      continue;
    }
    std::size_t taken = length;
    if (c == '&') {
      const std::size_t whole = reference_length(octets, at);
      const auto reference = octets.substr(at, whole);
      if (leniency_.control_characters && is_forbidden_reference(reference)) {
        at += whole;
        continue;
      }
      const bool forgiven = leniency_.undefined_entities || leniency_.doctype;
      if (forgiven && (whole == 0 || !is_defined(reference))) {
        out += "&amp;";
        ++at;
        continue;
      }
    } else if (leniency_.control_characters && is_forbidden(c)) {
      at += taken;
      continue;
    }
    out += octets.substr(at, taken);
    at += taken;
  }
  return out;
}

std::string missing_end_tags(std::string_view partial) {
  std::vector<std::string> open;
  for (std::size_t at = partial.find('<'); at != std::string_view::npos;
       at = partial.find('<', at + 1)) {
    const std::size_t length = tag_length(partial.substr(at));
    if (length == 0) {
      break;
    }
    const auto token = partial.substr(at, length);
    if (token.starts_with("</")) {
      if (!open.empty()) {
        open.pop_back();
      }
    } else if (!token.ends_with("/>") && !token.starts_with("<!") && !token.starts_with("<?")) {
      open.push_back(read_tag(token).name);
    }
  }
  std::string out;
  for (; !open.empty(); open.pop_back()) {
    out += "</" + open.back() + ">";
  }
  return out;
}

}  // namespace parley::reference
