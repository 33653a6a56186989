// SPDX-License-Identifier: GPL-3.0-or-later
// Folders of what others on the machine are not to read: passwords of test accounts, keys.
#pragma once

#include <filesystem>

#include "harness/base/result.h"

namespace parley {

// Makes it and those above it. One that it makes only its owner may read; one that was there keeps
// its mode. Errc::io, with the folder in the detail, when it cannot be made.
Result<void> make_private_folder(const std::filesystem::path& folder);

}  // namespace parley
