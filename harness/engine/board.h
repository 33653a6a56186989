// SPDX-License-Identifier: GPL-3.0-or-later
// What the workers of a run share beside plan and journal.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/engine/journal.h"
#include "harness/engine/result.h"

namespace parley::engine {

struct Board {
  std::vector<PlannedCase> todo;
  // Heavy ones, one after another once nothing else is under way: they slow a SUT down as a whole.
  std::map<model::Party, std::vector<PlannedCase>> alone;
  std::atomic<std::size_t> busy{0};        // workers that still judge `todo`
  std::atomic<std::size_t> busy_alone{0};  // workers that still judge `todo` or `alone`
  std::vector<std::function<void()>> when_quiet;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> under_way{0};  // cases
  std::atomic<std::size_t> begun{0};      // cases
  std::mutex guard;
  std::vector<CaseResult> results;
  std::vector<std::size_t> in_vain;  // of the results: those that are to be judged again
  bool cut_short = false;            // not all of them were
  std::size_t earlier = 0;           // verdicts that were there before
  std::size_t total = 0;
  std::optional<Error> trouble;  // ends the run
  std::string lost;              // what of the SUT is dead; ends the run too
  std::vector<std::string> suspects;
  std::atomic<bool> over{false};  // no further case begins

  void fail_run(Error error) {
    const std::lock_guard lock(guard);
    if (!trouble) {
      trouble = std::move(error);
    }
    over = true;
  }

  void lose(const std::string& what) {
    const std::lock_guard lock(guard);
    if (lost.empty()) {
      lost = what;
    }
    over = true;
  }

  void suspect(const std::string& id) {
    const std::lock_guard lock(guard);
    suspects.push_back(id);
  }

  // A worker has left what one of the two counts.
  void left(std::atomic<std::size_t>& count) {
    if (--count == 0) {
      std::ranges::for_each(when_quiet, [](const auto& wake) { wake(); });
    }
  }
};

// One case under way, and whether others were meanwhile.
class UnderWay {
 public:
  explicit UnderWay(Board& board)
      : board_(board), begun_(++board.begun), beside_(board.under_way++ > 0) {}
  ~UnderWay() { --board_.under_way; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  bool beside_others() const { return beside_ || board_.begun > begun_; }

 private:
  Board& board_;
  std::size_t begun_;
  bool beside_;
};

}  // namespace parley::engine
