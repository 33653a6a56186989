// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/digest_stream.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "harness/crypto/digest.h"

namespace parley::crypto {
namespace {

const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* unsigned_of(Bytes& octets) {
  return reinterpret_cast<unsigned char*>(octets.data());
}

struct MacFree {
  void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
};

// Found once: the look-up by name is dear.
EVP_MAC* hmac() {
  static const std::unique_ptr<EVP_MAC, MacFree> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  return mac.get();
}

}  // namespace

void Sha256Stream::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256Stream::update(std::string_view piece) {
  EVP_DigestUpdate(context_.get(), piece.data(), piece.size());
}

Bytes Sha256Stream::finish() {
  Bytes out(kSha256Octets, '\0');
  EVP_DigestFinal_ex(context_.get(), unsigned_of(out), nullptr);
  return out;
}

void HmacSha256Stream::Free::operator()(evp_mac_ctx_st* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

HmacSha256Stream::HmacSha256Stream(const SecretBytes& key) : context_(EVP_MAC_CTX_new(hmac())) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  // OpenSSL takes a null key for "the one before".
  EVP_MAC_init(context_.get(), unsigned_of(key.empty() ? std::string_view("") : key.reveal()),
               key.size(), parameters);
}

void HmacSha256Stream::update(std::string_view piece) {
  EVP_MAC_update(context_.get(), unsigned_of(piece), piece.size());
}

Bytes HmacSha256Stream::finish() {
  Bytes out(kSha256Octets, '\0');
  std::size_t size = 0;
  EVP_MAC_final(context_.get(), unsigned_of(out), &size, out.size());
  return out;
}

}  // namespace parley::crypto
