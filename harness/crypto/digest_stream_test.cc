// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/digest_stream.h"

#include <gtest/gtest.h>

#include "harness/crypto/digest.h"

namespace parley::crypto {
namespace {

const Bytes kText(1000, 't');

TEST(DigestStreams, GiveInPiecesOfAnySizeWhatTheFunctionsGive) {
  for (const std::size_t piece : {1, 7, 63, 64, 65, 999, 1000}) {
    Sha256Stream hash;
    HmacSha256Stream mac(SecretBytes("key"));
    for (std::size_t at = 0; at < kText.size(); at += piece) {
      hash.update(std::string_view(kText).substr(at, piece));
      mac.update(std::string_view(kText).substr(at, piece));
    }
    EXPECT_EQ(hash.finish(), sha256(kText)) << piece;
    EXPECT_EQ(mac.finish(), hmac_sha256("key", kText)) << piece;
  }
}

TEST(DigestStreams, TakeNoTextAndNoKey) {
  EXPECT_EQ(Sha256Stream().finish(), sha256(""));
  EXPECT_EQ(HmacSha256Stream(SecretBytes()).finish(), hmac_sha256("", ""));
}

}  // namespace
}  // namespace parley::crypto
