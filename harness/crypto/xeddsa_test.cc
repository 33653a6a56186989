// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/xeddsa.h"

#include <gtest/gtest.h>

#include "harness/crypto/x25519.h"

namespace parley::crypto {
namespace {

constexpr std::string_view kMessage = "details of a certificate";

Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }
SecretBytes private_key(char octet) { return SecretBytes(Bytes(32, octet)); }
Bytes public_key(char octet) {
  return x25519_key_pair(Bytes(32, octet)).value_or(X25519KeyPair{}).public_key;
}
Bytes signature(char octet, SignBit sign_bit = SignBit::zero) {
  Rng rng(5);
  return xeddsa_sign(private_key(octet), kMessage, rng, sign_bit).value_or("");
}

// A signature that Signal's own library made; libsignal's tests carry it (curve, testSignature).
TEST(Xeddsa, VerifiesASignatureMadeBySignal) {
  const Bytes identity = hex("ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64");
  const Bytes ephemeral = hex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a");
  const Bytes made =
      hex("5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb"
          "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88");
  EXPECT_TRUE(xeddsa_verify(identity, ephemeral, made));
  for (std::size_t bit = 0; bit < made.size() * 8; ++bit) {
    Bytes wrong = made;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(xeddsa_verify(identity, ephemeral, wrong)) << bit;
  }
}

struct Signer {
  const char* name;
  SignBit sign_bit;
};
class XeddsaSigner : public testing::TestWithParam<Signer> {};

TEST_P(XeddsaSigner, MakesWhatVerifiesForEveryKey) {
  for (char octet = 1; octet <= 16; ++octet) {
    const auto verified =
        xeddsa_verify(public_key(octet), kMessage, signature(octet, GetParam().sign_bit));
    EXPECT_TRUE(verified) << verified.error() << " for key " << int{octet};
  }
}

INSTANTIATE_TEST_SUITE_P(SignBits, XeddsaSigner,
                         testing::Values(Signer{"Zero", SignBit::zero},
                                         Signer{"Carried", SignBit::carried}),
                         [](const auto& row) { return row.param.name; });

TEST(Xeddsa, SetsTheSignBitOnlyWhereItIsCarried) {
  int carried = 0;
  for (char octet = 1; octet <= 16; ++octet) {
    EXPECT_EQ(signature(octet).back() & 0x80, 0);
    carried += (signature(octet, SignBit::carried).back() & 0x80) != 0 ? 1 : 0;
  }
  EXPECT_GT(carried, 0);
  EXPECT_LT(carried, 16);
}

TEST(Xeddsa, SignsTheSameForTheSameSeed) { EXPECT_EQ(signature(1), signature(1)); }

TEST(Xeddsa, RefusesAnotherMessageAndAnotherKey) {
  EXPECT_FALSE(xeddsa_verify(public_key(1), "another text", signature(1)));
  EXPECT_FALSE(xeddsa_verify(public_key(2), kMessage, signature(1)));
}

// s + L satisfies the equation too, so a lax verifier takes it.
TEST(Xeddsa, RefusesAScalarThatIsNotReduced) {
  constexpr std::string_view kOrder =
      "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
  Bytes wrong = signature(1);
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned char>(wrong[32 + i]) + static_cast<unsigned char>(hex(kOrder)[i]);
    wrong[32 + i] = static_cast<char>(carry & 0xFF);
    carry >>= 8;
  }
  const auto verified = xeddsa_verify(public_key(1), kMessage, wrong);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, Errc::bad_signature);
  EXPECT_EQ(verified.error().offset, 32U);
}

struct BadCall {
  const char* name;
  Bytes key;
  Bytes signature;
  Errc code;
};
class XeddsaRefuses : public testing::TestWithParam<BadCall> {};

TEST_P(XeddsaRefuses, WithItsCode) {
  const auto verified = xeddsa_verify(GetParam().key, kMessage, GetParam().signature);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, GetParam().code) << verified.error();
}

INSTANTIATE_TEST_SUITE_P(
    Calls, XeddsaRefuses,
    testing::Values(
        BadCall{"ShortSignature", public_key(1), signature(1).substr(1), Errc::malformed},
        BadCall{"LongSignature", public_key(1), signature(1) + "x", Errc::malformed},
        BadCall{"NoSignature", public_key(1), "", Errc::malformed},
        BadCall{"ShortKey", public_key(1).substr(1), signature(1), Errc::malformed},
        BadCall{"KeyWithType", "\x05" + public_key(1), signature(1), Errc::malformed},
        BadCall{"KeyNotReduced",
                Bytes(32, '\x7F').replace(1, 30, Bytes(30, '\xFF')).replace(0, 1, "\xF0"),
                signature(1), Errc::malformed},
        // With these keys the zero signature satisfies the equation for many messages.
        BadCall{"KeyOfOrderTwo", Bytes(32, '\0'), Bytes(64, '\0'), Errc::refused},
        BadCall{"KeyOfOrderFour", Bytes("\1", 1) + Bytes(31, '\0'), Bytes(64, '\0'), Errc::refused},
        BadCall{"KeyOnTheTwist", Bytes("\2", 1) + Bytes(31, '\0'), signature(1),
                Errc::bad_signature},
        BadCall{"ZeroSignature", public_key(1), Bytes(64, '\0'), Errc::bad_signature}),
    [](const auto& row) { return row.param.name; });

TEST(Xeddsa, RefusesAPrivateKeyOfAnotherSize) {
  Rng rng(1);
  EXPECT_FALSE(xeddsa_sign(SecretBytes("short"), kMessage, rng));
}

}  // namespace
}  // namespace parley::crypto
