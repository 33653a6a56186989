// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/xml.h"

#include <algorithm>
#include <vector>

#include "fuzz/mutators/octets.h"
#include "fuzz/mutators/xml_document.h"
#include "fuzz/mutators/xml_tokens.h"

namespace parley::mutators {
namespace {

using namespace xml;

// Where a piece of `text` begins: a tag, a text, a reference, an attribute. A guess that any octets
// allow, the end among them.
std::size_t boundary_in(std::string_view text, Random& random) {
  const auto from = place_in(text, random);
  constexpr std::string_view kStarts = "<&> '\"=";
  const auto at = text.find_first_of(kStarts, from);
  if (at == std::string_view::npos) {
    return text.size();
  }
  return text[at] == '>' ? at + 1 : at;
}

std::string some_token(Random& random) {
  switch (random.below(8)) {
    case 0:
    case 1:
      return std::string(random.pick(kTexts));
    case 2:
      return std::string(random.pick(kNames));
    case 3:
      return std::string(random.pick(kAttributes));
    case 4:
      return " xmlns='" + std::string(random.pick(kNamespaces)) + "'";
    default:
      return std::string(random.pick(kMarkup));
  }
}

std::string token_soup(Random& random) {
  std::string out;
  for (auto count = random.between(1, 24); count > 0; --count) {
    out += some_token(random);
  }
  return out;
}

void insert_tokens(std::string& text, Random& random) {
  auto at = random.one_in(3) ? place_in(text, random) : boundary_in(text, random);
  for (auto count = random.small(4); count > 0; --count) {
    const auto token = some_token(random);
    text.insert(at, token);
    at += token.size();
  }
}

// From one boundary to another, in order.
std::pair<std::size_t, std::size_t> span_in(std::string_view text, Random& random) {
  const auto one = boundary_in(text, random);
  const auto other = random.one_in(4) ? boundary_in(text, random)
                                      : one + boundary_in(text.substr(one).substr(0, 40), random);
  return std::minmax(one, other);
}

void replace_span(std::string& text, Random& random) {
  const auto [from, to] = span_in(text, random);
  text.replace(from, to - from, some_token(random));
}

void erase_span(std::string& text, Random& random) {
  const auto [from, to] = span_in(text, random);
  text.erase(from, to - from);
}

void repeat_span(std::string& text, Random& random) {
  const auto [from, to] = span_in(text, random);
  const std::string span = text.substr(from, std::min<std::size_t>(to - from, 200));
  const auto at = random.one_in(2) ? to : boundary_in(text, random);
  std::string repeated;
  for (auto count = random.one_in(20) ? random.between(10, 300) : random.small(3); count > 0;
       --count) {
    repeated += span;
  }
  text.insert(at, repeated);
}

void move_span(std::string& text, Random& random) {
  const auto [from, to] = span_in(text, random);
  const std::string span = text.substr(from, to - from);
  text.erase(from, to - from);
  text.insert(boundary_in(text, random), span);
}

void insert_attribute(std::string& text, Random& random) {
  const auto tag = text.find('<', place_in(text, random));
  if (tag == std::string::npos) {
    text += "<a" + std::string(random.pick(kAttributes)) + "/>";
    return;
  }
  const auto end = std::min(text.find_first_of(" />", tag + 1), text.size());
  text.insert(end, random.pick(kAttributes));
}

void insert_element(std::string& text, Random& random) {
  text.insert(boundary_in(text, random),
              random.one_in(3) ? some_stanza(random) : some_element(random, 2));
}

void smuggle(std::string& text, Random& random) {
  text.insert(boundary_in(text, random), random.pick(kSmuggled));
}

// Into something that shows it as another kind of content.
void wrap(std::string& text, Random& random) {
  constexpr std::string_view kAround[][2] = {
      {"<a>"sv, "</a>"sv},
      {"<a xmlns:p='n'>"sv, "</a>"sv},
      {"<![CDATA["sv, "]]>"sv},
      {"<!--"sv, "-->"sv},
      {"<a b='"sv, "'/>"sv},
      {"<?x "sv, "?>"sv},
      {"<!DOCTYPE a ["sv, "]>"sv},
      {"<message><body>"sv, "</body></message>"sv},
      {"<?xml version='1.0'?>"sv, ""sv},
      {"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"sv,
       ""sv}};
  const auto& around = random.pick(kAround);
  if (random.one_in(2)) {
    text = std::string(around[0]) + text + std::string(around[1]);
    return;
  }
  const auto [from, to] = span_in(text, random);
  text.insert(to, around[1]);
  text.insert(from, around[0]);
}

// A quote, a name or the case of a letter becomes another one.
void twist_character(std::string& text, Random& random) {
  constexpr std::string_view kCharacters = "<>/='\"&;:!?[]-# \n\r\t0aAx";
  const auto at = text.find_first_of("<>/='\"&;:!?[]-#", place_in(text, random));
  if (at == std::string::npos) {
    text += kCharacters[random.below(kCharacters.size())];
  } else if (random.one_in(2)) {
    text[at] = kCharacters[random.below(kCharacters.size())];
  } else {
    text.insert(at, 1, kCharacters[random.below(kCharacters.size())]);
  }
}

// Closes what the text leaves open, so that what was cut off is well-formed again.
void close_elements(std::string& text, Random&) {
  constexpr std::size_t kMost = 64;
  std::vector<std::string_view> open;
  const std::string_view view = text;
  for (auto at = view.find('<'); at != std::string_view::npos; at = view.find('<', at + 1)) {
    const auto end = view.find('>', at);
    if (end == std::string_view::npos || end == at + 1) {
      break;
    }
    const auto tag = view.substr(at + 1, end - at - 1);
    if (tag.front() == '/') {
      if (!open.empty()) {
        open.pop_back();
      }
    } else if (tag.front() != '!' && tag.front() != '?' && tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \t\r\n")));
    }
  }
  std::string closing;
  for (std::size_t i = 0; i < std::min(open.size(), kMost); ++i) {
    closing += "</" + std::string(open[open.size() - 1 - i]) + ">";
  }
  text += closing;
}

void reencode(std::string& text, Random& random) { text = in_another_encoding(text, random); }

void edit(std::string& text, Random& random) {
  using Edit = void (*)(std::string&, Random&);
  constexpr Edit kEdits[] = {insert_tokens,  insert_tokens,    insert_tokens,  insert_tokens,
                             replace_span,   replace_span,     erase_span,     repeat_span,
                             move_span,      insert_attribute, insert_element, smuggle,
                             wrap,           twist_character,  close_elements, insert_attribute,
                             twist_character};
  random.pick(kEdits)(text, random);
}

std::string anew(Random& random) {
  switch (random.below(5)) {
    case 0:
      return token_soup(random);
    case 1:
      return some_stream(random);
    case 2:
      return some_stanza(random);
    case 3:
      return some_element(random, 4);
    default:
      return some_document(random);
  }
}

}  // namespace

std::string mutate_xml(std::string_view input, std::size_t room, std::uint64_t seed) {
  Random random(seed);
  std::string out(input);
  const auto kind = random.below(40);
  if (kind < 5) {
    for (auto count = random.small(4); count > 0; --count) {
      edit_octets(out, random);
    }
    return fitted(std::move(out), room);
  }
  if (kind < 20) {
    out = anew(random);
    if (random.one_in(2)) {
      return fitted(std::move(out), room);
    }
  }
  for (auto count = random.small(5); count > 0; --count) {
    edit(out, random);
  }
  if (kind >= 35) {
    reencode(out, random);
  }
  return fitted(std::move(out), room);
}

std::string cross_xml(std::string_view one, std::string_view other, std::size_t room,
                      std::uint64_t seed) {
  Random random(seed);
  std::string out(one);
  const auto [from, to] = span_in(other, random);
  switch (random.below(3)) {
    case 0:
      out.resize(boundary_in(one, random));
      out += other.substr(boundary_in(other, random));
      break;
    case 1:
      out.insert(boundary_in(one, random), other.substr(from, to - from));
      break;
    default: {
      const auto [begin, end] = span_in(one, random);
      out.replace(begin, end - begin, other.substr(from, to - from));
      break;
    }
  }
  return fitted(std::move(out), room);
}

}  // namespace parley::mutators
