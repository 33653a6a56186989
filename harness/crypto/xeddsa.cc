// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/xeddsa.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "harness/crypto/digest.h"
#include "harness/crypto/edwards25519.h"
#include "harness/crypto/memo.h"
#include "harness/crypto/x25519.h"

namespace parley::crypto {
namespace {

constexpr std::size_t kHalf = kXeddsaOctets / 2;
constexpr unsigned char kSign = 0x80;

struct KeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

const unsigned char* unsigned_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool has_sign(std::string_view encoding) {
  return (static_cast<unsigned char>(encoding.back()) & kSign) != 0;
}
void set_sign(Bytes& encoding) { encoding.back() = static_cast<char>(encoding.back() | kSign); }
void clear_sign(Bytes& encoding) { encoding.back() = static_cast<char>(encoding.back() & ~kSign); }

// RFC 7748 section 5.
SecretBytes clamped(const SecretBytes& private_key) {
  Bytes octets(private_key.reveal());
  octets.front() = static_cast<char>(octets.front() & 0xF8);
  octets.back() = static_cast<char>((octets.back() & 0x7F) | 0x40);
  SecretBytes out(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return out;
}

// r and R. The seed is the specification's hash1(a || M || Z), which prefixes 2^256 - 2 in 32
// little-endian octets, cut to 32; of it Ed25519 makes r as it makes its private scalars (RFC 8032
// section 5.1.5), so that OpenSSL can multiply. No verifier sees how r came about.
struct Nonce {
  SecretBytes scalar;
  Bytes point;
};

Result<Nonce> make_nonce(const SecretBytes& a, std::string_view message, std::string_view random) {
  Bytes input(32, '\xFF');
  input.front() = '\xFE';
  input += a.reveal();
  input += message;
  input += random;
  const SecretBytes seed(std::string_view(sha512(input)).substr(0, kHalf));
  OPENSSL_cleanse(input.data(), input.size());
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, unsigned_of(seed.reveal()),
                                             seed.size()));
  Bytes point(kHalf, '\0');
  std::size_t size = point.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(point.data()),
                                          &size) != 1) {
    return fail(Errc::unsupported, "Ed25519 is not available");
  }
  const SecretBytes half(std::string_view(sha512(seed.reveal())).substr(0, kHalf));
  return Nonce{.scalar = clamped(half), .point = std::move(point)};
}

// R || s.
Bytes signed_with(const Nonce& r, std::string_view point, std::string_view message,
                  const SecretBytes& a) {
  Bytes challenge = r.point;
  challenge += point;
  challenge += message;
  return r.point + edwards::multiply_add(sha512(challenge), a, r.scalar);
}

bool ed25519_verifies(std::string_view key, std::string_view message, std::string_view signature) {
  const Key handle(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, unsigned_of(key), key.size()));
  const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  const bool verified =
      handle && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, handle.get()) == 1 &&
      EVP_DigestVerify(context.get(), unsigned_of(signature), signature.size(),
                       unsigned_of(message), message.size()) == 1;
  ERR_clear_error();
  return verified;
}

// `random` is the specification's Z.
Result<SecretBytes> sign(const SecretBytes& private_key, std::string_view message,
                         std::string_view random, SignBit sign_bit) {
  const auto pair = x25519_key_pair(private_key.reveal());
  auto point = pair ? edwards::from_montgomery(pair->public_key)
                    : Result<Bytes>(std::unexpected(pair.error()));
  SecretBytes a = edwards::reduce(clamped(private_key).reveal());
  const auto r = make_nonce(a, message, random);
  if (!point || !r) {
    return std::unexpected(point ? r.error() : point.error());
  }
  Bytes signature = signed_with(*r, *point, message, a);
  // X25519 does not tell the sign of the point that belongs to `a`: a signature tells it.
  if (ed25519_verifies(*point, message, signature)) {
    return SecretBytes(signature);
  }
  if (sign_bit == SignBit::zero) {
    return SecretBytes(signed_with(*r, *point, message, edwards::negate(a)));
  }
  set_sign(*point);
  signature = signed_with(*r, *point, message, a);
  set_sign(signature);
  return SecretBytes(signature);
}

// A success holds nothing.
Result<SecretBytes> verify(std::string_view public_key, std::string_view message,
                           std::string_view signature) {
  auto point = edwards::from_montgomery(public_key);
  if (!point) {
    return std::unexpected(point.error());
  }
  Bytes plain(signature);
  if (has_sign(plain)) {
    set_sign(*point);
    clear_sign(plain);
  }
  if (!edwards::is_reduced(std::string_view(plain).substr(kHalf))) {
    return fail(Errc::bad_signature, "the signature's s is not below the group's order", kHalf);
  }
  if (!ed25519_verifies(*point, message, plain)) {
    return fail(Errc::bad_signature, "the XEdDSA signature is wrong");
  }
  return SecretBytes();
}

}  // namespace

Result<Bytes> xeddsa_sign(const SecretBytes& private_key, std::string_view message, Rng& rng,
                          SignBit sign_bit) {
  if (private_key.size() != kX25519Octets) {
    return fail(Errc::malformed, "an XEdDSA private key has 32 octets");
  }
  const Bytes random = rng.octets(64);
  const auto out = remembered(
      "xeddsa sign",
      {private_key.reveal(), message, random, sign_bit == SignBit::zero ? "zero" : "any"},
      [&] { return sign(private_key, message, random, sign_bit); });
  return out ? Result<Bytes>(Bytes(out->reveal())) : std::unexpected(out.error());
}

Result<void> xeddsa_verify(std::string_view public_key, std::string_view message,
                           std::string_view signature) {
  if (signature.size() != kXeddsaOctets) {
    return fail(Errc::malformed, "an XEdDSA signature has 64 octets");
  }
  const auto verified = remembered("xeddsa verify", {public_key, message, signature},
                                   [&] { return verify(public_key, message, signature); });
  return verified ? Result<void>() : std::unexpected(verified.error());
}

}  // namespace parley::crypto
