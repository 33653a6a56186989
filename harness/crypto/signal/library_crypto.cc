// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/library_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <climits>
#include <cstring>
#include <memory>
#include <new>

#include "harness/crypto/signal/library_handles.h"

namespace parley::crypto::signal {
namespace {

struct MacFree {
  void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
};
struct DigestFree {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
struct CipherContextFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

int random(std::uint8_t* data, std::size_t size, void* user_data) {
  Bytes octets = static_cast<Rng*>(user_data)->octets(size);
  std::memcpy(data, octets.data(), size);
  OPENSSL_cleanse(octets.data(), octets.size());
  return SG_SUCCESS;
}

// Found once: a look-up by name costs more than a short HMAC.
EVP_MAC* hmac() {
  static const std::unique_ptr<EVP_MAC, MacFree> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  return mac.get();
}

int hmac_init(void** context, const std::uint8_t* key, std::size_t key_size, void* /*user_data*/) {
  *context = nullptr;  // the library cleans up after a failure too, whatever stands there
  EVP_MAC_CTX* out = EVP_MAC_CTX_new(hmac());
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const unsigned char empty = 0;
  // OpenSSL takes a null key for "the one before".
  if (out == nullptr ||
      EVP_MAC_init(out, key == nullptr ? &empty : key, key_size, parameters) != 1) {
    EVP_MAC_CTX_free(out);
    return SG_ERR_NOMEM;
  }
  *context = out;
  return SG_SUCCESS;
}

int hmac_update(void* context, const std::uint8_t* data, std::size_t size, void* /*user_data*/) {
  return EVP_MAC_update(static_cast<EVP_MAC_CTX*>(context), data, size) == 1 ? SG_SUCCESS
                                                                             : SG_ERR_UNKNOWN;
}

int hand_over(signal_buffer** output, const std::uint8_t* data, std::size_t size) {
  *output = signal_buffer_create(data, size);
  return *output == nullptr ? SG_ERR_NOMEM : SG_SUCCESS;
}

int hmac_final(void* context, signal_buffer** output, void* /*user_data*/) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> octets{};
  std::size_t size = 0;
  if (EVP_MAC_final(static_cast<EVP_MAC_CTX*>(context), octets.data(), &size, octets.size()) != 1) {
    return SG_ERR_UNKNOWN;
  }
  return hand_over(output, octets.data(), size);
}

void hmac_cleanup(void* context, void* /*user_data*/) {
  EVP_MAC_CTX_free(static_cast<EVP_MAC_CTX*>(context));
}

int sha512_init(void** context, void* /*user_data*/) {
  std::unique_ptr<EVP_MD_CTX, DigestFree> out(EVP_MD_CTX_new());
  if (!out || EVP_DigestInit_ex(out.get(), EVP_sha512(), nullptr) != 1) {
    return SG_ERR_NOMEM;
  }
  *context = out.release();
  return SG_SUCCESS;
}

int sha512_update(void* context, const std::uint8_t* data, std::size_t size, void* /*user_data*/) {
  return EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context), data, size) == 1 ? SG_SUCCESS
                                                                              : SG_ERR_UNKNOWN;
}

// Afterwards the context is ready for the next digest, as the library asks.
int sha512_final(void* context, signal_buffer** output, void* /*user_data*/) {
  auto* digest = static_cast<EVP_MD_CTX*>(context);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> octets{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(digest, octets.data(), &size) != 1 ||
      EVP_DigestInit_ex(digest, EVP_sha512(), nullptr) != 1) {
    return SG_ERR_UNKNOWN;
  }
  return hand_over(output, octets.data(), size);
}

void sha512_cleanup(void* context, void* /*user_data*/) {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

const EVP_CIPHER* cipher_of(int cipher, std::size_t key_octets) {
  if (cipher == SG_CIPHER_AES_CBC_PKCS5) {
    return key_octets == 32 ? EVP_aes_256_cbc() : key_octets == 16 ? EVP_aes_128_cbc() : nullptr;
  }
  if (cipher == SG_CIPHER_AES_CTR_NOPADDING) {
    return key_octets == 32 ? EVP_aes_256_ctr() : key_octets == 16 ? EVP_aes_128_ctr() : nullptr;
  }
  return nullptr;
}

struct Octets {
  const std::uint8_t* data;
  std::size_t size;
};

constexpr int kEncrypt = 1;
constexpr int kDecrypt = 0;

struct Run {
  int cipher;
  int direction;
  Octets key;
  Octets iv;
  Octets text;
};

int run_cipher(const Run& run, signal_buffer** output) {
  constexpr std::size_t kBlock = 16;
  const EVP_CIPHER* cipher = cipher_of(run.cipher, run.key.size);
  if (cipher == nullptr || run.iv.size != kBlock || run.text.size > INT_MAX - kBlock) {
    return SG_ERR_INVAL;
  }
  const std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree> context(EVP_CIPHER_CTX_new());
  Bytes out(run.text.size + kBlock, '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  int written = 0;
  int rest = 0;
  const bool right = context &&
                     EVP_CipherInit_ex(context.get(), cipher, nullptr, run.key.data, run.iv.data,
                                       run.direction) == 1 &&
                     EVP_CipherUpdate(context.get(), at, &written, run.text.data,
                                      static_cast<int>(run.text.size)) == 1 &&
                     EVP_CipherFinal_ex(context.get(), at + written, &rest) == 1;
  ERR_clear_error();
  const int result =
      right ? hand_over(output, at,
                        static_cast<std::size_t>(written) + static_cast<std::size_t>(rest))
            : SG_ERR_UNKNOWN;
  OPENSSL_cleanse(out.data(), out.size());
  return result;
}

// Here and below the library decides how many parameters there are.
int encrypt(signal_buffer** output, int cipher, const std::uint8_t* key, std::size_t key_size,
            const std::uint8_t* iv, std::size_t iv_size, const std::uint8_t* text,
            std::size_t text_size, void* /*user_data*/) {
  return run_cipher({.cipher = cipher,
                     .direction = kEncrypt,
                     .key = {.data = key, .size = key_size},
                     .iv = {.data = iv, .size = iv_size},
                     .text = {.data = text, .size = text_size}},
                    output);
}

int decrypt(signal_buffer** output, int cipher, const std::uint8_t* key, std::size_t key_size,
            const std::uint8_t* iv, std::size_t iv_size, const std::uint8_t* text,
            std::size_t text_size, void* /*user_data*/) {
  return run_cipher({.cipher = cipher,
                     .direction = kDecrypt,
                     .key = {.data = key, .size = key_size},
                     .iv = {.data = iv, .size = iv_size},
                     .text = {.data = text, .size = text_size}},
                    output);
}

}  // namespace

signal_crypto_provider crypto_on_openssl(Rng& rng) {
  return {.random_func = random,
          .hmac_sha256_init_func = hmac_init,
          .hmac_sha256_update_func = hmac_update,
          .hmac_sha256_final_func = hmac_final,
          .hmac_sha256_cleanup_func = hmac_cleanup,
          .sha512_digest_init_func = sha512_init,
          .sha512_digest_update_func = sha512_update,
          .sha512_digest_final_func = sha512_final,
          .sha512_digest_cleanup_func = sha512_cleanup,
          .encrypt_func = encrypt,
          .decrypt_func = decrypt,
          .user_data = &rng};
}

}  // namespace parley::crypto::signal
