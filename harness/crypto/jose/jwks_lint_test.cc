// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/jwks_lint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace parley::crypto::jose {
namespace {

const PrivateKey& key_of(KeyKind kind) {
  static const std::vector<PrivateKey> keys = [] {
    Rng rng(21);
    std::vector<PrivateKey> out;
    for (const auto each : {KeyKind::ec_p256, KeyKind::ec_p384, KeyKind::ec_p521, KeyKind::rsa_1024,
                            KeyKind::rsa_2048, KeyKind::ed25519, KeyKind::oct_256}) {
      out.push_back(*make_key(each, rng));
    }
    return out;
  }();
  return keys[static_cast<std::size_t>(kind)];
}

std::string set_of(const Json::Array& keys) {
  return write_json({Json::Object{{.name = "keys", .value = {keys}}}});
}

// "0:kid-missing:kid", one a finding.
std::vector<std::string> shown(const std::vector<JwksFinding>& findings) {
  std::vector<std::string> out;
  for (const auto& [defect, key, member, detail] : findings) {
    EXPECT_FALSE(detail.empty());
    out.push_back((key ? std::to_string(*key) : "set") + ":" + std::string(to_string(defect)) +
                  (member.empty() ? "" : ":" + member));
  }
  return out;
}

TEST(LintJwks, FindsNothingInAGoodSet) {
  Json::Array keys;
  for (const auto kind : {KeyKind::ec_p256, KeyKind::ec_p384, KeyKind::ec_p521, KeyKind::rsa_2048,
                          KeyKind::ed25519}) {
    keys.push_back(jwk_of(key_of(kind).public_key));
  }
  set_member(keys[0], "alg", json_of(std::string("ES256")));
  set_member(keys[3], "alg", json_of(std::string("PS256")));
  remove_member(keys[4], "use");
  set_member(keys[4], "key_ops", {Json::Array{json_of(std::string("verify"))}});
  EXPECT_EQ(shown(lint_jwks(set_of(keys))), std::vector<std::string>());
}

using Change = void (*)(Json& key);
struct BadKey {
  const char* name;
  KeyKind kind;
  Change change;
  std::vector<std::string> findings;
};
class Lints : public testing::TestWithParam<BadKey> {};

TEST_P(Lints, OneDefectOfAKey) {
  Json key = jwk_of(key_of(GetParam().kind).public_key);
  GetParam().change(key);
  EXPECT_EQ(shown(lint_jwks(set_of({key}))), GetParam().findings);
}

void set_text(Json& key, const char* name, std::string text) {
  set_member(key, name, json_of(std::move(text)));
}
std::string text_of(const Json& key, const char* name) { return *key.find(name)->text(); }

INSTANTIATE_TEST_SUITE_P(
    Rows, Lints,
    testing::Values(
        BadKey{"NoKty",
               KeyKind::ec_p256,
               [](Json& key) { remove_member(key, "kty"); },
               {"0:kty-missing:kty"}},
        BadKey{"UnknownKty",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "kty", "LWE"); },
               {"0:kty-unknown:kty"}},
        BadKey{"KtyNumber",
               KeyKind::ec_p256,
               [](Json& key) { set_member(key, "kty", json_of(std::int64_t{1})); },
               {"0:member-wrong-type:kty"}},
        BadKey{"NoKid",
               KeyKind::ec_p256,
               [](Json& key) { remove_member(key, "kid"); },
               {"0:kid-missing:kid"}},
        BadKey{"EmptyKid",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "kid", ""); },
               {"0:kid-missing:kid"}},
        BadKey{"PrivateEc",
               KeyKind::ec_p256,
               [](Json& key) { key = private_jwk_of(key_of(KeyKind::ec_p256)); },
               {"0:private-member:d"}},
        BadKey{"PrivateRsa",
               KeyKind::rsa_2048,
               [](Json& key) { key = private_jwk_of(key_of(KeyKind::rsa_2048)); },
               {"0:private-member:d", "0:private-member:p", "0:private-member:q"}},
        BadKey{"Symmetric",
               KeyKind::oct_256,
               [](Json& key) { key = private_jwk_of(key_of(KeyKind::oct_256)); },
               {"0:private-member:k", "0:symmetric-key:kty"}},
        BadKey{"WeakRsa", KeyKind::rsa_1024, [](Json&) {}, {"0:weak-rsa:n"}},
        BadKey{"ExponentOne",
               KeyKind::rsa_2048,
               [](Json& key) { set_text(key, "e", "AQ"); },
               {"0:rsa-exponent:e"}},
        BadKey{"ExponentEven",
               KeyKind::rsa_2048,
               [](Json& key) { set_text(key, "e", "AQAA"); },
               {"0:rsa-exponent:e"}},
        BadKey{"ModulusEven",
               KeyKind::rsa_2048,
               [](Json& key) { set_text(key, "n", text_of(key, "n").substr(0, 340) + "AA"); },
               {"0:rsa-modulus:n"}},
        BadKey{"LeadingZero",
               KeyKind::rsa_2048,
               [](Json& key) { set_text(key, "e", "AAEAAQ"); },
               {"0:leading-zero:e"}},
        BadKey{"NoModulus",
               KeyKind::rsa_2048,
               [](Json& key) { remove_member(key, "n"); },
               {"0:member-missing:n"}},
        BadKey{"UseEnc",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "use", "enc"); },
               {"0:use-wrong:use"}},
        BadKey{"AlgOfAnotherType",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "alg", "RS256"); },
               {"0:alg-wrong:alg"}},
        BadKey{"AlgOfAnotherCurve",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "alg", "ES384"); },
               {"0:alg-wrong:alg"}},
        BadKey{"AlgSymmetric",
               KeyKind::rsa_2048,
               [](Json& key) { set_text(key, "alg", "HS256"); },
               {"0:alg-wrong:alg"}},
        BadKey{"AlgNone",
               KeyKind::rsa_2048,
               [](Json& key) { set_text(key, "alg", "none"); },
               {"0:alg-wrong:alg"}},
        BadKey{"KeyOpsBesideUse",
               KeyKind::ec_p256,
               [](Json& key) {
                 set_member(key, "key_ops", {Json::Array{json_of(std::string("verify"))}});
               },
               {"0:key-ops-wrong:key_ops"}},
        BadKey{"KeyOpsSign",
               KeyKind::ec_p256,
               [](Json& key) {
                 remove_member(key, "use");
                 set_member(
                     key, "key_ops",
                     {Json::Array{json_of(std::string("verify")), json_of(std::string("sign"))}});
               },
               {"0:key-ops-wrong:key_ops"}},
        BadKey{"UnknownCurve",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "crv", "secp256k1"); },
               {"0:curve-unknown:crv"}},
        BadKey{"OkpForAgreement",
               KeyKind::ed25519,
               [](Json& key) { set_text(key, "crv", "X25519"); },
               {"0:curve-unknown:crv"}},
        BadKey{"OffTheCurve",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "y", text_of(key, "x")); },
               {"0:off-curve"}},
        BadKey{"CoordinateWithoutItsZeros",
               KeyKind::ec_p521,
               [](Json& key) { set_text(key, "x", text_of(key, "x").substr(0, 84)); },
               {"0:coordinate-length:x"}},
        BadKey{"Padded",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "x", text_of(key, "x") + "="); },
               {"0:base64-padding:x"}},
        BadKey{"WhiteSpace",
               KeyKind::ec_p256,
               [](Json& key) { set_text(key, "x", text_of(key, "x") + "\n"); },
               {"0:base64-other:x"}}),
    [](const auto& row) { return std::string(row.param.name); });

