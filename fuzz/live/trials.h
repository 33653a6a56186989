// SPDX-License-Identifier: GPL-3.0-or-later
// A strike that failed, tried again: whether it fails again, written down octet
// by octet, and with how few of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/live/bench.h"
#include "fuzz/live/patch.h"
#include "harness/model/library.h"

namespace parley::live {

// What has failed, and how.
struct Failed {
  model::Case one;
  model::Verdict verdict;
  std::string form;  // of the message that was changed
};

class Trials {
 public:
  Trials(const model::Library& library, Bench& bench, std::function<bool()> stop)
      : library_(library), bench_(bench), stop_(std::move(stop)) {}

  // The same strike with the octets that `shot` shows to have been sent: a mutator makes others of
  // another run's honest ones. Unchanged where it shows none, or where none stay from run to run
  // (what is encrypted). `form` names the message that is changed.
  model::Case as_sent(const model::Case& one, const std::string& form, const Shot& shot) const;
  // What each gives by itself, by its own id: in a volley a SUT may fail
  // because of another one. Errors: as Bench.
  Result<std::map<std::string, Shot>> by_itself(const std::vector<model::Case>& cases);
  // Whether it fails in that way at least twice in three times. Errors: as
  // Bench.
  Result<bool> fails_again(const Failed& failed);
  // The same change octet by octet, if that fails again: as few as may be.
  // Nullopt where it does not. `transcript` is that of the failed case. Errors:
  // as Bench.
  struct Written {
    model::Case one;
    std::size_t octets = 0;  // that stand in place of honest ones
  };
  Result<std::optional<Written>> written_out(const Failed& failed,
                                             const engine::Transcript& transcript);
  // Whether a SUT survives the strike where nothing is mutated: else the step is not one to strike
  // at, for what comes after it hangs on what it says. Errors: as Bench.
  Result<bool> stands_unmutated(const model::Case& one);
  // Whether the flow of `one` works unchanged; true where that cannot be told.
  Result<bool> still_serves(const model::Case& one);

 private:
  // The index of the first of `cases` that fails in that way.
  std::optional<std::size_t> first_that_fails(std::vector<model::Case> cases, const Failed& failed);
  model::Case renamed(model::Case one);
  Result<bool> passes(const model::Case& one);

  const model::Library& library_;
  Bench& bench_;
  std::function<bool()> stop_;
  std::uint64_t tries_ = 0;
  std::optional<Error> trouble_{};  // of a trial among candidates
};

}  // namespace parley::live
