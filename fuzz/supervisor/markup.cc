// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/markup.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>

namespace parley::fuzz {
namespace {

constexpr auto kNone = std::string_view::npos;

// Production 4, whatever lies beyond ASCII.
bool begins_name(char one) {
  const auto octet = static_cast<unsigned char>(one);
  return std::isalpha(octet) != 0 || octet >= 0x80 || one == '_' || one == ':';
}

// Behind the '>' of a tag whose '<' stands before `at`. Another '<' stands in no tag, in quotes
// neither (production 10), so no octet is looked at for two tags.
std::size_t end_of_tag(std::string_view text, std::size_t at) {
  while ((at = text.find_first_of("\"'<>", at)) != kNone && text[at] != '<') {
    if (text[at] == '>') {
      return at + 1;
    }
    const std::array<char, 2> ends = {text[at], '<'};
    const auto closing = text.find_first_of(std::string_view(ends.data(), ends.size()), at + 1);
    const bool closed = closing != kNone && text[closing] == text[at];
    at = closed ? closing + 1 : at + 1;
  }
  return kNone;
}

enum class TagKind { start, end, empty };

struct FoundTag {
  Tag tag;
  TagKind kind;
};

// The tag whose '<' is at `at`.
std::optional<FoundTag> tag_at(std::string_view text, std::size_t at) {
  const bool ends = at + 1 < text.size() && text[at + 1] == '/';
  const auto name = at + (ends ? 2 : 1);
  if (name >= text.size() || !begins_name(text[name])) {
    return std::nullopt;
  }
  const auto end = end_of_tag(text, name);
  if (end == kNone) {
    return std::nullopt;
  }
  const bool empty = !ends && text[end - 2] == '/';
  const auto name_end = std::min(text.find_first_of(" \t\r\n/>\"'=", name), end - 1);
  return FoundTag{
      .tag = {.span = {.begin = at, .end = end}, .name = {.begin = name, .end = name_end}},
      .kind = ends    ? TagKind::end
              : empty ? TagKind::empty
                      : TagKind::start};
}

// Finds the start tag of each end tag.
class Pairing {
 public:
  explicit Pairing(std::string_view text) : text_(text) {}

  void add(const FoundTag& found) {
    const auto& name = found.tag.name;
    auto& same = open_by_name_[text_.substr(name.begin, name.end - name.begin)];
    if (found.kind == TagKind::end && !same.empty()) {
      const auto start = same.back();
      close_down_to(start);
      elements_[start].form = Element::Form::pair;
      elements_[start].end = found.tag;
      return;
    }
    if (found.kind == TagKind::start) {
      open_.push_back({.element = elements_.size(), .same = &same});
      same.push_back(elements_.size());
    }
    elements_.push_back(
        {.form = found.kind == TagKind::empty ? Element::Form::empty : Element::Form::alone,
         .start = found.tag,
         .end = found.tag});
  }

  std::vector<Element> take() { return std::move(elements_); }

 private:
  struct Open {
    std::size_t element;
    std::vector<std::size_t>* same;  // all that are open under its name; lives in the map
  };

  void close_down_to(std::size_t element) {
    while (!open_.empty() && open_.back().element >= element) {
      open_.back().same->pop_back();
      open_.pop_back();
    }
  }

  const std::string_view text_;
  std::vector<Element> elements_;
  std::vector<Open> open_;
  std::map<std::string_view, std::vector<std::size_t>> open_by_name_;
};

}  // namespace

std::vector<Element> find_elements(std::string_view text) {
  Pairing pairing(text);
  for (auto at = text.find('<'); at != kNone;) {
    const auto found = tag_at(text, at);
    if (found) {
      pairing.add(*found);
    }
    at = text.find('<', found ? found->tag.span.end : at + 1);
  }
  return pairing.take();
}

}  // namespace parley::fuzz
