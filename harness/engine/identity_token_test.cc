// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/identity_token.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/verify.h"

namespace parley::engine {
namespace {

namespace jose = crypto::jose;
using enum jose::Refusal;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

const TokenContents kContents{.subject = "4912",
                              .issuer = "https://a.test",
                              .audience = "https://b.test",
                              .type = "JWT",
                              .lifetime = "5m"};

Scope scope() {
  return {.values = {{"identity.seed", "7"},
                     {"noise.now", "1800000000"},
                     {"setting.integrator", "12"},
                     {"setting.token-issuer", "https://a.test"},
                     {"setting.token-audience", "https://b.test"},
                     {"setting.token-type", "JWT"},
                     {"setting.token-lifetime", "5m"}},
          .rng = Rng(3)};
}

// As a gatekeeper looks at it that was told of the service; nothing when it is right.
std::optional<jose::Refusal> refusal_of(const std::string& token) {
  const auto partner = partner_of(scope());
  EXPECT_TRUE(partner) << partner.error();
  const auto keys = jose::read_jwks((*partner)["jwks"].get<std::string>());
  EXPECT_TRUE(keys) << keys.error();
  const auto ring = jose::KeyRing::make(keys->keys);
  jose::Policy policy;
  policy.type = "JWT";
  policy.issuer = "https://a.test";
  policy.audience = "https://b.test";
  policy.subject = "4912";
  const auto verified = jose::verify(token, *ring, policy, kNow);
  return verified ? std::nullopt : std::optional(verified.error().reason);
}

std::optional<jose::Refusal> refusal_of(const model::TokenEdit& edit) {
  const auto honest = honest_token(scope(), kContents);
  EXPECT_TRUE(honest) << honest.error();
  const auto changed = changed_token(*honest, edit, scope());
  EXPECT_TRUE(changed) << changed.error();
  return changed ? refusal_of(*changed) : std::nullopt;
}

TEST(HonestToken, IsTakenByWhoKnowsTheService) {
  const auto token = honest_token(scope(), kContents);
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(refusal_of(*token), std::nullopt);
  EXPECT_EQ(*token, *honest_token(scope(), kContents));
}

TEST(HonestToken, NeedsAKeyAndALifetime) {
  auto without = scope();
  without.values.erase("identity.seed");
  EXPECT_EQ(honest_token(without, kContents).error().code, Errc::not_found);
  auto contents = kContents;
  contents.lifetime = "a while";
  EXPECT_EQ(honest_token(scope(), contents).error().code, Errc::malformed);
}

// As who knows that published set of keys looks at a token that one of them has signed.
std::optional<jose::Refusal> refusal_of(const std::string& signer, const std::string& published) {
  auto contents = kContents;
  contents.key = signer;
  const auto set = published_keys(scope(), published, "");
  EXPECT_TRUE(set) << set.error();
  const auto ring = jose::KeyRing::make(jose::read_jwks(*set)->keys);
  const jose::Policy policy{.type = "JWT",
                            .issuer = contents.issuer,
                            .audience = contents.audience,
                            .subject = contents.subject};
  const auto verified = jose::verify(*honest_token(scope(), contents), *ring, policy, kNow);
  return verified ? std::nullopt : std::optional(verified.error().reason);
}

TEST(PublishedKeys, AreThoseWhoseNamesAreGiven) {
  EXPECT_EQ(refusal_of("old", "old"), std::nullopt);
  EXPECT_EQ(refusal_of("new", "old,new"), std::nullopt);
  EXPECT_EQ(refusal_of("", ""), std::nullopt);
  EXPECT_EQ(refusal_of("new", "old"), kid_unknown);
  EXPECT_EQ(jose::read_jwks(*published_keys(scope(), "old,new", ""))->keys.size(), 2U);
}

TEST(PublishedKeys, AreTooShortWhereTheNameSaysSo) {
  EXPECT_EQ(refusal_of("rsa-1024", "old,rsa-1024"), std::nullopt);
  const auto set = *jose::read_jwks(*published_keys(scope(), "rsa-1024", ""));
  EXPECT_EQ(jose::rsa_bits(set.keys.at(0)), 1024U);
}

TEST(PublishedKeys, HaveTheDefectThatIsAskedFor) {
  const auto set = published_keys(scope(), "old", "private-members");
  ASSERT_TRUE(set) << set.error();
  EXPECT_NE(set->find("\"d\""), std::string::npos);
  EXPECT_EQ(published_keys(scope(), "old", "no-such-defect").error().code, Errc::not_found);
}

TEST(ChangedToken, SaysWhatTheChangeSaysAndIsSignedAnew) {
  EXPECT_EQ(refusal_of(model::TokenEdit{}), std::nullopt);
  EXPECT_EQ(refusal_of({.set = {{"parley", "{\"a\":[1]}"}}}), std::nullopt);
  EXPECT_EQ(refusal_of({.set = {{"exp", "${from-now('-2m')}"}}}), expired);
  EXPECT_EQ(refusal_of({.set = {{"exp", "\"1800000100\""}}}), claim_wrong_type);
  EXPECT_EQ(refusal_of({.set = {{"iss", "https://a.test/"}}}), issuer_wrong);
  EXPECT_EQ(refusal_of({.header = {{"typ", "at+jwt"}}}), type_wrong);
  EXPECT_EQ(refusal_of({.remove = {"aud"}}), claim_missing);
  EXPECT_EQ(refusal_of({.remove = {"header/alg"}}), alg_missing);
}

TEST(ChangedToken, IsSignedByWhomTheChangeNames) {
  EXPECT_EQ(refusal_of({.sign = "client"}), signature_wrong);
  EXPECT_EQ(refusal_of({.header = {{"kid", "unheard-of"}}, .sign = "client"}), kid_unknown);
}

TEST(ChangedToken, IsMadeOfATokenAlone) {
  for (const auto* text : {"", "pw", "a.b", "a.b.c", "e30.W10.x"}) {
    EXPECT_FALSE(changed_token(text, {}, scope())) << text;
  }
}

TEST(FromNow, CountsInTheUnitsOfTheClock) {
  EXPECT_EQ(from_now(scope(), "0s"), "1800000000");
  EXPECT_EQ(from_now(scope(), "-90s"), "1799999910");
  EXPECT_EQ(from_now(scope(), "+5m"), "1800000300");
  EXPECT_EQ(from_now(scope(), "1d"), "1800086400");
  for (const auto* wrong :
       {"", "s", "5", "5w", "x5s", "+", "+-5s", "++5s", "9223372036854775807y"}) {
    EXPECT_FALSE(from_now(scope(), wrong)) << wrong;
  }
}

}  // namespace
}  // namespace parley::engine
