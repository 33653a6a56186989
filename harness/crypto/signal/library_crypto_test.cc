// SPDX-License-Identifier: GPL-3.0-or-later
// The table against published values, called as the library calls it. SHA-512 and AES of the
// library itself are covered by its own tests on this table (curve_internal_fast_tests).
#include "harness/crypto/signal/library_crypto.h"

#include <gtest/gtest.h>

#include "harness/crypto/digest.h"
#include "harness/crypto/signal/library_handles.h"

namespace parley::crypto::signal {
namespace {

enum class Direction { encrypt, decrypt };

class Table : public testing::Test {
 protected:
  Bytes octets_of(signal_buffer* buffer) const {
    const BufferPtr owned(buffer);
    return Bytes(view_of(buffer));
  }
  Bytes hmac(std::string_view key, std::string_view text) const {
    void* context = nullptr;
    signal_buffer* out = nullptr;
    EXPECT_EQ(table_.hmac_sha256_init_func(&context, unsigned_of(key), key.size(), nullptr), 0);
    for (const char& octet : text) {
      EXPECT_EQ(table_.hmac_sha256_update_func(context, unsigned_of({&octet, 1}), 1, nullptr), 0);
    }
    EXPECT_EQ(table_.hmac_sha256_final_func(context, &out, nullptr), 0);
    table_.hmac_sha256_cleanup_func(context, nullptr);
    return octets_of(out);
  }
  Result<Bytes> aes(int cipher, std::string_view key, std::string_view text,
                    Direction direction) const {
    const Bytes iv = *from_hex("000102030405060708090a0b0c0d0e0f");
    signal_buffer* out = nullptr;
    const auto run = direction == Direction::decrypt ? table_.decrypt_func : table_.encrypt_func;
    if (run(&out, cipher, unsigned_of(key), key.size(), unsigned_of(iv), iv.size(),
            unsigned_of(text), text.size(), nullptr) < 0) {
      return fail(Errc::refused, "the table refuses");
    }
    return octets_of(out);
  }

  Rng rng_{1};
  signal_crypto_provider table_ = crypto_on_openssl(rng_);
};

// RFC 4231 section 4.3.
TEST_F(Table, ComputesHmacInPieces) {
  EXPECT_EQ(to_hex(hmac("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac("", ""), hmac_sha256("", ""));
}

// FIPS 180-4: "abc"; the context serves again.
TEST_F(Table, ComputesSha512TwiceWithOneContext) {
  void* context = nullptr;
  ASSERT_EQ(table_.sha512_digest_init_func(&context, nullptr), 0);
  for (int i = 0; i < 2; ++i) {
    signal_buffer* out = nullptr;
    EXPECT_EQ(table_.sha512_digest_update_func(context, unsigned_of("abc"), 3, nullptr), 0);
    EXPECT_EQ(table_.sha512_digest_final_func(context, &out, nullptr), 0);
    EXPECT_EQ(octets_of(out), sha512("abc"));
  }
  table_.sha512_digest_cleanup_func(context, nullptr);
}

// NIST SP 800-38A section F.2.5, first block; the padding is one block more.
TEST_F(Table, EncryptsCbcWithPadding) {
  const auto key = *from_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const auto text = *from_hex("6bc1bee22e409f96e93d7e117393172a");
  const auto sealed = aes(SG_CIPHER_AES_CBC_PKCS5, key, text, Direction::encrypt);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->size(), 32U);
  EXPECT_EQ(to_hex(sealed->substr(0, 16)), "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
  EXPECT_EQ(aes(SG_CIPHER_AES_CBC_PKCS5, key, *sealed, Direction::decrypt), text);
}

TEST_F(Table, RefusesWrongPaddingKeysAndCiphers) {
  const Bytes key(32, 'k');
  EXPECT_FALSE(aes(SG_CIPHER_AES_CBC_PKCS5, key, Bytes(16, 'x'), Direction::decrypt));
  EXPECT_FALSE(aes(SG_CIPHER_AES_CBC_PKCS5, key, Bytes(15, 'x'), Direction::decrypt));
  EXPECT_FALSE(aes(SG_CIPHER_AES_CBC_PKCS5, key, "", Direction::decrypt));
  EXPECT_FALSE(aes(SG_CIPHER_AES_CBC_PKCS5, Bytes(31, 'k'), "x", Direction::encrypt));
  EXPECT_FALSE(aes(9, key, "x", Direction::encrypt));
}

TEST_F(Table, EncryptsCtrWithoutPadding) {
  const Bytes key(16, 'k');
  const auto sealed = aes(SG_CIPHER_AES_CTR_NOPADDING, key, "seven..", Direction::encrypt);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->size(), 7U);
  EXPECT_EQ(aes(SG_CIPHER_AES_CTR_NOPADDING, key, *sealed, Direction::decrypt), "seven..");
}

TEST_F(Table, DrawsFromTheSeededGenerator) {
  Bytes drawn(40, '\0');
  ASSERT_EQ(table_.random_func(reinterpret_cast<std::uint8_t*>(drawn.data()), drawn.size(), &rng_),
            0);
  EXPECT_EQ(drawn, Rng(1).octets(40));
}

}  // namespace
}  // namespace parley::crypto::signal
