// SPDX-License-Identifier: GPL-3.0-or-later
// Comparison of what is written with a file that was read by a person once.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace parley::testkit {

// Empty when the file at `path` holds `actual`; else what to do. With PARLEY_UPDATE_GOLDEN=1 it is
// written anew first.
inline std::string golden_complaint(const std::string& path, std::string_view actual) {
  const char* update = std::getenv("PARLEY_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string wanted(std::istreambuf_iterator<char>(file), {});
  return wanted == actual
             ? ""
             : fmt::format("{} differs; PARLEY_UPDATE_GOLDEN=1 writes it anew. Now:\n{}", path,
                           actual);
}

}  // namespace parley::testkit
