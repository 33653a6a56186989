// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/monitor_encryption.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/engine/asking_gatekeeper.h"

namespace parley::engine {
namespace {

constexpr const char* kSealed = R"(
flow: one
profile: whatsapp
content: signal
title: A user writes to another
actors: { alice: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
steps:
  - { id: say, does: send, at: alice, with: { to: "${bob.bare}", text: "a note for bob" } }
)";

struct Shown {
  const char* name;
  nlohmann::json text;
  std::string reason;  // of the finding; empty for none
};
class SealedShownOnce : public testing::TestWithParam<Shown> {};

// Of a run in which alice has written "a note for bob".
TEST_P(SealedShownOnce, FindsWhatNobodyWrote) {
  const auto library = with_flow(kSealed);
  const auto one = case_with("");
  const auto runs = cast_case(one, library, {model::Party::third_party_client});
  ASSERT_TRUE(runs) << runs.error();
  const auto& run = runs->front();
  Tracker tracker(run, {{"alice.bare", "12-491@interop"}, {"bob.bare", "492@s.whatsapp.net"}},
                  Rng(1));
  tracker.feed({.kind = Event::Kind::call,
                .link = "alice",
                .step = "say",
                .data = {{"text", "a note for bob"}}});
  RunRecord record;
  record.events.push_back({.kind = Event::Kind::notice,
                           .link = "alice",
                           .text = "received",
                           .data = {{"text", GetParam().text}}});
  const Watched watched{.run = run,
                        .tracker = tracker,
                        .record = record,
                        .sut = model::Party::third_party_client,
                        .seen = {},
                        .sent = {},
                        .ephemerals = {}};
  const auto finding = sealed_shown_once(watched);
  EXPECT_EQ(finding ? finding->reason : "", GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(Rows, SealedShownOnce,
                         testing::Values(Shown{"Whole", "a note for bob", ""},
                                         Shown{"Cut", "a note", "shown, but nobody wrote it"},
                                         Shown{"Garbled", "a note for bob\x01",
                                               "shown, but nobody wrote it"},
                                         Shown{"Empty", "", "shown, but nobody wrote it"},
                                         Shown{"NoText", nullptr, "shown, but nobody wrote it"}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::engine
