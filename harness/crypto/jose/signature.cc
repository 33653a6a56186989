// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/signature.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/json.h"
#include "harness/crypto/jose/openssl_key.h"

namespace parley::crypto::jose {
namespace {

enum class Family { ecdsa, pkcs1, pss, eddsa, hmac };

struct Traits {
  Algorithm algorithm;
  std::string_view name;
  Family family;
  Hash hash;
  Curve curve;
};

constexpr std::array<Traits, 13> kAlgorithms{{
    {Algorithm::es256, "ES256", Family::ecdsa, Hash::sha256, Curve::p256},
    {Algorithm::es384, "ES384", Family::ecdsa, Hash::sha384, Curve::p384},
    {Algorithm::es512, "ES512", Family::ecdsa, Hash::sha512, Curve::p521},
    {Algorithm::rs256, "RS256", Family::pkcs1, Hash::sha256, Curve::none},
    {Algorithm::rs384, "RS384", Family::pkcs1, Hash::sha384, Curve::none},
    {Algorithm::rs512, "RS512", Family::pkcs1, Hash::sha512, Curve::none},
    {Algorithm::ps256, "PS256", Family::pss, Hash::sha256, Curve::none},
    {Algorithm::ps384, "PS384", Family::pss, Hash::sha384, Curve::none},
    {Algorithm::ps512, "PS512", Family::pss, Hash::sha512, Curve::none},
    {Algorithm::eddsa, "EdDSA", Family::eddsa, Hash::sha512, Curve::ed25519},
    {Algorithm::hs256, "HS256", Family::hmac, Hash::sha256, Curve::none},
    {Algorithm::hs384, "HS384", Family::hmac, Hash::sha384, Curve::none},
    {Algorithm::hs512, "HS512", Family::hmac, Hash::sha512, Curve::none},
}};

const Traits& traits_of(Algorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}

const EVP_MD* openssl_hash(Hash hash) {
  switch (hash) {
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sha384:
      return EVP_sha384();
    case Hash::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

KeyType type_of(Family family) {
  switch (family) {
    case Family::ecdsa:
      return KeyType::ec;
    case Family::pkcs1:
    case Family::pss:
      return KeyType::rsa;
    case Family::eddsa:
      return KeyType::okp;
    case Family::hmac:
      return KeyType::oct;
  }
  return KeyType::oct;
}

// RFC 6979 section 2.3.2: the leftmost bits of `octets`, as many as the order has.
BigNumber bits_to_int(std::string_view octets, const BIGNUM* order) {
  BigNumber out = number_of(octets);
  const int surplus = static_cast<int>(octets.size()) * 8 - BN_num_bits(order);
  if (surplus > 0) {
    BN_rshift(out.get(), out.get(), surplus);
  }
  return out;
}

// RFC 6979 section 3.2: the nonces in their order, the first of which serves but once in 2^128.
class Nonces {
 public:
  Nonces(Hash hash, const BIGNUM* order, std::string_view d, std::string_view hashed)
      : hash_(hash), order_(order) {
    const Bytes start = digest(hash, "");
    key_.assign(start.size(), '\0');
    value_.assign(start.size(), '\x01');
    const Bytes seed = Bytes(d) + Bytes(hashed);
    stir('\0', seed);
    stir('\x01', seed);
  }

  BigNumber next() {
    for (;;) {
      Bytes octets;
      while (octets.size() * 8 < static_cast<std::size_t>(BN_num_bits(order_))) {
        value_ = hmac(hash_, key_, value_);
        octets += value_;
      }
      BigNumber nonce = bits_to_int(octets, order_);
      stir('\0', {});
      if (BN_is_zero(nonce.get()) == 0 && BN_cmp(nonce.get(), order_) < 0) {
        return nonce;
      }
    }
  }

 private:
  void stir(char mark, std::string_view seed) {
    key_ = hmac(hash_, key_, value_ + mark + Bytes(seed));
    value_ = hmac(hash_, key_, value_);
  }

  Hash hash_;
  const BIGNUM* order_;
  Bytes key_;
  Bytes value_;
};

// RFC 8017 appendix B.2.1.
Bytes mask(Hash hash, std::string_view seed, std::size_t octets) {
  Bytes out;
  for (std::uint32_t counter = 0; out.size() < octets; ++counter) {
    Bytes block(seed);
    for (int shift = 24; shift >= 0; shift -= 8) {
      block += static_cast<char>((counter >> static_cast<unsigned>(shift)) & 0xFFU);
    }
    out += digest(hash, block);
  }
  out.resize(octets);
  return out;
}

// EMSA-PSS (RFC 8017 section 9.1.1), the salt as long as the hash (RFC 7518 section 3.5).
Bytes pss_encoded(Hash hash, std::size_t modulus_bits, std::string_view salt,
                  std::string_view message) {
  const std::size_t size = (modulus_bits - 1 + 7) / 8;
  const Bytes hashed = digest(hash, Bytes(8, '\0') + digest(hash, message) + Bytes(salt));
  Bytes block(size - salt.size() - hashed.size() - 2, '\0');
  block += '\x01';
  block += salt;
  const Bytes cover = mask(hash, hashed, block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = static_cast<char>(block[i] ^ cover[i]);
  }
  const auto unused = static_cast<unsigned>(8 * size - (modulus_bits - 1));
  block[0] = static_cast<char>(static_cast<std::uint8_t>(block[0]) & (0xFFU >> unused));
  // A modulus of 8k + 1 bits leaves its first octet out.
  return Bytes((modulus_bits + 7) / 8 - size, '\0') + block + hashed + '\xBC';
}

Result<Bytes> rsa_private(const PrivateKey& key, const std::string_view encoded) {
  const Key handle = openssl_key(key);
  const KeyContext context(handle ? EVP_PKEY_CTX_new(handle.get(), nullptr) : nullptr);
  Bytes out(key.public_key.n.size(), '\0');
  std::size_t size = out.size();
  if (context == nullptr || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
      EVP_PKEY_sign(context.get(), unsigned_of(out), &size, unsigned_of(encoded), encoded.size()) !=
          1) {
    ERR_clear_error();
    return fail(Errc::io, "OpenSSL could not sign");
  }
  return out;
}

Result<Bytes> pss_signature(const Traits& traits, const PrivateKey& key, std::string_view message) {
  const Bytes salt = hmac(traits.hash, key.secret.reveal(), message);
  const auto bits = rsa_bits(key.public_key);
  if (bits < 16 * salt.size() + 16) {
    return fail(Errc::unsupported, "the RSA key is too small for that hash");
  }
  return rsa_private(key, pss_encoded(traits.hash, bits, salt, message));
}

Result<Bytes> openssl_signature(const Traits& traits, const PrivateKey& key,
                                std::string_view message) {
  const Key handle = openssl_key(key);
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* hash = traits.family == Family::eddsa ? nullptr : openssl_hash(traits.hash);
  Bytes out(signature_octets(traits.algorithm, key.public_key), '\0');
  std::size_t size = out.size();
  if (handle == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, handle.get()) != 1 ||
      EVP_DigestSign(context.get(), unsigned_of(out), &size, unsigned_of(message),
                     message.size()) != 1) {
    ERR_clear_error();
    return fail(Errc::io, "OpenSSL could not sign");
  }
  out.resize(size);
  return out;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) { return traits_of(algorithm).name; }

std::optional<Algorithm> algorithm_from(std::string_view name) {
  const auto* at = std::ranges::find(kAlgorithms, name, &Traits::name);
  return at == kAlgorithms.end() ? std::nullopt : std::optional(at->algorithm);
}

bool is_symmetric(Algorithm algorithm) { return traits_of(algorithm).family == Family::hmac; }

bool fits(Algorithm algorithm, const PublicKey& key) {
  const Traits& traits = traits_of(algorithm);
  return type_of(traits.family) == key.type &&
         (traits.curve == key.curve || key.type == KeyType::rsa || key.type == KeyType::oct) &&
         (key.alg.empty() || key.alg == traits.name) && (key.use.empty() || key.use == "sig");
}

Algorithm usual_algorithm(const PublicKey& key) {
  if (const auto own = algorithm_from(key.alg)) {
    return *own;
  }
  const auto* at = std::ranges::find_if(kAlgorithms, [&](const Traits& traits) {
    return type_of(traits.family) == key.type && traits.curve == key.curve;
  });
  return at == kAlgorithms.end() ? Algorithm::es256 : at->algorithm;
}

std::size_t signature_octets(Algorithm algorithm, const PublicKey& key) {
  const Traits& traits = traits_of(algorithm);
  switch (traits.family) {
    case Family::ecdsa:
    case Family::eddsa:
      return 2 * coordinate_octets(traits.curve);
    case Family::pkcs1:
    case Family::pss:
      return key.n.size();
    case Family::hmac:
      return static_cast<std::size_t>(EVP_MD_get_size(openssl_hash(traits.hash)));
  }
  return 0;
}

Result<Bytes> sign(Algorithm algorithm, const PrivateKey& key, std::string_view message) {
  if (!fits(algorithm, key.public_key)) {
    return fail(Errc::unsupported, "the key does not fit the algorithm");
  }
  const Traits& traits = traits_of(algorithm);
  switch (traits.family) {
    case Family::ecdsa:
      return ecdsa_sign(traits.curve, traits.hash, key.secret, message);
    case Family::hmac:
      return hmac(traits.hash, key.secret.reveal(), message);
    case Family::pss:
      return pss_signature(traits, key, message);
    case Family::pkcs1:
    case Family::eddsa:
      return openssl_signature(traits, key, message);
  }
  return fail(Errc::unsupported, "no such algorithm");
}

Result<void> verify_with_openssl(Algorithm algorithm, const PublicKey& key,
                                 std::string_view message, std::string_view signature) {
  const Traits& traits = traits_of(algorithm);
  if (traits.family == Family::hmac || !fits(algorithm, key)) {
    return fail(Errc::unsupported, "the key does not fit the algorithm");
  }
  if (signature.size() != signature_octets(algorithm, key)) {
    return fail(Errc::malformed, "the signature has not the length that the algorithm gives it");
  }
  const Key handle = openssl_key(key);
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* hash = traits.family == Family::eddsa ? nullptr : openssl_hash(traits.hash);
  const Bytes octets = traits.family == Family::ecdsa ? ecdsa_to_der(signature) : Bytes(signature);
  EVP_PKEY_CTX* inner = nullptr;
  bool good = handle != nullptr &&
              EVP_DigestVerifyInit(context.get(), &inner, hash, nullptr, handle.get()) == 1;
  if (good && traits.family == Family::pss) {
    good = EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  good = good && EVP_DigestVerify(context.get(), unsigned_of(octets), octets.size(),
                                  unsigned_of(message), message.size()) == 1;
  ERR_clear_error();
  return good ? Result<void>() : fail(Errc::bad_signature, "the signature is wrong");
}

Bytes digest(Hash hash, std::string_view text) {
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(openssl_hash(hash))), '\0');
  EVP_Digest(text.data(), text.size(), unsigned_of(out), nullptr, openssl_hash(hash), nullptr);
  return out;
}

Bytes hmac(Hash hash, std::string_view key, std::string_view text) {
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(openssl_hash(hash))), '\0');
  // HMAC() takes a null key for "the one before", so an empty key must not be one.
  HMAC(openssl_hash(hash), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
       unsigned_of(text), text.size(), unsigned_of(out), nullptr);
  return out;
}

