// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/secrets.h"

#include <gtest/gtest.h>

#include "harness/base/text.h"

namespace parley::engine {
namespace {

const std::set<std::string> kSecrets{"0123456789abcdef", "eyJhbGciOi.x.y"};

TEST(Secrets, AreWhatIsCalledSoAndLongEnough) {
  EXPECT_EQ(secrets_of({{"alice.password", "0123456789abcdef"},
                        {"bob.password", "short"},
                        {"finish.token", "eyJhbGciOi.x.y"},
                        {"alice.user", "4912345678901"},
                        {"token", "not of anything"}}),
            kSecrets);
}

TEST(Secrets, AreHiddenWhereverTheyStand) {
  EXPECT_EQ(without_secrets("a 0123456789abcdef, eyJhbGciOi.x.y0123456789abcdef", kSecrets),
            "a ****************, ******************************");
}

TEST(Secrets, AreHiddenAsAWholeWhereOneBeginsAnother) {
  EXPECT_EQ(without_secrets("proof-1-and-2", {"proof-1-", "proof-1-and-2"}), std::string(13, '*'));
}

TEST(Secrets, MayBeStarsThemselves) {
  EXPECT_EQ(without_secrets("a ******** b", {"********"}), "a ******** b");
}

TEST(Secrets, AreHiddenWhereTheTextIsCut) {
  EXPECT_EQ(without_secrets(printable("token 0123456789abcdef", 16), kSecrets),
            "token **********… (22 octets)");
  EXPECT_EQ(without_secrets(printable("token 0123456789abcdef", 9), kSecrets),
            "token 012… (22 octets)");
}

TEST(Secrets, AreHiddenInEachTextOfAVerdict) {
  const std::string secret = "0123456789abcdef";
  model::Verdict verdict;
  verdict.reason = verdict.sent = verdict.expected = verdict.came = verdict.difference = secret;
  const auto hidden = without_secrets(verdict, kSecrets);
  for (const auto& text :
       {hidden.reason, hidden.sent, hidden.expected, hidden.came, hidden.difference}) {
    EXPECT_EQ(text, std::string(secret.size(), '*'));
  }
}

TEST(Secrets, AreFound) {
  EXPECT_TRUE(holds_any("/v1?token=eyJhbGciOi.x.y", kSecrets));
  EXPECT_FALSE(holds_any("/v1?token=eyJhbGciOi.x", kSecrets));
}

}  // namespace
}  // namespace parley::engine
