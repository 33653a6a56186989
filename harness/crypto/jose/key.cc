// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/openssl_key.h"

namespace parley::crypto::jose {
namespace {

constexpr std::uint64_t kPublicExponent = 65537;

Result<PrivateKey> make_ec_key(Curve curve, Rng& rng) {
  const Group group = group_of(curve);
  const BigNumber order(BN_dup(EC_GROUP_get0_order(group.get())));
  const auto width = coordinate_octets(curve);
  // 64 bits more than the order has: the remainder is as good as uniform (FIPS 186-5 A.2.1).
  const BigNumber drawn = number_of(rng.octets(width + 8));
  const BigContext context(BN_CTX_new());
  const BigNumber scalar(BN_new());
  BN_sub_word(order.get(), 1);
  BN_mod(scalar.get(), drawn.get(), order.get(), context.get());
  BN_add_word(scalar.get(), 1);
  const Point point(EC_POINT_new(group.get()));
  const BigNumber x(BN_new());
  const BigNumber y(BN_new());
  if (EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, context.get()) != 1 ||
      EC_POINT_get_affine_coordinates(group.get(), point.get(), x.get(), y.get(), context.get()) !=
          1) {
    ERR_clear_error();
    return fail(Errc::io, "OpenSSL could not make an EC key");
  }
  PrivateKey out;
  out.public_key.curve = curve;
  out.public_key.x = octets_of(x.get(), width);
  out.public_key.y = octets_of(y.get(), width);
  out.secret = SecretBytes(octets_of(scalar.get(), width));
  return out;
}

// Null when OpenSSL fails. BN_check_prime draws its bases from OpenSSL; its answer does not depend
// on them.
BigNumber make_prime(std::size_t bits, Rng& rng, BN_CTX* context) {
  for (;;) {
    Bytes octets = rng.octets(bits / 8);
    octets.front() = static_cast<char>(octets.front() | 0xC0);  // p * q has all its bits
    octets.back() = static_cast<char>(octets.back() | 0x01);
    BigNumber candidate = number_of(octets);
    const int prime = BN_check_prime(candidate.get(), context, nullptr);
    if (prime < 0) {
      return nullptr;
    }
    // The exponent, a prime, must not divide p - 1.
    if (prime == 1 && BN_mod_word(candidate.get(), kPublicExponent) != 1) {
      return candidate;
    }
  }
}

Result<PrivateKey> make_rsa_key(std::size_t bits, Rng& rng) {
  const BigContext context(BN_CTX_new());
  const BigNumber p = make_prime(bits / 2, rng, context.get());
  const BigNumber q = make_prime(bits / 2, rng, context.get());
  if (p == nullptr || q == nullptr) {
    ERR_clear_error();
    return fail(Errc::io, "OpenSSL could not make an RSA key");
  }
  const BigNumber n(BN_new());
  const BigNumber e(BN_new());
  const BigNumber p_less_one(BN_dup(p.get()));
  const BigNumber q_less_one(BN_dup(q.get()));
  const BigNumber phi(BN_new());
  BN_mul(n.get(), p.get(), q.get(), context.get());
  BN_set_word(e.get(), kPublicExponent);
  BN_sub_word(p_less_one.get(), 1);
  BN_sub_word(q_less_one.get(), 1);
  BN_mul(phi.get(), p_less_one.get(), q_less_one.get(), context.get());
  const BigNumber d(BN_mod_inverse(nullptr, e.get(), phi.get(), context.get()));
  PrivateKey out;
  out.public_key.type = KeyType::rsa;
  out.public_key.n = octets_of(n.get());
  out.public_key.e = octets_of(e.get());
  out.secret = SecretBytes(octets_of(d.get()));
  out.p = SecretBytes(octets_of(p.get()));
  out.q = SecretBytes(octets_of(q.get()));
  return out;
}

Result<PrivateKey> make_ed25519_key(Rng& rng) {
  PrivateKey out;
  out.public_key.type = KeyType::okp;
  out.public_key.curve = Curve::ed25519;
  out.secret = SecretBytes(rng.octets(coordinate_octets(Curve::ed25519)));
  const Key key = openssl_key(out);
  Bytes x(coordinate_octets(Curve::ed25519), '\0');
  std::size_t size = x.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), unsigned_of(x), &size) != 1) {
    ERR_clear_error();
    return fail(Errc::io, "OpenSSL could not make an Ed25519 key");
  }
  out.public_key.x = x;
  return out;
}