// '+' and '/' in one member, '-' and '_' in another: both are judged, and the key for what it is.
TEST(LintJwks, SeesTheStandardAlphabetAndReadsOn) {
  Json key = jwk_of(key_of(KeyKind::rsa_1024).public_key);
  std::string n = text_of(key, "n");
  ASSERT_NE(n.find_first_of("-_"), std::string::npos);
  std::ranges::replace(n, '-', '+');
  std::ranges::replace(n, '_', '/');
  set_text(key, "n", n);
  EXPECT_EQ(shown(lint_jwks(set_of({key}))),
            (std::vector<std::string>{"0:base64-standard-alphabet:n", "0:weak-rsa:n"}));
}

TEST(LintJwks, SeesRepeatsAmongKeys) {
  const Json first = jwk_of(key_of(KeyKind::ec_p256).public_key);
  Json same = first;
  set_text(same, "kid", "another name");
  Json other = jwk_of(key_of(KeyKind::ec_p384).public_key);
  set_text(other, "kid", text_of(first, "kid"));
  EXPECT_EQ(shown(lint_jwks(set_of({first, same, other}))),
            (std::vector<std::string>{"1:same-key-twice", "2:kid-duplicate:kid"}));
}

struct BadText {
  const char* name;
  std::string text;
  std::vector<std::string> findings;
};
class LintsSets : public testing::TestWithParam<BadText> {};

