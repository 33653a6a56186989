// SPDX-License-Identifier: GPL-3.0-or-later
// The files that `parley fuzz run` leaves in its folder, which holds one folder for each target:
// findings.json and findings.sarif tell of all of them, whichever run they are of.
#pragma once

#include <string>
#include <vector>

#include "fuzz/supervisor/session.h"
#include "harness/cli/fuzz.h"

namespace parley::cli {

struct FuzzDone {
  fuzz::Target target;
  fuzz::SessionResult result;
};

// Writes them, and session.json into each target's folder, by which a later run knows how this one
// went. What findings.json holds. Errors: io.
Result<std::string> write_fuzz_report(const FuzzArguments& arguments,
                                      const std::vector<FuzzDone>& done, const std::string& out);

}  // namespace parley::cli