Bytes ecdsa_sign(Curve curve, Hash hash, const SecretBytes& d, std::string_view message) {
  const Group group = group_of(curve);
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  const BigContext context(BN_CTX_new());
  const BigNumber z = bits_to_int(digest(hash, message), order);
  const BigNumber reduced(BN_new());
  BN_mod(reduced.get(), z.get(), order, context.get());
  const auto width = coordinate_octets(curve);
  Nonces nonces(hash, order, octets_of(number_of(d.reveal()).get(), width),
                octets_of(reduced.get(), width));
  const BigNumber secret = number_of(d.reveal());
  const Point point(EC_POINT_new(group.get()));
  const BigNumber r(BN_new());
  const BigNumber s(BN_new());
  while (BN_is_zero(r.get()) == 1 || BN_is_zero(s.get()) == 1) {
    const BigNumber nonce = nonces.next();
    EC_POINT_mul(group.get(), point.get(), nonce.get(), nullptr, nullptr, context.get());
    EC_POINT_get_affine_coordinates(group.get(), point.get(), r.get(), nullptr, context.get());
    BN_nnmod(r.get(), r.get(), order, context.get());
    const BigNumber inverse(BN_mod_inverse(nullptr, nonce.get(), order, context.get()));
    BN_mod_mul(s.get(), r.get(), secret.get(), order, context.get());
    BN_mod_add(s.get(), s.get(), reduced.get(), order, context.get());
    BN_mod_mul(s.get(), s.get(), inverse.get(), order, context.get());
  }
  return octets_of(r.get(), width) + octets_of(s.get(), width);
}

