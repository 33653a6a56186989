// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/conductor.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/engine/cast.h"
#include "harness/engine/live_run.h"

namespace parley::engine {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

asio::awaitable<Transcript> conduct(const model::Case& one, Workshop& workshop) {
  Transcript transcript{
      .case_id = one.id, .seed = workshop.seed, .suts = workshop.suts, .runs = {}};
  transcript.runs.reserve(4);  // runs refer to their records
  const auto casts = cast_case(one, workshop.library, workshop.suts);
  if (!casts) {
    co_return transcript;
  }
  const auto began = Clock::now();
  const auto executor = co_await asio::this_coro::executor;
  for (const auto& cast : *casts) {
    SharedRuns::Taken taken;
    if (cast.name == "before" || cast.name == "twin" || cast.name == "after") {
      taken = co_await workshop.shared.take(
          fmt::format("{} seed {}", shared_name(cast, one.row), workshop.seed),
          cast.name == "after" ? SharedRuns::When::from_now_on : SharedRuns::When::recently);
      if (taken.record != nullptr) {
        transcript.runs.push_back(*taken.record);
        continue;
      }
    }
    LiveRun run(cast, workshop, transcript, one.row, began, executor);
    co_await run.carry_out(one.soils);
    if (!run.as_it_must()) {
      break;  // a further run could not tell anything
    }
    taken.claim.done(run.record(), one.id);
  }
  co_return transcript;
}

}  // namespace parley::engine
