// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/exit_code.h"

namespace parley::cli {
namespace {

constexpr ExitCodeEntry kExitCodes[] = {
    {ExitCode::ok, "all as expected"},
    {ExitCode::findings,
     "findings: a case failed, was inconclusive or flaky; a reported run is unfinished"},
    {ExitCode::usage, "wrong usage or configuration"},
    {ExitCode::nothing_judged, "nothing was judged"},
    {ExitCode::harness_error, "the harness itself failed"},
    {ExitCode::preflight,
     "the SUT cannot be reached or attached (see parley doctor), or died in mid-run"},
    {ExitCode::stopped, "stopped by SIGINT (Ctrl-C) or SIGTERM; the run can be resumed"},
};

}  // namespace

std::span<const ExitCodeEntry> exit_codes() { return kExitCodes; }

}  // namespace parley::cli
