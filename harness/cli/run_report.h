// SPDX-License-Identifier: GPL-3.0-or-later
// What `run` says and writes when it ends.
#pragma once

#include <string>

#include "harness/cli/options.h"
#include "harness/engine/scheduler.h"

namespace parley::cli {

// Findings and summary, or the JSON report, on the standard output. `arguments` are those of the
// run.
void print_results(const engine::RunSummary& summary, const model::Library& library,
                   const RunArguments& arguments);

// Into the run's folder, and the JUnit report to `junit` if that is named. Errors: io.
Result<void> write_reports(const engine::RunSummary& summary, const model::Library& library,
                           const std::string& junit);

// What kept a run from its end, and how to go on, on the standard error.
void print_ending(const RunArguments& arguments, const engine::Outcome& outcome,
                  const engine::Journal& journal);

}  // namespace parley::cli
