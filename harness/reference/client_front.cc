// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_front.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "harness/base/text.h"

namespace parley::reference {
namespace {

constexpr std::size_t kMaxHeld = 512 * 1024;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kSpace = " \t\r\n";

constexpr std::array kFronted = {Fault::tp_accepts_comment,
                                 Fault::tp_accepts_pi,
                                 Fault::tp_accepts_doctype,
                                 Fault::tp_accepts_invalid_utf8,
                                 Fault::tp_accepts_duplicate_attribute,
                                 Fault::tp_accepts_unbound_prefix,
                                 Fault::tp_accepts_control_characters,
                                 Fault::tp_accepts_undefined_entity,
                                 Fault::tp_accepts_mismatched_tags,
                                 Fault::tp_accepts_text_between_stanzas,
                                 Fault::tp_cdata_dropped,
                                 Fault::tp_prefix_unknown,
                                 Fault::tp_double_quotes_unread};

bool forbidden(char32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
}

// Whether the octets from `at` are the beginning of a sequence that more octets may complete.
bool may_continue(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (lead > 0xF4 || length == 1 || text.size() - at >= length) {
    return false;
  }
  return std::ranges::all_of(text.substr(at + 1), [](char c) { return (c & 0xC0) == 0x80; });
}

// Where a tag that begins at 0 ends, quotes respected; npos when it is not complete.
std::size_t end_of_tag(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      quote = c == quote ? 0 : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i;
    }
  }
  return std::string_view::npos;
}

struct RawAttribute {
  std::string_view name;
  std::string_view value;  // with its quotes
};

// The attributes of a start tag's inside, behind the name; what cannot be read ends the list.
std::vector<RawAttribute> raw_attributes(std::string_view text) {
  std::vector<RawAttribute> out;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
      return out;
    }
    std::string_view name = text.substr(0, equals);
    name = name.substr(0, name.find_first_of(kSpace));
    const auto open = text.find_first_not_of(kSpace, equals + 1);
    const bool quoted = open != std::string_view::npos && (text[open] == '"' || text[open] == '\'');
    const auto close = quoted ? text.find(text[open], open + 1) : std::string_view::npos;
    if (close == std::string_view::npos) {
      return out;
    }
    out.push_back({.name = name, .value = text.substr(open, close + 1 - open)});
    text.remove_prefix(close + 1);
  }
}

std::string_view prefix_of(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

// "<c:body>" becomes "<c-body>".
std::string prefix_into_name(std::string tag) {
  const std::size_t begin = tag[1] == '/' ? 2 : 1;
  const auto name = std::string_view(tag).substr(begin);
  const auto prefix = prefix_of(name.substr(0, name.find_first_of(" \t\r\n/>")));
  if (!prefix.empty() && prefix != "stream") {
    tag[begin + prefix.size()] = '-';
  }
  return tag;
}

std::optional<char32_t> character_reference(std::string_view name) {
  if (!name.starts_with('#')) {
    return std::nullopt;
  }
  const bool hex = name.starts_with("#x");
  char32_t value = 0;
  for (const char c : name.substr(hex ? 2 : 1)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : 99;
    if (digit >= (hex ? 16 : 10) || value > 0x10FFFF) {
      return std::nullopt;
    }
    value = value * (hex ? 16 : 10) + static_cast<char32_t>(digit);
  }
  return value;
}

bool predefined(std::string_view name) {
  return name == "amp" || name == "lt" || name == "gt" || name == "apos" || name == "quot";
}

}  // namespace

bool ClientFront::needed(const FaultSet& faults) {
  return std::ranges::any_of(kFronted, [&](Fault fault) { return faults.has(fault); });
}

void ClientFront::restart() {
  raw_.clear();
  held_.clear();
  open_.clear();
  entities_.clear();
}

Bytes ClientFront::rewrite(std::string_view octets) {
  mend_octets(octets);
  Bytes out;
  while (!held_.empty() && take_token(out)) {
  }
  if (held_.size() > kMaxHeld) {
    out += std::exchange(held_, {});
  }
  return out;
}