TEST_P(LintsSets, AsAWhole) {
  EXPECT_EQ(shown(lint_jwks(GetParam().text, {.limits = {.max_octets = 100, .max_keys = 2}})),
            GetParam().findings);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, LintsSets,
    testing::Values(BadText{"Html", "<html>", {"set:not-json"}},
                    BadText{"Large", std::string(101, ' '), {"set:not-json"}},
                    BadText{"Array", "[]", {"set:no-keys:keys"}},
                    BadText{"KeysNoArray", R"({"keys":{}})", {"set:no-keys:keys"}},
                    BadText{"Empty", R"({"keys":[]})", {"set:empty-set:keys"}},
                    BadText{"ManyKeys", R"({"keys":[1,2,3]})", {"set:too-many-keys:keys"}},
                    BadText{"NoObject", R"({"keys":[7]})", {"0:key-not-object"}},
                    BadText{"KeysTwice",
                            R"({"keys":[],"keys":[7]})",
                            {"set:duplicate-member:keys", "set:empty-set:keys"}}),
    [](const auto& row) { return std::string(row.param.name); });

// RFC 7517 section 5: beside the key that signs, others may be there for other readers.
class LintsPublished : public testing::TestWithParam<BadKey> {};

TEST_P(LintsPublished, WhatIsToBeMended) {
  Json key = jwk_of(key_of(GetParam().kind).public_key);
  GetParam().change(key);
  EXPECT_EQ(shown(lint_published_jwks(set_of({key}))), GetParam().findings);
}

INSTANTIATE_TEST_SUITE_P(Rows, LintsPublished,
                         testing::Values(BadKey{"PostQuantum",
                                                KeyKind::ec_p256,
                                                [](Json& key) {
                                                  set_text(key, "kty", "AKP");
                                                  set_text(key, "alg", "ML-DSA-44");
                                                },
                                                {}},
                                         BadKey{"RegisteredCurve",
                                                KeyKind::ec_p256,
                                                [](Json& key) {
                                                  set_text(key, "crv", "secp256k1");
                                                  set_text(key, "alg", "ES256K");
                                                },
                                                {}},
                                         BadKey{"ForAgreement",
                                                KeyKind::ed25519,
                                                [](Json& key) {
                                                  set_text(key, "crv", "X25519");
                                                  set_text(key, "use", "enc");
                                                  set_text(key, "alg", "ECDH-ES");
                                                },
                                                {}},
                                         BadKey{"UnknownAndWithoutName",
                                                KeyKind::ec_p256,
                                                [](Json& key) {
                                                  set_text(key, "kty", "AKP");
                                                  remove_member(key, "kid");
                                                },
                                                {"0:kid-missing:kid"}},
                                         BadKey{"UnknownCurveAndPrivate",
                                                KeyKind::ec_p256,
                                                [](Json& key) {
                                                  set_text(key, "crv", "secp256k1");
                                                  set_text(key, "d", "AQAB");
                                                },
                                                {"0:private-member:d"}},
                                         BadKey{"KnownForAnotherCurve",
                                                KeyKind::ec_p256,
                                                [](Json& key) { set_text(key, "alg", "ES384"); },
                                                {"0:alg-wrong:alg"}}),
                         [](const auto& row) { return std::string(row.param.name); });

// A key for encryption, and the one beside it.
std::vector<std::string> beside_encryption(Change change) {
  Json for_encryption = jwk_of(key_of(KeyKind::ec_p256).public_key);
  set_text(for_encryption, "use", "enc");
  set_text(for_encryption, "alg", "ECDH-ES");
  Json other = jwk_of(key_of(KeyKind::ec_p384).public_key);
  change(other);
  return shown(lint_published_jwks(set_of({for_encryption, other})));
}

TEST(LintPublishedJwks, PassesOverKeysForEncryptionWhereEachKeySaysWhatItIsFor) {
  const std::vector<std::string> wrong{"0:use-wrong:use", "0:alg-wrong:alg"};
  EXPECT_EQ(beside_encryption([](Json&) {}), std::vector<std::string>());
  EXPECT_EQ(beside_encryption([](Json& key) { remove_member(key, "use"); }), wrong);
  EXPECT_EQ(beside_encryption([](Json& key) { set_text(key, "use", "enc"); }),
            (std::vector<std::string>{"0:use-wrong:use", "0:alg-wrong:alg", "1:use-wrong:use"}));
  EXPECT_EQ(beside_encryption([](Json& key) { set_text(key, "alg", "ES256"); }),
            std::vector<std::string>{"1:alg-wrong:alg"});
}

TEST(Defects, HaveNamesAndClausesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDefects; ++i) {
    const auto defect = static_cast<Defect>(i);
    EXPECT_TRUE(names.insert(to_string(defect)).second);
    EXPECT_NE(clause_of(defect).find("section"), std::string_view::npos) << to_string(defect);
  }
}

}  // namespace
}  // namespace parley::crypto::jose