PrivateKey make_oct_key(std::size_t octets, Rng& rng) {
  PrivateKey out;
  out.public_key.type = KeyType::oct;
  out.public_key.kid = rng.token(16);
  out.secret = SecretBytes(rng.octets(octets));
  return out;
}

Result<PrivateKey> drawn_key(KeyKind kind, Rng& rng) {
  switch (kind) {
    case KeyKind::ec_p256:
      return make_ec_key(Curve::p256, rng);
    case KeyKind::ec_p384:
      return make_ec_key(Curve::p384, rng);
    case KeyKind::ec_p521:
      return make_ec_key(Curve::p521, rng);
    case KeyKind::rsa_1024:
      return make_rsa_key(1024, rng);
    case KeyKind::rsa_2048:
      return make_rsa_key(2048, rng);
    case KeyKind::ed25519:
      return make_ed25519_key(rng);
    case KeyKind::oct_256:
      return make_oct_key(32, rng);
  }
  return fail(Errc::unsupported, "no such kind of key");
}

}  // namespace

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::ec:
      return "EC";
    case KeyType::rsa:
      return "RSA";
    case KeyType::okp:
      return "OKP";
    case KeyType::oct:
      return "oct";
  }
  return "";
}

std::string_view to_string(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return "P-256";
    case Curve::p384:
      return "P-384";
    case Curve::p521:
      return "P-521";
    case Curve::ed25519:
      return "Ed25519";
    case Curve::none:
      return "";
  }
  return "";
}

std::size_t coordinate_octets(Curve curve) {
  switch (curve) {
    case Curve::p256:
    case Curve::ed25519:
      return 32;
    case Curve::p384:
      return 48;
    case Curve::p521:
      return 66;
    case Curve::none:
      return 0;
  }
  return 0;
}

Result<PrivateKey> make_key(KeyKind kind, Rng& rng) {
  auto key = drawn_key(kind, rng);
  if (key) {
    key->public_key.use = "sig";
    if (key->public_key.type != KeyType::oct) {
      key->public_key.kid = thumbprint(key->public_key);
    }
  }
  return key;
}

Result<void> check(const PublicKey& key) {
  const auto even = [](const Bytes& number) {
    return number.empty() || (static_cast<unsigned char>(number.back()) & 1U) == 0;
  };
  switch (key.type) {
    case KeyType::oct:
      return fail(Errc::unsupported, "a symmetric key has nothing public");
    case KeyType::rsa:
      return even(key.n) || even(key.e) || openssl_key(key) == nullptr
                 ? Result<void>(fail(Errc::malformed, "no RSA key has that modulus and exponent"))
                 : Result<void>();
    case KeyType::ec:
    case KeyType::okp:
      break;
  }
  const auto width = coordinate_octets(key.curve);
  if (key.x.size() != width || (key.type == KeyType::ec && key.y.size() != width)) {
    return fail(Errc::malformed, "a coordinate has not the length of its curve");
  }
  if (openssl_key(key) == nullptr) {
    return fail(Errc::malformed, "the point is not on its curve");
  }
  return {};
}

std::size_t rsa_bits(const PublicKey& key) {
  return static_cast<std::size_t>(BN_num_bits(number_of(key.n).get()));
}

Result<Bytes> to_der(const PublicKey& key) {
  if (const auto fit = check(key); !fit) {
    return std::unexpected(fit.error());
  }
  unsigned char* octets = nullptr;
  const int size = i2d_PUBKEY(openssl_key(key).get(), &octets);
  if (size <= 0) {
    return fail(Errc::io, "OpenSSL could not write the key");
  }
  Bytes out(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size));
  OPENSSL_free(octets);
  return out;
}

Result<std::string> to_pem(const PublicKey& key) {
  if (const auto fit = check(key); !fit) {
    return std::unexpected(fit.error());
  }
  const std::unique_ptr<BIO, Freed<BIO_free>> memory(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(memory.get(), openssl_key(key).get()) != 1) {
    return fail(Errc::io, "OpenSSL could not write the key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace parley::crypto::jose