void ClientFront::mend_octets(std::string_view octets) {
  raw_ += octets;
  std::size_t at = 0;
  while (at < raw_.size()) {
    char32_t code_point = 0;
    const std::size_t length = utf8_sequence(raw_, at, code_point);
    if (length == 0) {
      if (may_continue(raw_, at)) {
        break;
      }
      if (faults_.has(Fault::tp_accepts_invalid_utf8)) {
        held_ += kReplacement;
      } else {
        held_ += raw_[at];
      }
      ++at;
      continue;
    }
    if (!forbidden(code_point) || !faults_.has(Fault::tp_accepts_control_characters)) {
      held_.append(raw_, at, length);
    }
    at += length;
  }
  raw_.erase(0, at);
}

bool ClientFront::take_token(Bytes& out) {
  if (held_[0] != '<') {
    return take_text(out);
  }
  if (held_.size() < 2) {
    return false;
  }
  return held_[1] == '!' || held_[1] == '?' ? take_special(out) : take_tag(out);
}

bool ClientFront::take_special(Bytes& out) {
  constexpr std::string_view kCdata = "<![CDATA[";
  constexpr std::string_view kDoctype = "<!DOCTYPE";
  if (held_.starts_with("<?")) {
    const bool declaration = open_.empty() && held_.starts_with("<?xml ");
    return skip_to("?>", declaration || !faults_.has(Fault::tp_accepts_pi), out);
  }
  if (held_.starts_with("<!--")) {
    return skip_to("-->", !faults_.has(Fault::tp_accepts_comment), out);
  }
  if (held_.starts_with(kCdata)) {
    return skip_to("]]>", !faults_.has(Fault::tp_cdata_dropped), out);
  }
  if (held_.starts_with(kDoctype) && faults_.has(Fault::tp_accepts_doctype)) {
    return take_doctype();
  }
  if (kCdata.starts_with(held_) || kDoctype.starts_with(held_) ||
      std::string_view("<!--").starts_with(held_)) {
    return false;
  }
  return skip_to(">", true, out);
}

bool ClientFront::skip_to(std::string_view end, bool keep, Bytes& out) {
  const auto found = held_.find(end, 2);
  if (found == Bytes::npos) {
    return false;
  }
  if (keep) {
    out.append(held_, 0, found + end.size());
  }
  held_.erase(0, found + end.size());
  return true;
}

bool ClientFront::take_doctype() {
  auto end = held_.find('>');
  const auto subset = held_.find('[');
  if (subset < end) {
    const auto close = held_.find(']', subset);
    end = close == Bytes::npos ? close : held_.find('>', close);
  }
  if (end == Bytes::npos) {
    return false;
  }
  std::string_view rest = std::string_view(held_).substr(0, end);
  constexpr std::string_view kEntity = "<!ENTITY ";
  for (auto at = rest.find(kEntity); at != std::string_view::npos; at = rest.find(kEntity)) {
    rest.remove_prefix(at + kEntity.size());
    const auto name = rest.substr(0, rest.find_first_of(kSpace));
    const auto open = rest.find_first_of("'\"");
    const auto close = open == std::string_view::npos ? open : rest.find(rest[open], open + 1);
    if (close == std::string_view::npos) {
      break;
    }
    entities_.emplace(name, rest.substr(open + 1, close - open - 1));
  }
  held_.erase(0, end + 1);
  return true;
}

bool ClientFront::take_tag(Bytes& out) {
  const auto end = end_of_tag(held_);
  if (end == std::string_view::npos) {
    return false;
  }
  std::string tag = held_.substr(0, end + 1);
  held_.erase(0, end + 1);
  if (faults_.has(Fault::tp_prefix_unknown)) {
    tag = prefix_into_name(std::move(tag));
  }
  if (tag[1] == '/') {
    end_tag(tag, out);
  } else {
    start_tag(tag, out);
  }
  return true;
}

bool ClientFront::take_text(Bytes& out) {
  auto end = held_.find('<');
  if (end == Bytes::npos) {
    // A reference must be seen whole.
    const auto ampersand = held_.rfind('&');
    const bool cut = ampersand != Bytes::npos && held_.find(';', ampersand) == Bytes::npos &&
                     held_.size() - ampersand < 64;
    end = cut ? ampersand : held_.size();
  }
  if (end == 0) {
    return false;
  }
  std::string text = mend_text(std::string_view(held_).substr(0, end));
  held_.erase(0, end);
  const bool between = open_.size() <= 1;
  if (between && faults_.has(Fault::tp_accepts_text_between_stanzas)) {
    std::erase_if(text, [](char c) { return kSpace.find(c) == std::string_view::npos; });
  }
  out += text;
  return true;
}

