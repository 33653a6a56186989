// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/x25519.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }

// RFC 7748 section 6.1: Bob's side.
TEST(X25519, IsWhatTheExampleSays) {
  const auto bob =
      x25519_key_pair(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  ASSERT_TRUE(bob) << bob.error();
  EXPECT_EQ(to_hex(bob->public_key),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto shared = x25519(
      bob->private_key, hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
      LowOrder::refuse);
  ASSERT_TRUE(shared) << shared.error();
  EXPECT_EQ(to_hex(shared->reveal()),
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST(X25519KeyPair, IsTheSameForTheSameSeed) {
  Rng first(7);
  Rng second(7);
  const auto a = x25519_key_pair(first);
  const auto b = x25519_key_pair(second);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->public_key, b->public_key);
  EXPECT_NE(a->public_key, x25519_key_pair(first).value_or(X25519KeyPair{}).public_key);
}

TEST(X25519, RefusesKeysOfAnotherSize) {
  const SecretBytes own{Bytes(32, '\1')};
  for (const std::size_t size : {0U, 31U, 33U}) {
    EXPECT_FALSE(x25519_key_pair(Bytes(size, '\1')));
    EXPECT_FALSE(x25519(own, Bytes(size, '\1'), LowOrder::refuse));
    EXPECT_FALSE(x25519(SecretBytes(Bytes(size, '\1')), Bytes(32, '\1'), LowOrder::refuse));
  }
}

// The Montgomery coordinates of order 1, 2, 4 and 8, reduced and not.
class PointOfSmallOrder : public testing::TestWithParam<const char*> {};

TEST_P(PointOfSmallOrder, IsRefusedUnlessTolerated) {
  const SecretBytes own{Bytes(32, '\1')};
  const auto refused = x25519(own, hex(GetParam()), LowOrder::refuse);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  const auto tolerated = x25519(own, hex(GetParam()), LowOrder::tolerate);
  ASSERT_TRUE(tolerated);
  EXPECT_EQ(tolerated->reveal(), Bytes(32, '\0'));
}

INSTANTIATE_TEST_SUITE_P(
    Coordinates, PointOfSmallOrder,
    testing::Values("0000000000000000000000000000000000000000000000000000000000000000",
                    "0100000000000000000000000000000000000000000000000000000000000000",
                    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));

}  // namespace
}  // namespace parley::crypto
