// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/aes_gcm.h"

#include <openssl/evp.h>

#include <climits>
#include <memory>

namespace parley::crypto {
namespace {

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

constexpr int kSeal = 1;
constexpr int kOpen = 0;

const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* unsigned_of(Bytes& octets) {
  return reinterpret_cast<unsigned char*>(octets.data());
}

enum class Size { aes128, aes256 };

Result<void> check_lengths(const GcmInput& input, Size size) {
  if (size == Size::aes256 &&
      (input.key.size() != kAesKeyOctets ||
       (input.nonce.size() != kGcmNonceOctets && input.nonce.size() != kLongGcmNonceOctets))) {
    return fail(Errc::malformed, "an AES-256-GCM key has 32 octets, a nonce 12 or 16");
  }
  if (size == Size::aes128 && (input.key.size() != kAes128KeyOctets || input.nonce.empty() ||
                               input.nonce.size() > kMaxGcmNonceOctets)) {
    return fail(Errc::malformed, "an AES-128-GCM key has 16 octets, a nonce 1 to 128");
  }
  return {};
}

Result<Context> begin(const GcmInput& input, Size size, std::size_t text_octets, int direction) {
  if (auto fits = check_lengths(input, size); !fits) {
    return std::unexpected(fits.error());
  }
  if (text_octets > INT_MAX || input.associated.size() > INT_MAX) {
    return fail(Errc::too_large, "more than 2^31 - 1 octets in one AES-GCM operation");
  }
  Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  const auto* cipher = size == Size::aes256 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  if (!context ||
      EVP_CipherInit_ex(context.get(), cipher, nullptr, nullptr, nullptr, direction) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_IVLEN,
                          static_cast<int>(input.nonce.size()), nullptr) != 1 ||
      EVP_CipherInit_ex(context.get(), nullptr, nullptr, unsigned_of(input.key.reveal()),
                        unsigned_of(input.nonce), direction) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &written, unsigned_of(input.associated),
                       static_cast<int>(input.associated.size())) != 1) {
    return fail(Errc::unsupported, "AES-GCM is not available");
  }
  return context;
}

// Runs the text through; true when the end, and with it the tag, was accepted.
bool finish(EVP_CIPHER_CTX* context, std::string_view text, unsigned char* out) {
  int written = 0;
  int rest = 0;
  return EVP_CipherUpdate(context, out, &written, unsigned_of(text),
                          static_cast<int>(text.size())) == 1 &&
         EVP_CipherFinal_ex(context, out + written, &rest) == 1;
}

Result<Bytes> seal(const GcmInput& input, Size size, std::string_view plaintext) {
  const auto context = begin(input, size, plaintext.size(), kSeal);
  if (!context) {
    return std::unexpected(context.error());
  }
  Bytes out(plaintext.size() + kGcmTagOctets, '\0');
  if (!finish(context->get(), plaintext, unsigned_of(out)) ||
      EVP_CIPHER_CTX_ctrl(context->get(), EVP_CTRL_GCM_GET_TAG, kGcmTagOctets,
                          out.data() + plaintext.size()) != 1) {
    return fail(Errc::unsupported, "AES-GCM failed");
  }
  return out;
}

Result<Bytes> open(const GcmInput& input, Size size, std::string_view ciphertext) {
  if (ciphertext.size() < kGcmTagOctets) {
    return fail(Errc::truncated, "no room for a tag of 16 octets", ciphertext.size());
  }
  const auto text = ciphertext.substr(0, ciphertext.size() - kGcmTagOctets);
  Bytes tag(ciphertext.substr(text.size()));
  const auto context = begin(input, size, text.size(), kOpen);
  if (!context) {
    return std::unexpected(context.error());
  }
  Bytes out(text.size() + kGcmTagOctets, '\0');  // never empty: no null output for an empty text
  if (EVP_CIPHER_CTX_ctrl(context->get(), EVP_CTRL_GCM_SET_TAG, kGcmTagOctets, tag.data()) != 1 ||
      !finish(context->get(), text, unsigned_of(out))) {
    return fail(Errc::bad_signature, "the authentication tag is wrong");
  }
  out.resize(text.size());
  return out;
}

}  // namespace

Result<Bytes> aes256_gcm_seal(const GcmInput& input, std::string_view plaintext) {
  return seal(input, Size::aes256, plaintext);
}

Result<Bytes> aes256_gcm_open(const GcmInput& input, std::string_view ciphertext) {
  return open(input, Size::aes256, ciphertext);
}

Result<Bytes> aes128_gcm_seal(const GcmInput& input, std::string_view plaintext) {
  return seal(input, Size::aes128, plaintext);
}

Result<Bytes> aes128_gcm_open(const GcmInput& input, std::string_view ciphertext) {
  return open(input, Size::aes128, ciphertext);
}

}  // namespace parley::crypto
