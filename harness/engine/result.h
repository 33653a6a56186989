// SPDX-License-Identifier: GPL-3.0-or-later
// What a run yields: one line a case, and the totals.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/transcript.h"
#include "harness/model/model.h"

namespace parley::engine {

struct CaseResult {
  std::string id;
  int repetition = 0;  // with --repeat, from 0
  model::Verdict verdict;
  std::chrono::microseconds took{0};
};

// What a report says of the run as a whole.
struct RunSummary {
  std::string sut;                   // declaration's name
  std::vector<model::Party> suts{};  // see Transcript
  std::string profile;
  std::string version;  // of parley
  std::uint64_t seed = 0;
  std::size_t planned = 0;
  std::vector<CaseResult> results;  // in order of id, then repetition
  std::chrono::milliseconds took{0};
  std::string folder;  // where journal and transcripts lie
};

std::map<model::VerdictKind, std::size_t> totals(const RunSummary& summary);

}  // namespace parley::engine
