// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/mirror.h"

#include <gtest/gtest.h>

#include <utility>

namespace parley::model {
namespace {

Profile with_logins() {
  Profile out;
  out.name = "p";
  out.probe = "alive";
  out.probes = {{Party::third_party_server, "asked"}};
  for (const auto* form : {"login", "login-native", "message"}) {
    out.forms[form].name = form;
  }
  out.forms["login-native"].mirrors = "login";
  return out;
}

Step says(std::string id, std::string from, std::string form) {
  Step out;
  out.id = std::move(id);
  out.from = std::move(from);
  out.to = "server";
  out.form = std::move(form);
  return out;
}

Flow greeting() {
  Flow out;
  out.name = "greeting";
  out.profile = "p";
  out.between = true;
  out.actors = {{"alice", Party::third_party_client},
                {"bob", Party::gatekeeper_client},
                {"server", Party::gatekeeper_server},
                {"partner", Party::third_party_server}};
  out.steps = {says("in", "alice", "login"), says("in-too", "bob", "login-native"),
               says("say", "alice", "message")};
  out.steps.push_back(says("press", "alice", "login"));  // a button that is called like a message
  out.steps.back().kind = Step::Kind::does;
  return out;
}

TEST(MirroredFlow, ExchangesTheClientsOfBothSidesAndNothingElse) {
  const auto flow = mirrored(greeting(), Party::gatekeeper_client, with_logins());
  EXPECT_EQ(flow.name, "greeting@gatekeeper.client");
  EXPECT_FALSE(flow.between);
  EXPECT_EQ(flow.actors.at("alice"), Party::gatekeeper_client);
  EXPECT_EQ(flow.actors.at("bob"), Party::third_party_client);
  EXPECT_EQ(flow.actors.at("server"), Party::gatekeeper_server);
  EXPECT_EQ(flow.actors.at("partner"), Party::third_party_server);
}

TEST(MirroredFlow, HasEachSideSayItsOwnForm) {
  const auto flow = mirrored(greeting(), Party::gatekeeper_client, with_logins());
  EXPECT_EQ(flow.steps[0].form, "login-native");
  EXPECT_EQ(flow.steps[1].form, "login");
  EXPECT_EQ(flow.steps[2].form, "message");
  EXPECT_EQ(flow.steps[3].form, "login");
}

TEST(MirroredFlow, IsTheFlowAgainWhenItIsMirroredTwice) {
  const auto profile = with_logins();
  const auto once = mirrored(greeting(), Party::gatekeeper_client, profile);
  const auto twice = mirrored(once, Party::third_party_client, profile);
  EXPECT_EQ(twice.actors, greeting().actors);
  for (std::size_t i = 0; i < twice.steps.size(); ++i) {
    EXPECT_EQ(twice.steps[i].form, greeting().steps[i].form);
  }
}

TEST(MirroredCase, IsACaseOfItsOwnThatNamesTheOther) {
  Case one;
  one.id = "suite/greets/row";
  one.flow = "greeting";
  one.party = Party::third_party_client;
  one.mirror = Party::gatekeeper_client;
  FlowEdit inserts;
  inserts.form = "login";
  one.change = Change{.step = "say", .edit = inserts};
  one.never = {says("never-1", "alice", "login")};
  const auto mirror = mirrored(one, with_logins());
  EXPECT_EQ(mirror.id, "suite/greets/row@gatekeeper.client");
  EXPECT_EQ(mirror.mirrors, one.id);
  EXPECT_EQ(mirror.mirror, std::nullopt);
  EXPECT_EQ(mirror.flow, "greeting@gatekeeper.client");
  EXPECT_EQ(mirror.party, Party::gatekeeper_client);
  EXPECT_EQ(mirror.never.front().form, "login-native");
  EXPECT_EQ(std::get<FlowEdit>(mirror.change->edit).form, "login-native");
}

Case to_mirror() {
  Case out;
  out.party = Party::third_party_client;
  out.mirror = Party::gatekeeper_client;
  return out;
}

Requirement binding(std::vector<Party> parties) {
  Requirement out;
  out.id = "R-1";
  out.binds = std::move(parties);
  return out;
}

std::string first_wrong(const Case& one, const Flow& flow, const Requirement& requirement) {
  const auto wrong = wrong_with_mirror(one, flow, requirement);
  return wrong.empty() ? "" : wrong.front().message;
}

TEST(WrongWithMirror, IsNothingWhereBothSidesAreBoundToTheSame) {
  const auto both = binding({Party::third_party_client, Party::gatekeeper_client});
  EXPECT_EQ(first_wrong(to_mirror(), greeting(), both), "");
}

TEST(WrongWithMirror, IsWhatOneSideDoesNotHave) {
  const auto both = binding({Party::third_party_client, Party::gatekeeper_client});
  EXPECT_EQ(first_wrong(to_mirror(), greeting(), binding({Party::third_party_client})),
            "R-1 does not bind gatekeeper.client");
  auto asks = greeting();
  asks.steps.push_back(says("upload", "alice", "message"));
  asks.steps.back().to = "partner";
  EXPECT_NE(first_wrong(to_mirror(), asks, both).find("in step 'upload'"), std::string::npos);
  auto special = greeting();
  special.accounts = {{"alice", "second-partner"}};
  EXPECT_NE(first_wrong(to_mirror(), special, both).find("accounts"), std::string::npos);
  auto token = to_mirror();
  token.change = Change{.step = "in", .edit = TokenEdit{}};
  EXPECT_NE(first_wrong(token, greeting(), both).find("token"), std::string::npos);
  auto together = to_mirror();
  together.together = Party::third_party_server;
  EXPECT_NE(first_wrong(together, greeting(), both), "");
}

TEST(ProbeOf, IsTheMirrorForAClientOfTheGatekeepersOwn) {
  const auto profile = with_logins();
  EXPECT_EQ(profile.probe_of(Party::third_party_client), "alive");
  EXPECT_EQ(profile.probe_of(Party::gatekeeper_client), "alive@gatekeeper.client");
  EXPECT_EQ(profile.probe_of(Party::third_party_server), "asked");
}

}  // namespace
}  // namespace parley::model
