// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/payload.h"

#include <gtest/gtest.h>

namespace parley::crypto::omemo {
namespace {

TEST(OmemoPayload, IsReadAsItWasWrittenUnderAnyIv) {
  Rng rng(1);
  for (const std::size_t iv : {1U, 12U, 16U}) {
    for (const std::string text : {"", "x", "a longer text, of more than a block's length"}) {
      const auto payload = seal_payload(text, iv, rng);
      ASSERT_TRUE(payload) << payload.error();
      EXPECT_EQ(payload->key_material.size(), kKeyMaterialOctets);
      EXPECT_EQ(payload->iv.size(), iv);
      EXPECT_EQ(payload->ciphertext.size(), text.size());
      EXPECT_EQ(open_payload(*payload), text);
    }
  }
}

TEST(OmemoPayload, HasAnIvAtLeast) {
  Rng rng(1);
  const auto payload = seal_payload("text", 0, rng);
  ASSERT_FALSE(payload);
  EXPECT_EQ(payload.error().code, Errc::malformed);
}

// The GCM specification (McGrew, Viega), appendix B: test cases 1 and 2 of AES-128.
TEST(OmemoPayload, IsWhatTheCipherSpecificationSays) {
  const Bytes zeros(16, '\0');
  const Payload empty{.key_material = zeros + from_hex("58e2fccefa7e3061367f1d57a4e7455a").value(),
                      .iv = Bytes(12, '\0'),
                      .ciphertext = ""};
  EXPECT_EQ(open_payload(empty), "");
  const Payload block{.key_material = zeros + from_hex("ab6e47d42cec13bdf53a67b21257bddf").value(),
                      .iv = Bytes(12, '\0'),
                      .ciphertext = from_hex("0388dace60b6a392f328c2b971b2fe78").value()};
  EXPECT_EQ(open_payload(block), zeros);
}

}  // namespace
}  // namespace parley::crypto::omemo
