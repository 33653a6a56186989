// SPDX-License-Identifier: GPL-3.0-or-later
// The report for programs. Source: reports/report.schema.json, which every document satisfies.
// Every text is valid UTF-8 (printable(), at most kFileOctets), so dump() does not throw.
// It is data, not HTML: who embeds it in a page escapes '<'. Pure function: safe from any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/engine/result.h"
#include "harness/model/library.h"

namespace parley::report {

inline constexpr int kJsonReportFormat = 1;  // grows when a reader of the old one would misread

// A case that the library does not know has no requirement and an empty title. `seed` is a decimal
// string: JavaScript and jq round numbers above 2^53.
nlohmann::json json_report(const engine::RunSummary& run, const model::Library& library);

}  // namespace parley::report
