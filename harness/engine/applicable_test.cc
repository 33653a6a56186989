// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/applicable.h"

#include <gtest/gtest.h>

namespace parley::engine {
namespace {

using model::Party;
using Features = std::map<Party, std::vector<std::string>>;

// Of a case of `parties` that needs `needs`, where these declare their features.
std::string why_not(const std::vector<Party>& parties, std::vector<std::string> needs,
                    const Features& declared) {
  model::Case one;
  one.party = Party::third_party_server;
  one.together = parties.front() == Party::third_party_server && parties.size() == 2
                     ? std::optional(parties.back())
                     : std::nullopt;
  one.needs = std::move(needs);
  model::Profile profile;
  profile.settings["key-refresh"] = {"off", "assumed", "", {}};
  std::map<Party, model::Declaration> declarations;
  for (const auto& [party, features] : declared) {
    declarations[party].features = features;
  }
  return why_not_applicable(one, profile, parties, declarations);
}

TEST(WhyNotApplicable, NamesWhatTheSutDoesNotDeclare) {
  const std::vector sut{Party::third_party_client};
  EXPECT_EQ(why_not(sut, {"a", "b"}, {{sut[0], {"a", "b", "c"}}}), "");
  EXPECT_EQ(why_not(sut, {"a", "b", "c"}, {{sut[0], {"b"}}}), "the SUT does not declare a, c");
  EXPECT_EQ(why_not(sut, {"key-refresh"}, {{sut[0], {"key-refresh"}}}),
            "the profile has key-refresh off");
}

TEST(WhyNotApplicable, AsksBothBetweenWhomParleyStands) {
  const std::vector both{Party::gatekeeper_server, Party::third_party_client};
  EXPECT_EQ(why_not(both, {"a"}, {{both[0], {"a"}}, {both[1], {}}}), "the SUT does not declare a");
  EXPECT_EQ(why_not(both, {"a"}, {{both[0], {"a"}}, {both[1], {"a"}}}), "");
}

TEST(WhyNotApplicable, AsksTheOneOrTheOtherOfTwoJudgedTogether) {
  const std::vector both{Party::third_party_server, Party::third_party_client};
  EXPECT_EQ(
      why_not(both, {"pushes", "push-wake"}, {{both[0], {"pushes"}}, {both[1], {"push-wake"}}}),
      "");
  EXPECT_EQ(
      why_not(both, {"pushes", "push-wake"}, {{both[0], {"pushes"}}, {both[1], {"noise-xx"}}}),
      "the SUT does not declare push-wake");
}

TEST(WhyNotApplicable, WantsTheDeclarationsOfBothThatAreJudgedTogether) {
  const std::vector both{Party::third_party_server, Party::third_party_client};
  EXPECT_EQ(why_not(both, {"pushes"}, {{both[0], {"pushes"}}}),
            "it judges third-party.server and third-party.client together: give the declarations "
            "of both");
}

}  // namespace
}  // namespace parley::engine
