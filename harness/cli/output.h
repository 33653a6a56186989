// SPDX-License-Identifier: GPL-3.0-or-later
// How the commands print. A reader that left (`| head`) must not change what a run finds, so
// nothing here fails: main looks at the standard output once, at the end.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace parley::cli {

template <class... Parts>
void put(std::FILE* to, fmt::format_string<Parts...> format, Parts&&... parts) {
  const std::string text = fmt::format(format, std::forward<Parts>(parts)...);
  (void)std::fwrite(text.data(), 1, text.size(), to);
}

}  // namespace parley::cli
