// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/jwk.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parley::crypto::jose {
namespace {

// RFC 7638 section 3.1.
constexpr std::string_view kThumbprintKey =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPF)"
    R"(FxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5)"
    R"(v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt)"
    R"(-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e")"
    R"(:"AQAB","alg":"RS256","kid":"2011-04-29"})";

std::vector<PublicKey> one_of_each() {
  Rng rng(5);
  std::vector<PublicKey> out;
  for (const auto kind : {KeyKind::ec_p256, KeyKind::ec_p384, KeyKind::ec_p521, KeyKind::rsa_1024,
                          KeyKind::ed25519}) {
    out.push_back(make_key(kind, rng)->public_key);
  }
  out[0].alg = "ES256";
  out[1].use.clear();
  out[2].kid = "a \"kid\" \\ \xC3\xA9";
  return out;
}

TEST(Thumbprint, KnownAnswerOfRfc7638) {
  const auto key = read_jwk(*read_json(kThumbprintKey));
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(thumbprint(*key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(key->kid, "2011-04-29");
  EXPECT_EQ(key->alg, "RS256");
}

TEST(ReadJwks, ReadsWhatWasWritten) {
  const auto keys = one_of_each();
  const auto set = read_jwks(write_jwks(keys));
  ASSERT_TRUE(set) << set.error();
  EXPECT_EQ(set->keys, keys);
  EXPECT_TRUE(set->passed_over.empty());
}

TEST(PrivateJwk, IsReadAgainAndTellsItsSecretOnlyWhenAsked) {
  Rng rng(5);
  for (const auto kind :
       {KeyKind::ec_p256, KeyKind::rsa_1024, KeyKind::ed25519, KeyKind::oct_256}) {
    const auto key = make_key(kind, rng);
    ASSERT_TRUE(key);
    const Json written = private_jwk_of(*key);
    const auto again = read_private_jwk(written);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->public_key, key->public_key);
    EXPECT_EQ(again->secret.reveal(), key->secret.reveal());
    EXPECT_EQ(again->p.reveal(), key->p.reveal());
    const Json open = jwk_of(key->public_key);
    for (const auto* secret : {"d", "p", "q", "k"}) {
      EXPECT_EQ(open.find(secret), nullptr);
    }
  }
}

// Leading zeros are not allowed, but libraries write one: the key is the same.
TEST(ReadJwk, TakesLeadingZerosOffTheModulus) {
  Rng rng(5);
  const auto key = make_key(KeyKind::rsa_1024, rng)->public_key;
  PublicKey padded = key;
  padded.n.insert(0, 1, '\0');
  EXPECT_EQ(read_jwk(jwk_of(padded)).value_or(PublicKey{}), key);
}

struct OddKey {
  const char* name;
  const char* member;
  const char* json;  // null: removed
  const char* why;
};
class PassesOver : public testing::TestWithParam<OddKey> {};

// RFC 7517 section 5: such a key is ignored, the others serve.
TEST_P(PassesOver, OneKeyAndKeepsTheOthers) {
  const auto keys = one_of_each();
  Json odd = jwk_of(keys[0]);
  if (GetParam().json == nullptr) {
    remove_member(odd, GetParam().member);
  } else {
    set_member(odd, GetParam().member, *read_json(GetParam().json));
  }
  const auto set =
      read_jwks(R"({"keys":[)" + write_json(odd) + "," + write_json(jwk_of(keys[3])) + "]}");
  ASSERT_TRUE(set) << set.error();
  ASSERT_EQ(set->keys.size(), 1U);
  EXPECT_EQ(set->keys[0], keys[3]);
  ASSERT_EQ(set->passed_over.size(), 1U);
  EXPECT_EQ(set->passed_over[0], (PassedOver{.index = 0, .why = GetParam().why}));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, PassesOver,
    testing::Values(OddKey{"NoType", "kty", nullptr, "\"kty\" is missing"},
                    OddKey{"UnknownType", "kty", R"("LWE")", "\"kty\" is unknown"},
                    OddKey{"TypeNoString", "kty", "1", "\"kty\" is no string"},
                    OddKey{"Symmetric", "kty", R"("oct")", "a symmetric key has nothing public"},
                    OddKey{"NoCurve", "crv", nullptr, "\"crv\" is missing"},
                    OddKey{"UnknownCurve", "crv", R"("secp256k1")", "\"crv\" is unknown"},
                    OddKey{"CurveOfAnotherType", "crv", R"("Ed25519")", "\"crv\" is unknown"},
                    OddKey{"OtherCurve", "crv", R"("P-384")",
                           "a coordinate has not the length of its curve"},
                    OddKey{"NoCoordinate", "y", nullptr, "\"y\" is missing"},
                    OddKey{"CoordinateNoString", "x", "[]", "\"x\" is no string"},
                    OddKey{"Padded", "x", R"("AAA=")", "\"x\": base64url has no padding"},
                    OddKey{"OffTheCurve", "y", R"("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")",
                           "the point is not on its curve"},
                    OddKey{"KidNoString", "kid", "7", "\"kid\" is no string"}),
    [](const auto& row) { return std::string(row.param.name); });

struct BadSet {
  const char* name;
  std::string text;
  Errc code;
};
class RejectsJwks : public testing::TestWithParam<BadSet> {};

TEST_P(RejectsJwks, WithCode) {
  const auto set = read_jwks(GetParam().text, {.max_octets = 200, .max_depth = 3, .max_keys = 2});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, GetParam().code) << set.error();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RejectsJwks,
    testing::Values(BadSet{"Nothing", "", Errc::malformed},
                    BadSet{"Html", "<html>", Errc::malformed},
                    BadSet{"Array", "[]", Errc::malformed}, BadSet{"NoKeys", "{}", Errc::malformed},
                    BadSet{"KeysNoArray", R"({"keys":{}})", Errc::malformed},
                    BadSet{"KeysTwice", R"({"keys":[],"keys":[]})", Errc::malformed},
                    BadSet{"CutOff", R"({"keys":[{"kty":)", Errc::malformed},
                    BadSet{"ManyKeys", R"({"keys":[{},{},{}]})", Errc::too_large},
                    BadSet{"Large", std::string(201, ' '), Errc::too_large},
                    BadSet{"Deep", R"({"keys":[{"x":[]}]})", Errc::malformed}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::crypto::jose
