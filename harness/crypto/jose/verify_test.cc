// SPDX-License-Identifier: GPL-3.0-or-later
// What forgeries do not reach: rules of the policy, keys of a ring. Refusals by forged tokens are
// in forgery_test.cc.
#include "harness/crypto/jose/verify.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"

namespace parley::crypto::jose {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

const PrivateKey& signer() {
  static const PrivateKey key = [] {
    Rng rng(31);
    return *make_key(KeyKind::ec_p256, rng);
  }();
  return key;
}

const std::string& header() {
  static const std::string text = R"({"alg":"ES256","kid":")" + signer().public_key.kid + R"("})";
  return text;
}
constexpr std::string_view kClaims =
    R"({"iss":"i","sub":"s","aud":"a","iat":1800000000,"exp":1800000060,)"
    R"("cnf":{"nk":"right","n":1}})";

Policy policy() {
  Policy out;
  out.issuer = "i";
  out.audience = "a";
  return out;
}

KeyRing ring_of(const std::vector<PublicKey>& keys) { return std::move(*KeyRing::make(keys)); }

std::string outcome(std::string_view token, const KeyRing& ring, const Policy& rules) {
  const auto verified = verify(token, ring, rules, kNow);
  return verified ? "accepted" : std::string(to_string(verified.error().reason));
}
std::string outcome_of_claims(std::string_view claims, const Policy& rules) {
  return outcome(*sign_honestly(header(), claims, signer()), ring_of({signer().public_key}), rules);
}

TEST(Verify, FindsTheKeyByItsNameOrByBeingTheOnlyOne) {
  Rng rng(32);
  const auto other = make_key(KeyKind::ec_p256, rng)->public_key;
  const auto rsa = make_key(KeyKind::rsa_1024, rng)->public_key;
  const auto& own = signer().public_key;
  const auto named = *sign_honestly(header(), kClaims, signer());
  const auto nameless = *sign_honestly(R"({"alg":"ES256"})", kClaims, signer());
  Policy lax = policy();
  lax.key_ids = KeyIds::optional;
  EXPECT_EQ(outcome(named, ring_of({other, own}), policy()), "accepted");
  EXPECT_EQ(outcome(named, ring_of({other}), policy()), "kid-unknown");
  EXPECT_EQ(outcome(named, ring_of({own, own}), policy()), "kid-ambiguous");
  EXPECT_EQ(outcome(nameless, ring_of({own}), policy()), "kid-missing");
  EXPECT_EQ(outcome(nameless, ring_of({rsa, own}), lax), "accepted");
  EXPECT_EQ(outcome(nameless, ring_of({other, own}), lax), "kid-missing");
  PublicKey renamed = rsa;
  renamed.kid = own.kid;
  EXPECT_EQ(outcome(named, ring_of({renamed, own}), policy()), "accepted");
  EXPECT_EQ(outcome(named, ring_of({renamed}), policy()), "key-unfit");
  PublicKey encrypts = own;
  encrypts.use = "enc";
  EXPECT_EQ(outcome(named, ring_of({encrypts}), policy()), "key-unfit");
}

TEST(Verify, TakesTheAlgorithmsOfThePolicyAlone) {
  Policy rules = policy();
  EXPECT_EQ(outcome_of_claims(kClaims, rules), "accepted");
  rules.algorithms = {Algorithm::rs256};
  EXPECT_EQ(outcome_of_claims(kClaims, rules), "alg-not-allowed");
  rules.algorithms = {};
  EXPECT_EQ(outcome_of_claims(kClaims, rules), "alg-not-allowed");
}

TEST(Verify, WantsTheClaimsOfThePolicy) {
  Policy rules = policy();
  for (const auto* name : {"iss", "sub", "aud", "exp", "iat"}) {
    Json claims = *read_json(kClaims);
    remove_member(claims, name);
    EXPECT_EQ(outcome_of_claims(write_json(claims), rules), "claim-missing") << name;
  }
  rules.required_claims = {"jti"};
  EXPECT_EQ(outcome_of_claims(kClaims, rules), "claim-missing");
  rules.required_claims.clear();
  Json claims = *read_json(kClaims);
  remove_member(claims, "exp");
  EXPECT_EQ(outcome_of_claims(write_json(claims), rules), "accepted");
  remove_member(claims, "iss");
  EXPECT_EQ(outcome_of_claims(write_json(claims), rules), "claim-missing");
}

TEST(Verify, ComparesTheBindingToTheConnectionsKey) {
  Policy rules = policy();
  const auto bound = [&](std::string claim, std::string value) {
    rules.binding = Binding{.claim = std::move(claim), .value = std::move(value)};
    return outcome_of_claims(kClaims, rules);
  };
  EXPECT_EQ(bound("cnf/nk", "right"), "accepted");
  EXPECT_EQ(bound("cnf/nk", "other"), "binding-wrong");
  EXPECT_EQ(bound("cnf/x", "right"), "claim-missing");
  EXPECT_EQ(bound("sub/nk", "right"), "claim-missing");
  EXPECT_EQ(bound("cnf/n", "1"), "claim-wrong-type");
}

TEST(Verify, BoundsSizeBeforeItLooksAtAnything) {
  Policy rules = policy();
  const auto token = *sign_honestly(header(), kClaims, signer());
  rules.limits.max_octets = token.size();
  EXPECT_EQ(outcome(token, ring_of({signer().public_key}), rules), "accepted");
  rules.limits.max_octets = token.size() - 1;
  EXPECT_EQ(outcome(token, ring_of({signer().public_key}), rules), "too-large");
}

// cjose's JSON reader takes neither.
TEST(Verify, ReadsHeadersThatCjoseDoesNot) {
  for (const auto* odd : {R"("x":"\u0000")", R"("x":18446744073709551615)", R"("x":-1e-400)"}) {
    const std::string text =
        R"({"alg":"ES256","kid":")" + signer().public_key.kid + "\"," + odd + "}";
    auto token = *sign_honestly(text, kClaims, signer());
    const auto ring = ring_of({signer().public_key});
    EXPECT_EQ(outcome(token, ring, policy()), "accepted") << odd;
    token[token.rfind('.') + 1] = token[token.rfind('.') + 1] == 'A' ? 'B' : 'A';
    EXPECT_EQ(outcome(token, ring, policy()), "signature-wrong") << odd;
  }
}

TEST(Verify, FindsAKeyWhoseNameCjoseDoesNotTake) {
  PublicKey key = signer().public_key;
  key.kid = std::string("a\0b", 3);
  const auto ring = KeyRing::make(std::vector<PublicKey>{key});
  ASSERT_TRUE(ring) << ring.error();
  const auto token = *sign_honestly(R"({"alg":"ES256","kid":"a\u0000b"})", kClaims, signer());
  EXPECT_EQ(outcome(token, *ring, policy()), "accepted");
}

TEST(Refusals, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    EXPECT_TRUE(names.insert(to_string(static_cast<Refusal>(i))).second);
  }
  EXPECT_FALSE(names.contains(""));
}

TEST(ReadToken, SaysWhereInTheTokenALetterIsWrong) {
  const auto token = read_token("eyJhbGciOiJFUzI1NiJ9.e30 .AA");
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().reason, Refusal::base64_white_space);
  EXPECT_EQ(token.error().offset, 24U);
}

// RFC 7515 appendix A.5: an unsecured token.
TEST(ReadToken, KnownAnswerOfRfc7515A5IsUnsecured) {
  const auto token = read_token(
      "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
      "vbS9pc19yb290Ijp0cnVlfQ.");
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().reason, Refusal::alg_none);
}

}  // namespace
}  // namespace parley::crypto::jose
