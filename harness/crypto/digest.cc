// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace parley::crypto {
namespace {

const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* unsigned_of(Bytes& octets) {
  return reinterpret_cast<unsigned char*>(octets.data());
}

}  // namespace

Bytes sha1(std::string_view text) {
  Bytes out(kSha1Octets, '\0');
  SHA1(unsigned_of(text), text.size(), unsigned_of(out));
  return out;
}

Bytes sha256(std::string_view text) {
  Bytes out(kSha256Octets, '\0');
  SHA256(unsigned_of(text), text.size(), unsigned_of(out));
  return out;
}

Bytes sha512(std::string_view text) {
  Bytes out(kSha512Octets, '\0');
  SHA512(unsigned_of(text), text.size(), unsigned_of(out));
  return out;
}

Bytes hmac_sha256(std::string_view key, std::string_view text) {
  Bytes out(kSha256Octets, '\0');
  // HMAC() takes a null key for "the one before", so an empty key must not be one.
  HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()), unsigned_of(text),
       text.size(), unsigned_of(out), nullptr);
  return out;
}

SecretBytes hkdf_sha256(const HkdfInput& input) {
  Bytes extracted = hmac_sha256(input.salt, input.key_material);
  Bytes out;
  Bytes block;
  for (int counter = 1; out.size() < input.octets && counter <= 255; ++counter) {
    block += input.info;
    block += static_cast<char>(counter);
    block = hmac_sha256(extracted, block);
    out += block;
  }
  SecretBytes secret(std::string_view(out).substr(0, input.octets));
  OPENSSL_cleanse(extracted.data(), extracted.size());
  OPENSSL_cleanse(block.data(), block.size());
  OPENSSL_cleanse(out.data(), out.size());
  return secret;
}

}  // namespace parley::crypto
