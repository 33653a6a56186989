// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/aes_cbc.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

// NIST SP 800-38A sections F.2.5 and F.2.6.
const SecretBytes& key() {
  static const SecretBytes out(
      *from_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"));
  return out;
}
Bytes iv() { return *from_hex("000102030405060708090a0b0c0d0e0f"); }
Bytes plaintext() {
  return *from_hex(
      "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710");
}
Bytes ciphertext() {
  return *from_hex(
      "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d"
      "39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b");
}

TEST(Aes256CbcKnownAnswer, IsThatOfTheStandardInBothDirections) {
  const Bytes vector = iv();
  const CbcInput input{.key = key(), .iv = vector, .padding = CbcPadding::none};
  EXPECT_EQ(aes256_cbc_encrypt(input, plaintext()), ciphertext());
  EXPECT_EQ(aes256_cbc_decrypt(input, ciphertext()), plaintext());
}

TEST(Aes256Cbc, PadsToWholeBlocksAndOneBlockMoreWhenTheyAreWhole) {
  const Bytes vector = iv();
  const CbcInput input{.key = key(), .iv = vector};
  for (const std::size_t size : {0, 1, 15, 16, 17, 31, 32, 1000}) {
    const Bytes text(size, 'x');
    const auto sealed = aes256_cbc_encrypt(input, text);
    ASSERT_TRUE(sealed) << size;
    EXPECT_EQ(sealed->size(), size / 16 * 16 + 16) << size;
    EXPECT_EQ(aes256_cbc_decrypt(input, *sealed), text) << size;
  }
}

TEST(Aes256Cbc, GivesTheSameInPiecesOfAnySize) {
  const Bytes vector = iv();
  const CbcInput input{.key = key(), .iv = vector};
  const Bytes text(100, 'x');
  const auto whole = *aes256_cbc_encrypt(input, text);
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    auto stream = CbcStream::make(input, CbcDirection::encrypt);
    ASSERT_TRUE(stream);
    Bytes joined;
    Bytes out;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(stream->update(std::string_view(text).substr(at, piece), out));
      joined += out;
    }
    ASSERT_TRUE(stream->finish(out));
    EXPECT_EQ(joined + out, whole) << piece;
  }
}

struct BadText {
  const char* name;
  Bytes last_block;  // in the clear; the decrypter must find its padding wrong
};

TEST(Aes256Cbc, RefusesWrongPadding) {
  const Bytes vector = iv();
  const CbcInput raw{.key = key(), .iv = vector, .padding = CbcPadding::none};
  const CbcInput padded{.key = key(), .iv = vector};
  const std::vector<BadText> rows{{"zero", Bytes(16, '\0')},
                                  {"seventeen", Bytes(16, '\x11')},
                                  {"uneven", Bytes(13, 'x') + Bytes("\2\3\3", 3)}};
  for (const auto& row : rows) {
    const auto sealed = *aes256_cbc_encrypt(raw, row.last_block);
    EXPECT_EQ(aes256_cbc_decrypt(padded, sealed).error().code, Errc::malformed) << row.name;
  }
  EXPECT_EQ(aes256_cbc_decrypt(padded, "").error().code, Errc::malformed);
  EXPECT_EQ(aes256_cbc_decrypt(padded, Bytes(17, 'x')).error().code, Errc::malformed);
  EXPECT_EQ(aes256_cbc_encrypt(raw, "x").error().code, Errc::malformed);
}

TEST(Aes256Cbc, RefusesKeysAndIvsOfOtherSizes) {
  const Bytes vector = iv();
  const SecretBytes short_key("short");
  EXPECT_EQ(aes256_cbc_encrypt({.key = short_key, .iv = vector}, "").error().code, Errc::malformed);
  EXPECT_EQ(aes256_cbc_encrypt({.key = key(), .iv = "short"}, "").error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::crypto
