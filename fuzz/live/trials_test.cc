// SPDX-License-Identifier: GPL-3.0-or-later
// What a strike that was drawn becomes once it has been sent.
#include "fuzz/live/trials.h"

#include <gtest/gtest.h>

#include "fuzz/live/layer.h"
#include "harness/engine/played_run.h"

namespace parley::live {
namespace {

const std::string kDrawn =
    "change: { step: message, layer: bytes, mutate: { by: xml, seed: 7 } }\nexpect: survives\n";

class NoBench : public Bench {
 public:
  Result<Volley> together(const std::vector<model::Case>&, const std::function<bool()>&) override {
    return Volley{};
  }
  Result<Volley> apart(const std::vector<model::Case>&, Until, Pace) override { return Volley{}; }
};

// What was sent last of a run, and what shows the run.
struct Struck {
  Bytes octets;
  Shot shot;
};
Struck struck(const engine::CaseRun& run, const std::vector<std::string>& lines) {
  engine::Player player(run);
  player.preamble();
  for (const auto& line : lines) {
    player.play(line);
  }
  const auto tracker = run.tracker();
  engine::Transcript transcript{.case_id = run.one.id, .seed = 5, .runs = {}};
  transcript.runs.push_back(
      {.name = run.cast.name, .values = tracker.scope().values, .events = player.events()});
  return {.octets = player.events().back().octets,
          .shot = {.verdict = {}, .transcript = std::move(transcript)}};
}

model::Case as_sent(const engine::CaseRun& run, const Shot& shot) {
  NoBench bench;
  return Trials(engine::library(), bench, [] { return false; }).as_sent(run.one, "message", shot);
}

TEST(Trials, WriteDownTheOctetsThatADrawnStrikeHasSent) {
  const engine::CaseRun run("relay", kDrawn, model::Party::gatekeeper_server);
  const auto [octets, shot] = struck(run, {"message"});
  const auto sent = as_sent(run, shot);
  const auto& edit = octets_of(*sent.change);
  EXPECT_FALSE(edit.mutate) << "another run's honest octets are mutated to others";
  EXPECT_EQ(sent.id, run.one.id);

  engine::CaseRun again("relay", kDrawn, model::Party::gatekeeper_server);
  again.one = sent;
  again.cast = engine::cast_case(again.one, engine::library())->at(1);
  EXPECT_EQ(struck(again, {"message"}).octets, octets);
}

TEST(Trials, LeaveAStrikeAsItIsThatWasNotSent) {
  const engine::CaseRun run("relay", kDrawn, model::Party::gatekeeper_server);
  auto shot = struck(run, {}).shot;
  EXPECT_TRUE(octets_of(*as_sent(run, shot).change).mutate);
  shot.transcript.reset();
  EXPECT_TRUE(octets_of(*as_sent(run, shot).change).mutate) << "nobody has kept it";
}

}  // namespace
}  // namespace parley::live