Bytes ecdsa_to_der(std::string_view signature) {
  const auto half = signature.size() / 2;
  const std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  ECDSA_SIG_set0(pair.get(), number_of(signature.substr(0, half)).release(),
                 number_of(signature.substr(half)).release());
  unsigned char* octets = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &octets);
  Bytes out(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(octets);
  return out;
}

Bytes order_of(Curve curve) {
  const Group group = group_of(curve);
  return group == nullptr ? Bytes()
                          : octets_of(EC_GROUP_get0_order(group.get()), coordinate_octets(curve));
}

Result<std::string> sign_token(std::string_view header, std::string_view claims,
                               Algorithm algorithm, const PrivateKey& key) {
  std::string token = to_base64url(header) + "." + to_base64url(claims);
  const auto signature = sign(algorithm, key, token);
  if (!signature) {
    return std::unexpected(signature.error());
  }
  return token + "." + to_base64url(*signature);
}

Result<Bytes> sign_honestly(std::string_view header, std::string_view claims,
                            const PrivateKey& key) {
  auto algorithm = usual_algorithm(key.public_key);
  const auto json = read_json(header, {}, Repeats::kept);
  const Json* named = json ? json->find("alg") : nullptr;
  if (named != nullptr && named->text() != nullptr) {
    const auto wanted = algorithm_from(*named->text());
    algorithm = wanted && fits(*wanted, key.public_key) ? *wanted : algorithm;
  }
  return sign_token(header, claims, algorithm, key);
}

}  // namespace parley::crypto::jose
