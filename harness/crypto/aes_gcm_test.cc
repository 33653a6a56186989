// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/aes_gcm.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

const SecretBytes kZeroKey{Bytes(kAesKeyOctets, '\0')};
const Bytes kZeroNonce(kGcmNonceOctets, '\0');

// Test cases 13 and 14 of "The Galois/Counter Mode of Operation".
TEST(Aes256Gcm, IsWhatTheExamplesSay) {
  const GcmInput input{.key = kZeroKey, .nonce = kZeroNonce, .associated = ""};
  const auto empty = aes256_gcm_seal(input, "");
  const auto block = aes256_gcm_seal(input, Bytes(16, '\0'));
  ASSERT_TRUE(empty && block);
  EXPECT_EQ(to_hex(*empty), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(to_hex(*block), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  EXPECT_EQ(aes256_gcm_open(input, *empty), Bytes());
  EXPECT_EQ(aes256_gcm_open(input, *block), Bytes(16, '\0'));
}

TEST(Aes256Gcm, RefusesEveryFlippedBitAndAnotherContext) {
  const GcmInput input{.key = kZeroKey, .nonce = kZeroNonce, .associated = "context"};
  const auto sealed = aes256_gcm_seal(input, "text");
  ASSERT_TRUE(sealed);
  for (std::size_t bit = 0; bit < sealed->size() * 8; ++bit) {
    Bytes wrong = *sealed;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
    const auto opened = aes256_gcm_open(input, wrong);
    ASSERT_FALSE(opened) << bit;
    EXPECT_EQ(opened.error().code, Errc::bad_signature);
  }
  const GcmInput other{.key = kZeroKey, .nonce = kZeroNonce, .associated = "Context"};
  EXPECT_FALSE(aes256_gcm_open(other, *sealed));
}

TEST(Aes256Gcm, RefusesWhatHasNoRoomForATag) {
  const GcmInput input{.key = kZeroKey, .nonce = kZeroNonce, .associated = ""};
  for (std::size_t size = 0; size < kGcmTagOctets; ++size) {
    const auto opened = aes256_gcm_open(input, Bytes(size, 'x'));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::truncated);
  }
}

TEST(Aes256Gcm, RefusesAKeyOrNonceOfAnotherSize) {
  const SecretBytes short_key{Bytes(16, '\0')};
  for (const auto& input : {GcmInput{.key = short_key, .nonce = kZeroNonce, .associated = ""},
                            GcmInput{.key = kZeroKey, .nonce = "short", .associated = ""}}) {
    const auto sealed = aes256_gcm_seal(input, "text");
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace parley::crypto
