// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/openssl_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include <utility>

namespace parley::crypto::jose {
namespace {

using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

Key built(const char* name, const Builder& builder, int selection) {
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, name, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return Key(key);
}

int nid_of(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return NID_X9_62_prime256v1;
    case Curve::p384:
      return NID_secp384r1;
    case Curve::p521:
      return NID_secp521r1;
    case Curve::none:
    case Curve::ed25519:
      return NID_undef;
  }
  return NID_undef;
}

Key ec_key(const PublicKey& key) {
  const Bytes point = '\x04' + key.x + key.y;
  const Builder builder(OSSL_PARAM_BLD_new());
  const int nid = nid_of(key.curve);
  if (nid == NID_undef) {
    return nullptr;
  }
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(nid), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return built("EC", builder, EVP_PKEY_PUBLIC_KEY);
}

// The exponents of the Chinese remainder theorem make signing four times as fast.
Key rsa_key(const PublicKey& key, const SecretBytes& d, const SecretBytes& p,
            const SecretBytes& q) {
  const Builder builder(OSSL_PARAM_BLD_new());
  const BigNumber n = number_of(key.n);
  const BigNumber e = number_of(key.e);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  if (d.empty()) {
    return built("RSA", builder, EVP_PKEY_PUBLIC_KEY);
  }
  const BigContext context(BN_CTX_new());
  const BigNumber private_exponent = number_of(d.reveal());
  const BigNumber first = number_of(p.reveal());
  const BigNumber second = number_of(q.reveal());
  const BigNumber first_exponent(BN_new());
  const BigNumber second_exponent(BN_new());
  const BigNumber less_one(BN_dup(first.get()));
  BN_sub_word(less_one.get(), 1);
  BN_mod(first_exponent.get(), private_exponent.get(), less_one.get(), context.get());
  BN_copy(less_one.get(), second.get());
  BN_sub_word(less_one.get(), 1);
  BN_mod(second_exponent.get(), private_exponent.get(), less_one.get(), context.get());
  const BigNumber coefficient(BN_mod_inverse(nullptr, second.get(), first.get(), context.get()));
  if (coefficient == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, private_exponent.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR1, first.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_FACTOR2, second.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT1, first_exponent.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_EXPONENT2, second_exponent.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_COEFFICIENT1, coefficient.get());
  return built("RSA", builder, EVP_PKEY_KEYPAIR);
}

}  // namespace

BigNumber number_of(std::string_view octets) {
  return BigNumber(BN_bin2bn(unsigned_of(octets), static_cast<int>(octets.size()), nullptr));
}

Bytes octets_of(const BIGNUM* number, std::size_t width) {
  Bytes out(width == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : width, '\0');
  BN_bn2binpad(number, unsigned_of(out), static_cast<int>(out.size()));
  return out;
}

Group group_of(Curve curve) {
  const int nid = nid_of(curve);
  return Group(nid == NID_undef ? nullptr : EC_GROUP_new_by_curve_name(nid));
}

Key openssl_key(const PublicKey& key) {
  switch (key.type) {
    case KeyType::ec:
      return ec_key(key);
    case KeyType::rsa:
      return rsa_key(key, {}, {}, {});
    case KeyType::okp: {
      Key made(
          EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, unsigned_of(key.x), key.x.size()));
      ERR_clear_error();
      return made;
    }
    case KeyType::oct:
      return nullptr;
  }
  return nullptr;
}

Key openssl_key(const PrivateKey& key) {
  if (key.public_key.type == KeyType::rsa) {
    return rsa_key(key.public_key, key.secret, key.p, key.q);
  }
  if (key.public_key.type == KeyType::okp) {
    Key made(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                          unsigned_of(key.secret.reveal()), key.secret.size()));
    ERR_clear_error();
    return made;
  }
  return nullptr;  // EC signs with its scalar: signature.cc
}

}  // namespace parley::crypto::jose
