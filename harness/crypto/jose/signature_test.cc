// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers of RFC 7515, 7520 and 8037 (vectors/jws.json) and of RFC 6979.
#include "harness/crypto/jose/signature.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/key_ring.h"
#include "harness/testkit/known_answers.h"

namespace parley::crypto::jose {
namespace {

// RFC 6979 appendices A.2.5 to A.2.7.
struct Rfc6979 {
  const char* name;
  Curve curve;
  Hash hash;
  const char* d;
  const char* message;
  const char* signature;
};
class Ecdsa : public testing::TestWithParam<Rfc6979> {};

TEST_P(Ecdsa, KnownAnswerOfRfc6979) {
  const auto& row = GetParam();
  const auto d = from_hex(row.d);
  ASSERT_TRUE(d);
  EXPECT_EQ(to_hex(ecdsa_sign(row.curve, row.hash, SecretBytes(*d), row.message)), row.signature);
}

constexpr const char* kP256 = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
constexpr const char* kP384 =
    "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
    "96d5724e4c70a825f872c9ea60d2edf5";
constexpr const char* kP521 =
    "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836"
    "a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538";

INSTANTIATE_TEST_SUITE_P(
    Rows, Ecdsa,
    testing::Values(
        Rfc6979{"P256Sample", Curve::p256, Hash::sha256, kP256, "sample",
                "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
        Rfc6979{"P256Test", Curve::p256, Hash::sha256, kP256, "test",
                "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
        Rfc6979{"P384Sample", Curve::p384, Hash::sha384, kP384, "sample",
                "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
                "81a648152e44acf96e36dd1e80fabe46"
                "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
                "a329c145786e679e7b82c71a38628ac8"},
        Rfc6979{"P521Sample", Curve::p521, Hash::sha512, kP521, "sample",
                "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5"
                "d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa"
                "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c"
                "0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a"}),
    [](const auto& row) { return std::string(row.param.name); });

constexpr const char* kVectors = "harness/crypto/jose/vectors/jws";

TEST(JwsVectors, FollowTheirSchema) { testkit::expect_known_answers(kVectors); }

struct Parts {
  std::string signed_text;
  Bytes signature;
};
Parts parts_of(const std::string& token) {
  const auto dot = token.rfind('.');
  return {token.substr(0, dot), from_base64url(token.substr(dot + 1)).value_or("none")};
}

void check_vector(const nlohmann::json& test) {
  const auto token = test["token"].get<std::string>();
  const auto algorithm = algorithm_from(test["algorithm"].get<std::string>());
  const auto [signed_text, signature] = parts_of(token);
  if (test["result"] == "invalid") {
    EXPECT_FALSE(algorithm);
    return;
  }
  const auto json = read_json(test["key"].dump());
  ASSERT_TRUE(algorithm && json);
  const auto key = read_private_jwk(*json);
  ASSERT_TRUE(key) << key.error();
  const auto made = sign(*algorithm, *key, signed_text);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), signature.size());
  if (!test["flags"].empty()) {
    EXPECT_EQ(*made, signature);
  }
  const auto verifier = is_symmetric(*algorithm) ? VerificationKey::make_symmetric(*key)
                                                 : VerificationKey::make(key->public_key);
  ASSERT_TRUE(verifier) << verifier.error();
  EXPECT_TRUE(verifier->verify(*algorithm, token));
  EXPECT_TRUE(verifier->verify(*algorithm, signed_text + "." + to_base64url(*made)));
  Bytes wrong = signature;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  EXPECT_FALSE(verifier->verify(*algorithm, signed_text + "." + to_base64url(wrong)));
  if (!is_symmetric(*algorithm)) {
    EXPECT_TRUE(verify_with_openssl(*algorithm, key->public_key, signed_text, signature));
    EXPECT_TRUE(verify_with_openssl(*algorithm, key->public_key, signed_text, *made));
    EXPECT_FALSE(verify_with_openssl(*algorithm, key->public_key, signed_text, wrong));
  }
}

TEST(JwsVectors, KnownAnswersAreVerifiedAndMadeAgain) {
  const auto vectors = testkit::known_answers(std::string(kVectors) + ".json");
  ASSERT_FALSE(vectors.is_discarded());
  for (const auto& group : vectors["groups"]) {
    for (const auto& test : group["tests"]) {
      SCOPED_TRACE(group["source"].get<std::string>() + " " + test["comment"].get<std::string>());
      check_vector(test);
    }
  }
}

struct Pair {
  Algorithm algorithm;
  KeyKind kind;
};
class SignsAndVerifies : public testing::TestWithParam<Pair> {};

// Made once: RSA primes take their time. The attacker's has the next seed.
const PrivateKey& key_of(KeyKind kind, std::uint64_t seed) {
  static std::map<std::pair<KeyKind, std::uint64_t>, PrivateKey> keys;
  const auto at = keys.find({kind, seed});
  if (at != keys.end()) {
    return at->second;
  }
  Rng rng(seed);
  return keys.emplace(std::pair(kind, seed), make_key(kind, rng).value_or(PrivateKey{}))
      .first->second;
}

// Deterministic, and both verifiers agree; another message, another key's signature are refused.
TEST_P(SignsAndVerifies, WithEachAlgorithm) {
  const auto& key = key_of(GetParam().kind, 3);
  const auto& other = key_of(GetParam().kind, 4);
  const std::string header = R"({"alg":")" + std::string(to_string(GetParam().algorithm)) + R"("})";
  const auto token = sign_token(header, "{}", GetParam().algorithm, key);
  const auto strange = sign_token(header, "{}", GetParam().algorithm, other);
  ASSERT_TRUE(token && strange);
  EXPECT_EQ(sign_token(header, "{}", GetParam().algorithm, key), token);
  const auto verifier = VerificationKey::make(key.public_key);
  ASSERT_TRUE(verifier);
  EXPECT_TRUE(verifier->verify(GetParam().algorithm, *token));
  EXPECT_FALSE(verifier->verify(GetParam().algorithm, *strange));
  const auto [signed_text, signature] = parts_of(*token);
  const auto& published = key.public_key;
  const auto verified = [&](std::string_view message, std::string_view octets) {
    return verify_with_openssl(GetParam().algorithm, published, message, octets).has_value();
  };
  EXPECT_TRUE(verified(signed_text, signature));
  EXPECT_FALSE(verified(signed_text + "A", signature));
  EXPECT_FALSE(verified(signed_text, signature + '\0'));
  EXPECT_FALSE(verified(signed_text, parts_of(*strange).signature));
  EXPECT_EQ(signature.size(), signature_octets(GetParam().algorithm, published));
}

INSTANTIATE_TEST_SUITE_P(
    Algorithms, SignsAndVerifies,
    testing::Values(
        Pair{Algorithm::es256, KeyKind::ec_p256}, Pair{Algorithm::es384, KeyKind::ec_p384},
        Pair{Algorithm::es512, KeyKind::ec_p521}, Pair{Algorithm::rs256, KeyKind::rsa_2048},
        Pair{Algorithm::rs384, KeyKind::rsa_2048}, Pair{Algorithm::rs512, KeyKind::rsa_1024},
        Pair{Algorithm::ps256, KeyKind::rsa_2048}, Pair{Algorithm::ps384, KeyKind::rsa_2048},
        Pair{Algorithm::ps512, KeyKind::rsa_2048}, Pair{Algorithm::eddsa, KeyKind::ed25519}),
    [](const auto& row) { return std::string(to_string(row.param.algorithm)); });

TEST(Algorithms, FitKeysOfTheirTypeCurveUseAndName) {
  Rng rng(1);
  auto key = make_key(KeyKind::ec_p256, rng)->public_key;
  EXPECT_TRUE(fits(Algorithm::es256, key));
  EXPECT_FALSE(fits(Algorithm::es384, key));
  EXPECT_FALSE(fits(Algorithm::rs256, key));
  EXPECT_FALSE(fits(Algorithm::hs256, key));
  EXPECT_EQ(usual_algorithm(key), Algorithm::es256);
  key.use = "enc";
  EXPECT_FALSE(fits(Algorithm::es256, key));
  key.use.clear();
  key.alg = "ECDH-ES";
  EXPECT_FALSE(fits(Algorithm::es256, key));
  EXPECT_FALSE(algorithm_from("es256"));
}

}  // namespace
}  // namespace parley::crypto::jose
