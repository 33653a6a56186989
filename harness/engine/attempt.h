// SPDX-License-Identifier: GPL-3.0-or-later
// One attempt at a case, and what can be told from it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "harness/base/rng.h"
#include "harness/engine/result.h"
#include "harness/engine/transcript.h"

namespace parley::engine {

struct Attempt {
  CaseResult result;
  Transcript transcript;
};

// Each repetition has identities of its own, and so has what a resumed run begins anew and what is
// judged again: what an earlier one left at the SUT must not count. `earlier`: verdicts that were
// there before.
inline std::uint64_t seed_of(std::uint64_t seed, int repetition, std::size_t earlier, Turn turn) {
  auto out = earlier == 0 ? seed : Rng(seed).child(fmt::format("resumed/{}", earlier)).next();
  if (repetition > 0) {
    out = Rng(out).child(fmt::format("repetition/{}", repetition)).next();
  }
  return turn == Turn::first ? out : Rng(out).child("again").next();
}

inline bool is_decided(const Attempt& attempt) {
  const auto kind = attempt.result.verdict.kind;
  return kind == model::VerdictKind::pass || kind == model::VerdictKind::fail;
}

// Whether the last run broke where a SUT that died would break it.
inline bool contact_lost(const Transcript& transcript) {
  using Kind = Event::Kind;
  constexpr std::array kEnds{Kind::unreachable, Kind::closed, Kind::failed, Kind::tls_failed};
  return !transcript.runs.empty() &&
         std::ranges::any_of(transcript.runs.back().events, [&](const Event& event) {
           return std::ranges::count(kEnds, event.kind) > 0 ||
                  (event.kind == Kind::broken &&
                   (event.link == "driver" || event.link == "identities"));
         });
}

// Whether the SUT was there in one of the runs that the case carried out itself.
inline bool in_contact(const Transcript& transcript) {
  return std::ranges::any_of(transcript.runs, [](const RunRecord& run) {
    return run.origin.empty() && std::ranges::any_of(run.events, [](const Event& event) {
             return event.kind == Event::Kind::dialled || event.kind == Event::Kind::accepted ||
                    event.kind == Event::Kind::call;
           });
  });
}

inline bool unreachable(const Transcript& transcript) {
  return std::ranges::any_of(transcript.runs.back().events, [](const Event& event) {
    return event.kind == Event::Kind::unreachable;
  });
}

}  // namespace parley::engine
