// SPDX-License-Identifier: GPL-3.0-or-later
// The program's exit codes, written once (style guide section 7); `parley --help` shows them.
#pragma once

#include <string>

namespace parley::cli {

enum class ExitCode {
  ok = 0,
  findings = 1,
  usage = 2,
  nothing_judged = 3,
  harness_error = 4,
  preflight = 5,
  stopped = 130
};

// All of them with their meanings, for helps.
std::string exit_code_table();

}  // namespace parley::cli
