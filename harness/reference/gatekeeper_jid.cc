// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/gatekeeper_jid.h"

#include <algorithm>

#include "harness/base/text.h"

namespace parley::reference {
namespace {

constexpr std::size_t kMaxPartOctets = 1023;  // RFC 7622 section 3.1

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

bool is_space(char32_t c) {
  return c == 0x20 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Ignorable and formatting characters, which both string classes disallow (RFC 8264 section 9).
bool is_ignorable(char32_t c) {
  return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFF) ||
         (c >= 0xE000 && c <= 0xF8FF) || c >= 0xE0000;
}

bool is_local_character(char32_t c) {
  // RFC 7622 section 3.3.1 excludes these beyond the IdentifierClass.
  static constexpr std::u32string_view kExcluded = U"\"&'/:<>@";
  return !is_control(c) && !is_space(c) && !is_ignorable(c) &&
         kExcluded.find(c) == std::u32string_view::npos;
}

bool is_domain_character(char32_t c) {
  return c >= 0x80 ? is_local_character(c)
                   : (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         c == '-' || c == '.' || c == '_';
}

bool is_literal_character(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
         c == '.';
}

bool is_resource_character(char32_t c) {
  return !is_control(c) && !is_ignorable(c) && (c == 0x20 || !is_space(c));
}

char32_t lower(char32_t c) {
  const bool by_32 = (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
                     (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F);
  return by_32 ? c + 32 : c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::optional<std::string> prepare(std::string_view text, bool (*allowed)(char32_t),
                                   CaseMapping mapping) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = 0;
    const std::size_t length = utf8_sequence(text, at, c);
    if (length == 0 || !allowed(c)) {
      return std::nullopt;
    }
    append(out, mapping == CaseMapping::mapped ? lower(c) : c);
    at += length;
  }
  if (out.empty() || out.size() > kMaxPartOctets) {
    return std::nullopt;
  }
  return out;
}

std::optional<std::string> prepare_domain(std::string_view text, CaseMapping mapping) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    const auto inside =
        prepare(text.substr(1, text.size() - 2), is_literal_character, CaseMapping::mapped);
    return inside ? std::optional("[" + *inside + "]") : std::nullopt;
  }
  if (text.ends_with('.')) {
    text.remove_suffix(1);  // RFC 7622 section 3.2: a final dot is stripped
  }
  auto out = prepare(text, is_domain_character, mapping);
  if (!out) {
    return std::nullopt;
  }
  for (const std::string& label : split(*out, '.')) {
    if (label.empty() || label.size() > 63 || label.starts_with('-') || label.ends_with('-')) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> prepare_local(std::string_view text, CaseMapping mapping) {
  return prepare(text, is_local_character, mapping);
}

std::optional<std::string> prepare_resource(std::string_view text) {
  return prepare(text, is_resource_character, CaseMapping::kept);
}

std::optional<Jid> parse_jid(std::string_view text, CaseMapping mapping) {
  Jid out;
  // The resource may hold '@' and '/', so it is cut off first (section 3.1).
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    auto resource = prepare_resource(text.substr(slash + 1));
    if (!resource) {
      return std::nullopt;
    }
    out.resource = std::move(*resource);
    text = text.substr(0, slash);
  }
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    auto local = prepare_local(text.substr(0, at), mapping);
    if (!local) {
      return std::nullopt;
    }
    out.local = std::move(*local);
    text = text.substr(at + 1);
  }
  auto domain = prepare_domain(text, mapping);
  if (!domain) {
    return std::nullopt;
  }
  out.domain = std::move(*domain);
  return out;
}

}  // namespace parley::reference
