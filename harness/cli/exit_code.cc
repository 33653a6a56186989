// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/exit_code.h"

#include <fmt/format.h>

namespace parley::cli {
namespace {

struct Entry {
  ExitCode code;
  const char* meaning;
};
constexpr Entry kExitCodes[] = {
    {ExitCode::ok, "all as expected"},
    {ExitCode::findings,
     "findings: a case failed, was inconclusive or flaky; a reported run is unfinished"},
    {ExitCode::usage, "wrong usage or configuration"},
    {ExitCode::nothing_judged, "nothing was judged"},
    {ExitCode::harness_error, "the harness itself failed"},
    {ExitCode::preflight,
     "the SUT cannot be reached or attached (see parley doctor), or died in mid-run"},
    {ExitCode::stopped,
     "stopped by SIGINT (Ctrl-C) or SIGTERM; the run can be resumed, fuzzing goes on in its "
     "folder"},
};

}  // namespace

std::string exit_code_table() {
  std::string out = "Exit codes:\n";
  for (const auto& [code, meaning] : kExitCodes) {
    out += fmt::format("  {:>3}  {}\n", static_cast<int>(code), meaning);
  }
  return out;
}

}  // namespace parley::cli
