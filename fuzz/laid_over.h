// SPDX-License-Identifier: GPL-3.0-or-later
// How an input tampers with what is right: its octets are laid over it (xor), so that nothing is no
// change, one octet changes one, and what is longer is appended. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::fuzz {

inline std::string laid_over(std::string text, std::string_view octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i < text.size()) {
      text[i] = static_cast<char>(text[i] ^ octets[i]);
    } else {
      text += octets[i];
    }
  }
  return text;
}

}  // namespace parley::fuzz
