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

Result<Context> begin(const GcmInput& input, std::size_t text_octets, int direction) {
  if (input.key.size() != kAesKeyOctets || input.nonce.size() != kGcmNonceOctets) {
    return fail(Errc::malformed, "an AES-256-GCM key has 32 octets, a nonce 12");
  }
  if (text_octets > INT_MAX || input.associated.size() > INT_MAX) {
    return fail(Errc::too_large, "more than 2^31 - 1 octets in one AES-GCM operation");
  }
  Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, unsigned_of(input.key.reveal()),
                        unsigned_of(input.nonce), direction) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &written, unsigned_of(input.associated),
                       static_cast<int>(input.associated.size())) != 1) {
    return fail(Errc::unsupported, "AES-256-GCM is not available");
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

}  // namespace

Result<Bytes> aes256_gcm_seal(const GcmInput& input, std::string_view plaintext) {
  const auto context = begin(input, plaintext.size(), kSeal);
  if (!context) {
    return std::unexpected(context.error());
  }
  Bytes out(plaintext.size() + kGcmTagOctets, '\0');
  if (!finish(context->get(), plaintext, unsigned_of(out)) ||
      EVP_CIPHER_CTX_ctrl(context->get(), EVP_CTRL_GCM_GET_TAG, kGcmTagOctets,
                          out.data() + plaintext.size()) != 1) {
    return fail(Errc::unsupported, "AES-256-GCM failed");
  }
  return out;
}

Result<Bytes> aes256_gcm_open(const GcmInput& input, std::string_view ciphertext) {
  if (ciphertext.size() < kGcmTagOctets) {
    return fail(Errc::truncated, "no room for a tag of 16 octets", ciphertext.size());
  }
  const auto text = ciphertext.substr(0, ciphertext.size() - kGcmTagOctets);
  Bytes tag(ciphertext.substr(text.size()));
  const auto context = begin(input, text.size(), kOpen);
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

}  // namespace parley::crypto
