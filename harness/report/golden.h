// SPDX-License-Identifier: GPL-3.0-or-later
// For this folder's tests: one small fixed run that holds each verdict kind and a SUT that attacks
// whoever reads the report, and the comparison with harness/report/golden/.
#pragma once

#include <string>

#include "harness/engine/result.h"
#include "harness/engine/transcript.h"
#include "harness/model/library.h"

namespace parley::report::golden {

// What a SUT might send to hurt a terminal, an XML parser, a browser and a UTF-8 decoder.
std::string hostile_octets();

model::Library library();
engine::RunSummary run();
engine::Transcript transcript();

// Empty when golden/`file` holds `actual`; else what to do. With PARLEY_UPDATE_GOLDEN=1 the file is
// written anew first.
std::string complaint(const std::string& file, const std::string& actual);

}  // namespace parley::report::golden
