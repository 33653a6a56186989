// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/passing_over.h"

#include <algorithm>

namespace parley::engine {

bool may_pass_over(const CastRun& run, const CastStep& step) {
  const auto takes_ignoring = [&] {
    return std::ranges::any_of(run.outcomes, [](const model::Outcome& outcome) {
      return outcome.kind == model::Outcome::Kind::ignored;
    });
  };
  return step.consequence && step.role == Role::expect &&
         step.step.kind == model::Step::Kind::shows && run.may_complete() && takes_ignoring();
}

}  // namespace parley::engine
