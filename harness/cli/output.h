// SPDX-License-Identifier: GPL-3.0-or-later
// How the commands print. A reader that left (`| head`) must not change what a run finds, so
// nothing here fails: main looks at the standard output once, at the end.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace parley::cli {

template <class... Parts>
void put(std::FILE* to, fmt::format_string<Parts...> format, Parts&&... parts) {
  const std::string text = fmt::format(format, std::forward<Parts>(parts)...);
  (void)std::fwrite(text.data(), 1, text.size(), to);
}

// "1 input", "2 inputs".
inline std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace parley::cli
