// SPDX-License-Identifier: GPL-3.0-or-later
// How far a run is, on the standard error. Calls come one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>

#include "harness/engine/result.h"

namespace parley::cli {

// The live line on a terminal; a plain line every so often otherwise.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool quiet);

  void operator()(const engine::CaseResult& result, std::size_t done, std::size_t total);
  // Between the live line and what is printed next.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  bool quiet_;
  bool terminal_;
  bool open_ = false;  // a live line stands there without a line end
  Clock::time_point began_;
  Clock::time_point last_{};
  std::map<model::VerdictKind, std::size_t> counts_;
};

}  // namespace parley::cli
