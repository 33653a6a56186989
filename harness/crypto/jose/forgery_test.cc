// SPDX-License-Identifier: GPL-3.0-or-later
// Each forgery is refused by verify() with the reason that its row names; the honest twin is
// accepted, with every key.
#include "harness/crypto/jose/forgery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/verify.h"

namespace parley::crypto::jose {
namespace {

using std::chrono::seconds;

constexpr std::chrono::sys_seconds kNow{seconds(1'800'000'000)};

struct Side {
  ForgeryInput input;
  KeyRing ring;
  Policy policy;
};

// Header and claims as an honest issuer has them, the attacker's key not among the published ones.
Side side_of(KeyKind kind) {
  Rng rng(11);
  auto signer = make_key(kind, rng);
  auto stranger = make_key(kind, rng);
  const std::string algorithm(to_string(usual_algorithm(signer->public_key)));
  Side out;
  out.input.header =
      R"({"alg":")" + algorithm + R"(","typ":"JWT","kid":")" + signer->public_key.kid + R"("})";
  out.input.claims =
      R"({"iss":"https://id.tp.example","sub":"alice@tp.example","aud":"https://gk.example",)"
      R"("iat":1800000000,"exp":1800000240,"jti":"one"})";
  out.input.now = kNow;
  out.policy.algorithms = {usual_algorithm(signer->public_key)};
  out.policy.issuer = "https://id.tp.example";
  out.policy.audience = "https://gk.example";
  out.policy.subject = "alice@tp.example";
  out.policy.type = "JWT";
  const std::vector<PublicKey> published{signer->public_key};
  out.ring = std::move(*KeyRing::make(published));
  out.input.signer = std::move(*signer);
  out.input.stranger = std::move(*stranger);
  return out;
}

const Side& es256() {
  static const Side side = side_of(KeyKind::ec_p256);
  return side;
}
const Side& rs256() {
  static const Side side = side_of(KeyKind::rsa_2048);
  return side;
}

std::string outcome(const Side& side, std::string_view token, const Policy& policy) {
  const auto verified = verify(token, side.ring, policy, kNow);
  return verified ? "accepted" : std::string(to_string(verified.error().reason));
}

Policy strict(Policy policy) {
  policy.fractional_times = FractionalTimes::refused;
  policy.other_audiences = OtherAudiences::refused;
  return policy;
}

void check_row(const Side& side, const Forgery& forgery) {
  const auto token = forge(forgery.name, side.input);
  if (!token) {
    // Only RSA lacks something: two halves of a signature.
    EXPECT_EQ(token.error().code, Errc::unsupported) << token.error();
    EXPECT_EQ(side.input.signer.public_key.type, KeyType::rsa) << token.error();
    return;
  }
  EXPECT_EQ(forge(forgery.name, side.input), token) << "not the same twice";
  const std::string refused(to_string(forgery.refusal));
  if (forgery.acceptance == Acceptance::never) {
    EXPECT_EQ(outcome(side, *token, side.policy), refused);
  } else {
    const auto lax = outcome(side, *token, side.policy);
    const auto hard = outcome(side, *token, strict(side.policy));
    EXPECT_TRUE(lax == "accepted" || lax == refused) << lax;
    EXPECT_TRUE(hard == "accepted" || hard == refused) << hard;
  }
}

class Forgeries : public testing::TestWithParam<const Forgery*> {};

TEST_P(Forgeries, AreRefusedForTheReasonOfTheirRow) {
  check_row(es256(), *GetParam());
  check_row(rs256(), *GetParam());
}

std::vector<const Forgery*> all() {
  std::vector<const Forgery*> out;
  for (const auto& forgery : forgeries()) {
    out.push_back(&forgery);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, Forgeries, testing::ValuesIn(all()), [](const auto& row) {
  std::string name(row.param->name);
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(ForgeryTable, NamesEachOnceAndSaysClauseAndReason) {
  std::set<std::string_view> names;
  for (const auto& forgery : forgeries()) {
    EXPECT_TRUE(names.insert(forgery.name).second) << forgery.name;
    EXPECT_FALSE(forgery.clause.empty()) << forgery.name;
    EXPECT_FALSE(forgery.explanation.empty()) << forgery.name;
    EXPECT_EQ(find_forgery(forgery.name),
              &*std::ranges::find(forgeries(), forgery.name, &Forgery::name));
  }
  EXPECT_GE(names.size(), 150U);
  EXPECT_EQ(find_forgery("no-such"), nullptr);
}

struct LegalRow {
  const char* name;
  const char* lax;
  const char* hard;
};

TEST(LegalForgeries, AreAcceptedUnlessThePolicyIsStricter) {
  const std::vector<LegalRow> rows{
      {"signature-s-negated", "accepted", "accepted"},
      {"sub-upper-case", "subject-wrong", "subject-wrong"},
      {"aud-list-with-others", "accepted", "audience-wrong"},
      {"exp-fraction", "accepted", "time-fraction"},
      {"iat-fraction", "accepted", "time-fraction"},
  };
  std::size_t legal = 0;
  for (const auto& forgery : forgeries()) {
    legal += forgery.acceptance == Acceptance::legal ? 1 : 0;
  }
  EXPECT_EQ(legal, rows.size());
  const Policy& lax = es256().policy;
  for (const auto& row : rows) {
    const auto token = forge(row.name, es256().input);
    ASSERT_TRUE(token) << row.name;
    EXPECT_EQ(outcome(es256(), *token, lax), row.lax) << row.name;
    EXPECT_EQ(outcome(es256(), *token, strict(lax)), row.hard) << row.name;
  }
}

TEST(HonestTwins, AreAcceptedWithEachKey) {
  for (const auto kind : {KeyKind::ec_p256, KeyKind::ec_p384, KeyKind::ec_p521, KeyKind::rsa_2048,
                          KeyKind::ed25519}) {
    const auto side = side_of(kind);
    const auto token = sign_honestly(side.input.header, side.input.claims, side.input.signer);
    ASSERT_TRUE(token);
    const auto verified = verify(*token, side.ring, side.policy, kNow);
    ASSERT_TRUE(verified) << verified.error().detail;
    EXPECT_EQ(verified->subject, "alice@tp.example");
    EXPECT_EQ(verified->token_id, "one");
    EXPECT_EQ(verified->key_id, side.input.signer.public_key.kid);
    EXPECT_EQ(write_json(verified->claims), side.input.claims);
  }
}

// With policies that look away, the keys that a token brings along still verify nothing.
TEST(KeysInTheHeader, AreNotUsedWhereTheyAreIgnored) {
  Policy policy = es256().policy;
  policy.header_keys = HeaderKeys::ignored;
  for (const auto* name : {"jku", "x5u", "jwk", "x5c"}) {
    EXPECT_EQ(outcome(es256(), *forge(name, es256().input), policy), "signature-wrong") << name;
  }
  policy.key_ids = KeyIds::optional;
  EXPECT_EQ(outcome(es256(), *forge("kid-missing", es256().input), policy), "signature-wrong");
}

// The public key is refused as HMAC secret even where HMAC is allowed.
TEST(PublicKeys, AreNoSecretWhereHmacIsAllowed) {
  Policy policy = es256().policy;
  policy.algorithms.push_back(Algorithm::hs256);
  for (const auto* name : {"hmac-public-pem", "hmac-public-pem-trimmed", "hmac-public-der",
                           "hmac-public-jwk", "hmac-empty-key"}) {
    EXPECT_EQ(outcome(es256(), *forge(name, es256().input), policy), "key-unfit") << name;
  }
}

struct Boundary {
  const char* name;
  seconds last_accepted;
};

TEST(ForgedTimes, AreAcceptedUpToTheLeewayAndRefusedBeyond) {
  const std::vector<Boundary> rows{{"exp-past", seconds(59)},
                                   {"nbf-future", seconds(60)},
                                   {"iat-future", seconds(60)},
                                   {"lifetime-long", seconds(300)}};
  for (const auto& row : rows) {
    ForgeryInput input = es256().input;
    input.age = row.last_accepted;
    EXPECT_EQ(outcome(es256(), *forge(row.name, input), es256().policy), "accepted") << row.name;
    input.age += seconds(1);
    EXPECT_EQ(outcome(es256(), *forge(row.name, input), es256().policy),
              to_string(find_forgery(row.name)->refusal))
        << row.name;
  }
}

TEST(SignEdited, SetsAndRemovesMembersAndSignsHonestly) {
  const auto token = sign_edited(
      es256().input,
      {.header = R"({"typ":"at+jwt"})", .claims = R"({"exp":1800000100,"jti":null,"x":[1]})"});
  ASSERT_TRUE(token);
  EXPECT_EQ(outcome(es256(), *token, es256().policy), "type-wrong");
  Policy policy = es256().policy;
  policy.type = "application/AT+JWT";
  const auto verified = verify(*token, es256().ring, policy, kNow);
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(write_json(verified->claims),
            R"({"iss":"https://id.tp.example","sub":"alice@tp.example",)"
            R"("aud":"https://gk.example","iat":1800000000,"exp":1800000100,"x":[1]})");
  EXPECT_FALSE(sign_edited(es256().input, {.header = "[]", .claims = "{}"}));
}

TEST(Forge, NamesTheNearestWhenItDoesNotKnowOne) {
  const auto token = forge("alg-non", es256().input);
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, Errc::not_found);
  EXPECT_NE(token.error().detail.find("alg-none"), std::string::npos);
  ForgeryInput broken = es256().input;
  broken.claims = "[]";
  EXPECT_EQ(forge("alg-none", broken).error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::crypto::jose
