// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley {
namespace {

// What turns the direction of text, or begins a line, without being seen.
bool is_unseen(char32_t c) {
  return (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
         c == 0x200F || c == 0x061C;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::size_t utf8_sequence(std::string_view text, std::size_t at, char32_t& code_point) {
  const auto octet = [&](std::size_t i) -> std::uint8_t {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
  };
  const std::uint8_t lead = octet(at);
  if (at < text.size() && lead < 0x80) {
    code_point = lead;
    return 1;
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) {
    return 0;
  }
  char32_t value = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(at + i) & 0xC0) != 0x80) {
      return 0;
    }
    value = value << 6 | (octet(at + i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) {
    return 0;
  }
  code_point = value;
  return length;
}

std::string printable(std::string_view octets, std::size_t max_octets) {
  const auto shown = octets.substr(0, max_octets);
  std::string out;
  for (std::size_t i = 0; i < shown.size();) {
    char32_t c = 0;
    const std::size_t length = utf8_sequence(shown, i, c);
    if (length == 0) {
      out += fmt::format("\\x{:02X}", static_cast<std::uint8_t>(shown[i]));
      ++i;
      continue;
    }
    if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned>(c));
    } else if ((c >= 0x80 && c < 0xA0) || is_unseen(c)) {
      out += fmt::format("\\u{{{:04X}}}", static_cast<unsigned>(c));
    } else {
      out += shown.substr(i, length);
    }
    i += length;
  }
  if (shown.size() < octets.size()) {
    out += fmt::format("… ({} octets)", octets.size());
  }
  return out;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const auto& name : known) {
    const std::size_t distance = edit_distance(wrong, name);
    if (distance <= std::max<std::size_t>(2, name.size() / 3) ||
        (!wrong.empty() && name.find(wrong) != std::string::npos)) {
      ranked.emplace_back(distance, name);
    }
  }
  std::ranges::sort(ranked);
  std::vector<std::string> out;
  for (auto& [distance, name] : ranked) {
    if (out.size() == 3) {
      break;
    }
    out.push_back(std::move(name));
  }
  return out;
}

std::string unknown_name(std::string_view kind, std::string_view wrong,
                         const std::vector<std::string>& known) {
  std::string out = fmt::format("unknown {} '{}'", kind, printable(wrong, 200));
  const auto near = nearest(wrong, known);
  if (!near.empty()) {
    out += fmt::format("; did you mean '{}'?", join(near, "', '"));
  } else if (!known.empty() && known.size() <= 12) {
    out += fmt::format("; known are: {}", join(known, ", "));
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  std::size_t from = 0;
  for (;;) {
    const auto at = text.find(separator, from);
    out.emplace_back(text.substr(from, at - from));
    if (at == std::string_view::npos) {
      return out;
    }
    from = at + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += i == 0 ? "" : separator;
    out += parts[i];
  }
  return out;
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace parley
