// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/large_body.h"

#include <gtest/gtest.h>

#include "harness/crypto/digest.h"

namespace parley::engine {
namespace {

TEST(LargeBody, IsNamedByItsLengthAndHash) {
  const auto text = repeated_text("616263", "3");
  ASSERT_TRUE(text) << text.error();
  EXPECT_EQ(*text, "repeated:3:616263");
  const auto name = name_of(*text);
  ASSERT_TRUE(name) << name.error();
  EXPECT_EQ(name->length, 9U);
  EXPECT_EQ(name->sha256, to_hex(crypto::sha256("abcabcabc")));
  const auto again = name_of(to_string(*name));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(to_string(*again), to_string(*name));
  EXPECT_TRUE(is_large(to_string(*name)));
}

TEST(LargeBody, ThatIsRepeatedIsReadPieceByPiece) {
  const auto source = source_of("repeated:3:616263");
  ASSERT_TRUE(source);
  EXPECT_EQ(source(), "abcabcabc");
  EXPECT_EQ(source(), "");
  EXPECT_FALSE(source_of("616263"));
}

TEST(LargeBody, ThatIsPaddedGoesOnInZeros) {
  EXPECT_TRUE(padded_text("616263", "2000000000"));
  const auto text = padded_text("616263", "4");
  ASSERT_TRUE(text) << text.error();
  const auto all = "abc" + Bytes(4, '\0');
  EXPECT_EQ(name_of(*text)->sha256, to_hex(crypto::sha256(all)));
  EXPECT_EQ(name_of(*text)->length, 7U);
  const auto source = source_of(*text);
  auto read = source();
  read += source();
  EXPECT_EQ(read, all);
  EXPECT_EQ(source(), "");
}

TEST(LargeBody, IsChunkedPieceByPiece) {
  const auto source = chunked(source_of("padded:2:616263"));
  EXPECT_EQ(source(), "3\r\nabc\r\n");
  EXPECT_EQ(source(), "2\r\n" + Bytes(2, '\0') + "\r\n");
  EXPECT_EQ(source(), "0\r\n\r\n");
  EXPECT_EQ(source(), "");
}

TEST(LargeBody, IsNothingElse) {
  const std::string hash(64, 'a');
  for (const auto& text :
       {std::string(), std::string("616263"), "large:" + hash, "large:1:" + hash + "a",
        "large:-1:" + hash, "large:1x:" + hash, "large:1:" + std::string(64, 'g'),
        std::string("repeated:3:6"), std::string("repeated:x:61"), std::string("repeated:3:"),
        std::string("repeated:99999999999:6161")}) {
    EXPECT_FALSE(name_of(text)) << text;
  }
}

}  // namespace
}  // namespace parley::engine
