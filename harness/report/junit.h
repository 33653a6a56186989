// SPDX-License-Identifier: GPL-3.0-or-later
// The report for CI systems: JUnit XML as Jenkins, GitLab and GitHub's readers take it.
// A test suite a suite, a test case a result, in the order of results. Pure function: safe from
// any thread.
#pragma once

#include <string>

#include "harness/engine/result.h"
#include "harness/model/library.h"

namespace parley::report {

// fail -> failure (type: the level); not-applicable -> skipped; error, inconclusive and flaky ->
// error of that type, since nothing was shown to hold. Well-formed XML 1.0 whatever a SUT sent.
std::string junit_report(const engine::RunSummary& run, const model::Library& library);

}  // namespace parley::report
