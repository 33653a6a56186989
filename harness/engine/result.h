// SPDX-License-Identifier: GPL-3.0-or-later
// What a run yields: one line a case, and the totals.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/transcript.h"
#include "harness/model/model.h"

namespace parley::engine {

// At most two attempts are made at a case.
enum class Turn { first, again };

// A first attempt in which the SUT fell silent while other cases were under way, and which was
// followed by a second one with the SUT for itself.
struct SilentBeside {
  std::string reason;         // of the first
  bool machine_busy = false;  // in the first, so that it may have been no doing of the SUT's
  bool decided = true;        // the verdict is that of the second; else the first one's stands
};

struct CaseResult {
  std::string id;
  int repetition = 0;  // with --repeat, from 0
  model::Verdict verdict;
  std::chrono::microseconds took{0};
  // Set where the verdict rests on silence while others were under way: whether the machine was
  // busy.
  std::optional<bool> busy_beside{};
  // Set where the case was judged again.
  std::optional<SilentBeside> silent_beside{};
};

// Whether it is to be judged again with the SUT for itself.
inline bool in_vain(const CaseResult& result) {
  return result.busy_beside && !result.silent_beside;
}

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
