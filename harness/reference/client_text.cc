// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "harness/base/text.h"
#include "harness/xml/tree.h"

namespace parley::reference {
namespace {

// What a second decoding of the five entities makes of text.
std::string decode_again(std::string text) {
  for (const auto& [reference, character] :
       std::to_array<std::pair<std::string_view, std::string_view>>(
           {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}})) {
    text = replace_all(std::move(text), reference, character);
  }
  return text;
}

// `with` in place of each character that `lost` names.
template <class Lost>
std::string replace_characters(std::string_view text, Lost lost, std::string_view with) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    char32_t character = 0;
    const std::size_t length = std::max<std::size_t>(1, utf8_sequence(text, at, character));
    out += lost(character) ? with : text.substr(at, length);
    at += length;
  }
  return out;
}

std::string collapse_white_space(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space || !out.ends_with(' ')) {
      out += space ? ' ' : c;
    }
  }
  return out;
}

// "a <b>c</b> d" becomes "a c d".
std::string strip_markup(std::string text) {
  for (auto open = text.find('<'); open != std::string::npos; open = text.find('<', open)) {
    const auto close = text.find('>', open);
    if (close == std::string::npos) {
      break;
    }
    text.erase(open, close + 1 - open);
  }
  return text;
}

// What the faults do in both directions.
std::string bend(std::string text, const FaultSet& faults) {
  if (faults.has(Fault::tp_collapses_white_space)) {
    text = collapse_white_space(text);
  }
  if (faults.has(Fault::tp_ascii_only)) {
    text = replace_characters(text, [](char32_t c) { return c > 0x7F; }, "?");
  }
  if (faults.has(Fault::tp_astral_lost)) {
    text = replace_characters(text, [](char32_t c) { return c > 0xFFFF; }, "");
  }
  if (faults.has(Fault::tp_combining_lost)) {
    text = replace_characters(text, [](char32_t c) { return c >= 0x300 && c <= 0x36F; }, "");
  }
  if (faults.has(Fault::tp_private_use_lost)) {
    text = replace_characters(text, [](char32_t c) { return c >= 0xE000 && c <= 0xF8FF; }, "");
  }
  if (faults.has(Fault::tp_delete_lost)) {
    text = replace_characters(text, [](char32_t c) { return c == 0x7F; }, "");
  }
  if (faults.has(Fault::tp_strips_markup)) {
    text = strip_markup(std::move(text));
  }
  if (faults.has(Fault::tp_backslash_escapes)) {
    text = replace_all(replace_all(std::move(text), "\\n", "\n"), "\\", "");
  }
  return text;
}

}  // namespace

std::string shown_text(std::string text, const FaultSet& faults) {
  if (faults.has(Fault::tp_escapes_wrongly)) {
    text = decode_again(std::move(text));
  }
  return bend(std::move(text), faults);
}

std::string sent_text(std::string text, const FaultSet& faults) {
  text = bend(std::move(text), faults);
  if (faults.has(Fault::tp_escapes_twice)) {
    text = xml::escape_text(text);
  }
  if (faults.has(Fault::tp_adds_signature)) {
    text += "\nsent with Parley";
  }
  return text;
}

}  // namespace parley::reference
