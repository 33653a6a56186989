// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/files.h"

#include <fmt/format.h>

#include <system_error>

namespace parley {

namespace fs = std::filesystem;

Result<void> make_private_folder(const fs::path& folder) {
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (made && !error) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error) {
    return fail(Errc::io, fmt::format("{}: {}", folder.string(), error.message()));
  }
  return {};
}

}  // namespace parley
