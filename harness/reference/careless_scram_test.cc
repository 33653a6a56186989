// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/careless_scram.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::reference {
namespace {

const std::string kBare = "n=romeo,r=client";
const std::string kServerFirst = "r=clientserver,s=c2FsdA==,i=4096";

crypto::ScramCredentials credentials() {
  return crypto::scram_credentials("rosaline", "salt", 4096);
}

std::string answer_to(const std::string& client_final) {
  return scram_answer_to_proof(credentials(), kBare, kServerFirst, client_final);
}

TEST(ScramAnswerToProof, IsTheServersSignatureForAnHonestClient) {
  const auto final = crypto::scram_client_final("rosaline", "n,," + kBare, kServerFirst);
  ASSERT_TRUE(final);
  const auto right = crypto::scram_server_final(credentials(), "n,," + kBare, kServerFirst, *final);
  ASSERT_TRUE(right);
  EXPECT_EQ(answer_to(*final), *right);
}

TEST(ScramAnswerToProof, TakesAnotherChannelBindingWithTheRightProof) {
  const auto final = crypto::scram_client_final("rosaline", "y,," + kBare, kServerFirst);
  ASSERT_TRUE(final);
  EXPECT_TRUE(answer_to(*final).starts_with("v=")) << *final;
}

TEST(ScramAnswerToProof, TakesAnotherNonceWithTheRightProof) {
  // The same octets are signed when the client's part counts as the server's first message.
  const auto final =
      crypto::scram_client_final("rosaline", "n,,n=romeo", "r=client," + kServerFirst);
  ASSERT_TRUE(final);
  EXPECT_NE(final->find("r=client,"), std::string::npos);
  EXPECT_TRUE(answer_to(*final).starts_with("v=")) << *final;
}

TEST(ScramAnswerToProof, TakesNoProofByAnotherPassword) {
  const auto final = crypto::scram_client_final("nurse", "n,," + kBare, kServerFirst);
  ASSERT_TRUE(final);
  EXPECT_EQ(answer_to(*final), "");
}

TEST(ScramAnswerToProof, TakesNothingWithoutAProof) {
  EXPECT_EQ(answer_to("c=biws,r=clientserver"), "");
  EXPECT_EQ(answer_to("c=biws,r=clientserver,p=AAAA"), "");
  EXPECT_EQ(answer_to(""), "");
}

}  // namespace
}  // namespace parley::reference
