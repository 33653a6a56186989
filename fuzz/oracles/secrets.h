// SPDX-License-Identifier: GPL-3.0-or-later
// No key material in what is said: the oracle of whatever prints beside keys (style guide section
// 5). Pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"

namespace parley::fuzz {

// What is shorter may stand in a text by chance.
inline constexpr std::size_t kShortestSecret = 16;

// One alphabet of base64 for both, small letters for hex.
inline bool says_base64(const std::string& text, std::string_view secret) {
  constexpr std::size_t kGroup = 4;
  // Within a longer text a secret begins at any of three places of a group; the characters at
  // either end that hold something else too are left out.
  for (std::size_t before = 0; before < 3; ++before) {
    auto form = to_base64(std::string(before, '\0') + std::string(secret));
    const std::size_t begin = before == 0 ? 0 : kGroup;
    const std::size_t end = (before + secret.size()) / 3 * kGroup;
    form = form.substr(begin, end - begin);
    if (text.contains(form)) {
      return true;
    }
  }
  return false;
}

// What a sentence could be is no key, and may well stand in one.
inline bool is_sentence(std::string_view text) {
  return text.contains(' ') &&
         std::ranges::all_of(text, [](char octet) { return octet >= ' ' && octet <= '~'; });
}

inline bool says_any_form(const std::string& text, std::string_view secret) {
  std::string small = text;
  std::ranges::transform(small, small.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  std::string standard = text;
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  return (!is_sentence(secret) && text.contains(secret)) || small.contains(to_hex(secret)) ||
         says_base64(standard, secret);
}

// Whether `text` holds `secret`, or one half of it, as octets, in hex, base64 or base64url.
inline bool says(std::string_view text, std::string_view secret) {
  if (text.empty() || secret.size() < kShortestSecret) {
    return false;
  }
  const auto half = std::max(kShortestSecret, secret.size() / 2);
  const std::string whole(text);
  return says_any_form(whole, secret.substr(0, half)) ||
         says_any_form(whole, secret.substr(secret.size() - half));
}

}  // namespace parley::fuzz
