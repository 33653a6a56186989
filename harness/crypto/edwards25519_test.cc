// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/edwards25519.h"

#include <gtest/gtest.h>

#include "harness/crypto/digest.h"
#include "harness/crypto/x25519.h"

namespace parley::crypto::edwards {
namespace {

constexpr const char* kOrderOctets =
    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }
SecretBytes scalar(std::string_view text) { return SecretBytes(hex(text)); }

// y = 4/5 (RFC 8032 section 5.1) is u = 9 (RFC 7748 section 4.1).
TEST(FromMontgomery, GivesTheBasePointAsInRfc8032) {
  EXPECT_EQ(from_montgomery(hex("09" + std::string(62, '0'))), hex("58" + std::string(62, '6')));
}

// RFC 8032 section 7.1, TEST 1: the scalar is the first half of the seed's hash.
TEST(FromMontgomery, GivesTheEd25519KeyOfTheExampleWithoutItsSign) {
  const Bytes half =
      sha512(hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")).substr(0, 32);
  const auto pair = x25519_key_pair(half);
  ASSERT_TRUE(pair);
  EXPECT_EQ(to_hex(from_montgomery(pair->public_key).value_or("")),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

struct BadCoordinate {
  const char* name;
  const char* u;
  Errc code;
};
class FromMontgomeryRefuses : public testing::TestWithParam<BadCoordinate> {};

TEST_P(FromMontgomeryRefuses, WithItsCode) {
  const auto point = from_montgomery(hex(GetParam().u));
  ASSERT_FALSE(point);
  EXPECT_EQ(point.error().code, GetParam().code) << point.error();
}

INSTANTIATE_TEST_SUITE_P(
    Coordinates, FromMontgomeryRefuses,
    testing::Values(
        BadCoordinate{"Short", "09", Errc::malformed},
        BadCoordinate{"OrderTwo",
                      "0000000000000000000000000000000000000000000000000000000000000000",
                      Errc::refused},
        BadCoordinate{"OrderFour",
                      "0100000000000000000000000000000000000000000000000000000000000000",
                      Errc::refused},
        BadCoordinate{"OrderEight",
                      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                      Errc::refused},
        BadCoordinate{"OrderEightToo",
                      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                      Errc::refused},
        BadCoordinate{"MinusOne",
                      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                      Errc::refused},
        BadCoordinate{"Prime", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                      Errc::malformed},
        BadCoordinate{"HighBit", "0900000000000000000000000000000000000000000000000000000000000080",
                      Errc::malformed}),
    [](const auto& row) { return row.param.name; });

TEST(Scalars, AreReducedNegatedAndAddedModuloTheOrder) {
  const SecretBytes seven = scalar("07");
  EXPECT_EQ(to_hex(reduce(hex(kOrderOctets)).reveal()), std::string(64, '0'));
  EXPECT_EQ(to_hex(multiply_add(hex("03"), scalar("05"), negate(seven))),
            "08" + std::string(62, '0'));
  EXPECT_FALSE(is_reduced(hex(kOrderOctets)));
  EXPECT_TRUE(is_reduced(hex("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")));
}

}  // namespace
}  // namespace parley::crypto::edwards
