// SPDX-License-Identifier: GPL-3.0-or-later
// The judgement: a pure function of case and transcript. The live run and `parley replay` call it.
#pragma once

#include "harness/base/rng.h"
#include "harness/engine/transcript.h"
#include "harness/model/library.h"

namespace parley::engine {

// The `link` of a broken event where octets of the SUT's could not be kept.
inline constexpr const char* kSpoolTrouble = "spool";

model::Verdict judge(const model::Case& one, const model::Library& library,
                     const Transcript& transcript);

// The run's own randomness: by seed, case and run.
Rng run_rng(std::uint64_t seed, const std::string& case_id, const std::string& run);

}  // namespace parley::engine
