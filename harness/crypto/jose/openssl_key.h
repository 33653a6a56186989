// SPDX-License-Identifier: GPL-3.0-or-later
// OpenSSL's handles for our keys. For the .cc files of this folder: it includes OpenSSL.
#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>

#include "harness/crypto/jose/key.h"

namespace parley::crypto::jose {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using BigNumber = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using BigContext = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

inline const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* unsigned_of(Bytes& octets) {
  return reinterpret_cast<unsigned char*>(octets.data());
}

BigNumber number_of(std::string_view octets);
// Big-endian, left-padded with zeros to `width`; 0 is the shortest.
Bytes octets_of(const BIGNUM* number, std::size_t width = 0);
Group group_of(Curve curve);  // null unless it is a NIST curve

// Null for what OpenSSL refuses and for oct.
Key openssl_key(const PublicKey& key);
Key openssl_key(const PrivateKey& key);

}  // namespace parley::crypto::jose
