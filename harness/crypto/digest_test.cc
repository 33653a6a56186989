// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/digest.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }

TEST(Digest, IsWhatFips180Says) {
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha512("abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

// RFC 4231 section 4.3.
TEST(HmacSha256, IsWhatTheExampleSays) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

struct HkdfRow {
  const char* name;
  const char* salt;
  const char* key_material;
  const char* info;
  const char* output;
};
class HkdfSha256 : public testing::TestWithParam<HkdfRow> {};

TEST_P(HkdfSha256, IsWhatTheExampleSays) {
  const auto& row = GetParam();
  const Bytes output = hex(row.output);
  EXPECT_EQ(to_hex(hkdf_sha256({.salt = hex(row.salt),
                                .key_material = hex(row.key_material),
                                .info = hex(row.info),
                                .octets = output.size()})
                       .reveal()),
            row.output);
}

// RFC 5869 appendix A.1 and A.3.
INSTANTIATE_TEST_SUITE_P(
    Rfc5869, HkdfSha256,
    testing::Values(HkdfRow{"WithSaltAndInfo", "000102030405060708090a0b0c",
                            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "f0f1f2f3f4f5f6f7f8f9",
                            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                            "34007208d5b887185865"},
                    HkdfRow{"WithoutSaltAndInfo", "",
                            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
                            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                            "9d201395faa4b61a96c8"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::crypto