std::string ClientFront::mend_text(std::string_view text) const {
  std::string out;
  while (true) {
    const auto ampersand = text.find('&');
    out += text.substr(0, ampersand);
    if (ampersand == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(ampersand);
    const auto end = text.find(';');
    if (end == std::string_view::npos) {
      return out.append(text);
    }
    const auto name = text.substr(1, end - 1);
    const auto character = character_reference(name);
    const auto entity = entities_.find(name);
    if (character && forbidden(*character) && faults_.has(Fault::tp_accepts_control_characters)) {
      // dropped
    } else if (entity != entities_.end()) {
      out += entity->second;
    } else if (!character && !predefined(name) && faults_.has(Fault::tp_accepts_undefined_entity)) {
      out.append("&amp;").append(name).append(";");
    } else {
      out += text.substr(0, end + 1);
    }
    text.remove_prefix(end + 1);
  }
}

bool ClientFront::declared(std::string_view prefix) const {
  return prefix.empty() || prefix == "xml" || prefix == "xmlns" ||
         std::ranges::any_of(open_, [&](const Open& open) {
           return std::ranges::find(open.prefixes, prefix) != open.prefixes.end();
         });
}

bool ClientFront::mends_tags() const {
  return faults_.has(Fault::tp_accepts_duplicate_attribute) ||
         faults_.has(Fault::tp_accepts_unbound_prefix) ||
         faults_.has(Fault::tp_accepts_control_characters) ||
         faults_.has(Fault::tp_accepts_undefined_entity) ||
         faults_.has(Fault::tp_double_quotes_unread);
}

void ClientFront::start_tag(std::string_view tag, Bytes& out) {
  const bool empty = tag.ends_with("/>");
  std::string_view inside = tag.substr(1, tag.size() - (empty ? 3 : 2));
  const auto name = inside.substr(0, inside.find_first_of(kSpace));
  const auto attributes = raw_attributes(inside.substr(name.size()));
  Open open{.name = std::string(name), .prefixes = {}};
  for (const auto& attribute : attributes) {
    if (attribute.name.starts_with("xmlns:")) {
      open.prefixes.emplace_back(attribute.name.substr(6));
    }
  }
  open_.push_back(open);
  if (!mends_tags()) {
    out += tag;
    open_.resize(open_.size() - (empty ? 1 : 0));
    return;
  }
  out.append("<").append(name);
  std::set<std::string_view> seen;
  std::set<std::string_view> unbound;
  if (!declared(prefix_of(name))) {
    unbound.insert(prefix_of(name));
  }
  for (const auto& attribute : attributes) {
    if (attribute.value.starts_with('"') && faults_.has(Fault::tp_double_quotes_unread)) {
      break;
    }
    if (!seen.insert(attribute.name).second && faults_.has(Fault::tp_accepts_duplicate_attribute)) {
      continue;
    }
    if (!declared(prefix_of(attribute.name))) {
      unbound.insert(prefix_of(attribute.name));
    }
    out.append(" ").append(attribute.name).append("=").append(mend_text(attribute.value));
  }
  if (faults_.has(Fault::tp_accepts_unbound_prefix)) {
    for (const auto prefix : unbound) {
      out.append(" xmlns:").append(prefix).append("='urn:parley:unbound'");
      open_.back().prefixes.emplace_back(prefix);
    }
  }
  out += empty ? "/>" : ">";
  if (empty) {
    open_.pop_back();
  }
}

void ClientFront::end_tag(std::string_view tag, Bytes& out) {
  const auto name = tag.substr(2, std::min(tag.find_first_of(" \t\r\n>", 2), tag.size()) - 2);
  const bool matches = !open_.empty() && open_.back().name == name;
  if (matches || !faults_.has(Fault::tp_accepts_mismatched_tags)) {
    out += tag;
    if (!open_.empty()) {
      open_.pop_back();
    }
    return;
  }
  const bool is_open =
      std::ranges::any_of(open_, [&](const Open& open) { return open.name == name; });
  if (!is_open && open_.size() <= 1) {
    return;  // nothing but the stream is open
  }
  bool done = false;
  while (!done && !open_.empty()) {
    done = !is_open || open_.back().name == name;
    out.append("</").append(open_.back().name).append(">");
    open_.pop_back();
  }
}

}  // namespace parley::reference
