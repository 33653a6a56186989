// SPDX-License-Identifier: GPL-3.0-or-later
// Casting of a third party's server together with its client, the gatekeeper played.
#include <gtest/gtest.h>

#include "harness/engine/cast.h"
#include "harness/model/case_loader.h"
#include "harness/model/flow_loader.h"

namespace parley::engine {
namespace {

using model::Party;

constexpr const char* kWoken = R"(
flow: woken
profile: p
title: A client connects once its server has it woken
actors: { alice: third-party.client, partner: third-party.server, server: gatekeeper.server }
steps:
  - { id: ready, does: await, at: alice }
  - { id: woken, shows: pushed, at: partner }
  - { id: dial, connect: alice -> server }
  - { id: open, sends: alice -> server, message: open }
  - { id: header, sends: server -> alice, message: header }
)";
constexpr const char* kCase = R"(
case: partner-woken
title: A case of a test
profile: p
verifies: X-1
party: third-party.server
together: third-party.client
flow: woken
)";

TEST(CastTogether, HasBothUnderTestAndTheGatekeeperPlayed) {
  model::Problems problems;
  model::Library library;
  auto& profile = library.profiles["p"];
  profile.name = "p";
  profile.forms["open"].name = "open";
  profile.forms["header"].name = "header";
  const std::vector flows{*model::parse_document("flow.yaml", kWoken, problems)};
  library.flows = model::load_flows(flows, library.profiles, problems);
  const auto document = *model::parse_document("case.yaml", kCase, problems);
  const auto one = model::cases_of(document, "test", problems).at(0);
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  const std::vector both{Party::third_party_server, Party::third_party_client};
  const auto runs = cast_case(one, library);
  ASSERT_TRUE(runs) << runs.error();
  const auto& run = runs->front();
  EXPECT_EQ(one.suts(), both);
  EXPECT_EQ(run.suts, both);
  const std::vector roles{Role::send, Role::expect, Role::expect, Role::expect, Role::send};
  ASSERT_EQ(run.steps.size(), roles.size());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    EXPECT_EQ(run.steps[i].role, roles[i]) << run.steps[i].step.id;
    EXPECT_FALSE(run.steps[i].inferred) << run.steps[i].step.id;
  }
  EXPECT_FALSE(run.between("alice"));
  EXPECT_EQ(run.far_end("alice"), Party::third_party_client);
  EXPECT_EQ(run.far_end("partner"), Party::third_party_server);
  EXPECT_EQ(run.far_end("server/partner"), Party::third_party_server);
}

}  // namespace
}  // namespace parley::engine
