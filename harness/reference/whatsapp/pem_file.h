// SPDX-License-Identifier: GPL-3.0-or-later
// The authority that a driver's call names under `ca`. Reads one file.
#pragma once

#include <string>

#include "harness/base/result.h"

namespace parley::reference::whatsapp {

// Up to 64 KiB of it. Errors: io for a file that is not there, empty or longer.
Result<std::string> read_pem_file(const std::string& path);

}  // namespace parley::reference::whatsapp
