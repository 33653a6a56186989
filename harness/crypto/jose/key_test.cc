// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/key.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/crypto/jose/jwk.h"

namespace parley::crypto::jose {
namespace {

struct Kind {
  const char* name;
  KeyKind kind;
  KeyType type;
  std::size_t public_octets;  // of x or n
};
class MakesKeys : public testing::TestWithParam<Kind> {};

TEST_P(MakesKeys, TheSameFromOneSeedAndOthersFromAnother) {
  Rng first(7);
  Rng again(7);
  Rng other(8);
  const auto key = make_key(GetParam().kind, first);
  const auto same = make_key(GetParam().kind, again);
  const auto stranger = make_key(GetParam().kind, other);
  ASSERT_TRUE(key && same && stranger);
  EXPECT_EQ(key->public_key, same->public_key);
  EXPECT_EQ(key->secret.reveal(), same->secret.reveal());
  EXPECT_NE(key->secret.reveal(), stranger->secret.reveal());
  EXPECT_EQ(key->public_key.type, GetParam().type);
  EXPECT_EQ(key->public_key.x.size() + key->public_key.n.size(), GetParam().public_octets);
  EXPECT_EQ(key->public_key.use, "sig");
  EXPECT_FALSE(key->public_key.kid.empty());
  EXPECT_NE(key->public_key.kid, stranger->public_key.kid);
  EXPECT_EQ(check(key->public_key).has_value(), key->public_key.type != KeyType::oct);
}

INSTANTIATE_TEST_SUITE_P(Kinds, MakesKeys,
                         testing::Values(Kind{"P256", KeyKind::ec_p256, KeyType::ec, 32},
                                         Kind{"P384", KeyKind::ec_p384, KeyType::ec, 48},
                                         Kind{"P521", KeyKind::ec_p521, KeyType::ec, 66},
                                         Kind{"Rsa1024", KeyKind::rsa_1024, KeyType::rsa, 128},
                                         Kind{"Rsa2048", KeyKind::rsa_2048, KeyType::rsa, 256},
                                         Kind{"Ed25519", KeyKind::ed25519, KeyType::okp, 32},
                                         Kind{"Oct", KeyKind::oct_256, KeyType::oct, 0}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(CheckOfKeys, RefusesWhatIsNoKey) {
  Rng rng(1);
  const auto ec = make_key(KeyKind::ec_p256, rng)->public_key;
  const auto rsa = make_key(KeyKind::rsa_1024, rng)->public_key;
  const auto okp = make_key(KeyKind::ed25519, rng)->public_key;
  EXPECT_EQ(rsa_bits(rsa), 1024U);
  const auto code_of = [](PublicKey key, const auto& change) {
    change(key);
    const auto fit = check(key);
    return fit ? std::string("fits") : std::string(to_string(fit.error().code));
  };
  EXPECT_EQ(code_of(ec, [](PublicKey&) {}), "fits");
  EXPECT_EQ(code_of(ec, [](PublicKey& key) { key.y.back() ^= 1; }), "malformed");
  EXPECT_EQ(code_of(ec, [](PublicKey& key) { key.x.insert(0, 1, '\0'); }), "malformed");
  EXPECT_EQ(code_of(ec, [](PublicKey& key) { key.curve = Curve::p384; }), "malformed");
  EXPECT_EQ(code_of(okp, [](PublicKey& key) { key.x.pop_back(); }), "malformed");
  EXPECT_EQ(code_of(rsa, [](PublicKey& key) { key.n.back() ^= 1; }), "malformed");
  EXPECT_EQ(code_of(rsa, [](PublicKey& key) { key.e = "\x02"; }), "malformed");
  EXPECT_EQ(code_of(rsa, [](PublicKey& key) { key.n.clear(); }), "malformed");
  EXPECT_EQ(code_of(rsa, [](PublicKey& key) { key.type = KeyType::oct; }), "unsupported");
}

TEST(PublicKeys, AreWrittenAsSubjectPublicKeyInfo) {
  Rng rng(1);
  const auto key = make_key(KeyKind::ec_p256, rng)->public_key;
  const auto der = to_der(key);
  const auto pem = to_pem(key);
  ASSERT_TRUE(der && pem);
  // SEQUENCE, then the algorithm's; the point at the end.
  EXPECT_EQ(to_hex(*der).substr(0, 8), "30593013");
  EXPECT_TRUE(der->ends_with("\x04" + key.x + key.y));
  EXPECT_TRUE(pem->starts_with("-----BEGIN PUBLIC KEY-----\n"));
  PublicKey secret;
  secret.type = KeyType::oct;
  EXPECT_FALSE(to_der(secret));
  EXPECT_FALSE(to_pem(secret));
}

}  // namespace
}  // namespace parley::crypto::jose
