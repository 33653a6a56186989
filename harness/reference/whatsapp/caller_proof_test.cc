// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/caller_proof.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace parley::reference::whatsapp {
namespace {

using nlohmann::json;

TEST(CallerProofOf, IsWhatTheDriverSays) {
  EXPECT_EQ(*caller_proof_of({{"authentication", "signature"}}), CallerProof::signature);
  EXPECT_EQ(*caller_proof_of({{"authentication", "bearer"}, {"secret", "00"}}),
            CallerProof::bearer);
  EXPECT_EQ(*caller_proof_of({{"authentication", "mutual-tls"}}), CallerProof::certificate);
  EXPECT_FALSE(caller_proof_of({{"authentication", "Bearer"}}));
  EXPECT_FALSE(caller_proof_of({{"authentication", 1}}));
}

TEST(CallerProofOf, FollowsFromTheSecretWhereItIsNotSaid) {
  EXPECT_EQ(*caller_proof_of({{"secret", "00"}}), CallerProof::signature);
  EXPECT_EQ(*caller_proof_of({{"client_name", "a.test"}}), CallerProof::certificate);
}

TEST(BearerCredential, IsWhatStandsBehindTheScheme) {
  EXPECT_EQ(bearer_credential("Bearer x"), "x");
  EXPECT_EQ(bearer_credential("bEARER   x"), "x");
  for (const auto* none : {"", "Bearer", "Bearer ", "Bearer  ", "Basic x", "x", "Bearerx"}) {
    EXPECT_EQ(bearer_credential(none), std::nullopt) << none;
  }
}

TEST(IsSecret, TakesTheWholeSecretAlone) {
  const SecretBytes secret("secret");
  EXPECT_TRUE(is_secret("736563726574", secret));
  for (const auto* other : {"", "secret", "7365637265", "73656372657400", "736563726575"}) {
    EXPECT_FALSE(is_secret(other, secret)) << other;
  }
  EXPECT_FALSE(is_secret("", SecretBytes()));
}

}  // namespace
}  // namespace parley::reference::whatsapp
