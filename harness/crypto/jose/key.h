// SPDX-License-Identifier: GPL-3.0-or-later
// Keys for tokens. Sources: RFC 7518 sections 6.2 to 6.4 (EC, RSA, oct), RFC 8037 section 2
// (Ed25519); FIPS 186-5 appendix A for how they are drawn.
// Keys come from the seeded Rng, RSA primes too: one seed gives the same octets. Not for keys that
// guard anything real. Pure functions: safe from any thread.
#pragma once

#include <string>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/base/secret_bytes.h"

namespace parley::crypto::jose {

enum class KeyType { ec, rsa, okp, oct };
enum class Curve { none, p256, p384, p521, ed25519 };

std::string_view to_string(KeyType type);  // as in "kty"
std::string_view to_string(Curve curve);   // as in "crv"; "" for none
std::size_t coordinate_octets(Curve curve);

// What is published of a key. Integers are big-endian.
struct PublicKey {
  KeyType type = KeyType::ec;
  Curve curve = Curve::none;  // of ec and okp
  Bytes x{};                  // ec and okp: coordinate_octets()
  Bytes y{};                  // ec alone
  Bytes n{};                  // rsa: without leading zeros
  Bytes e{};
  std::string kid{};  // empty: not given; so are the others
  std::string use{};
  std::string alg{};

  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

struct PrivateKey {
  PublicKey public_key{};  // of oct: names alone
  SecretBytes secret{};    // d of ec, okp and rsa; k of oct
  SecretBytes p{};         // rsa alone
  SecretBytes q{};
};

enum class KeyKind { ec_p256, ec_p384, ec_p521, rsa_1024, rsa_2048, ed25519, oct_256 };

// `use` is "sig", `kid` the thumbprint (of oct: drawn), `alg` not given.
// Errors: io when OpenSSL fails.
Result<PrivateKey> make_key(KeyKind kind, Rng& rng);

// Errors: malformed for a coordinate of the wrong length or a point off the curve, for an RSA key
// whose modulus or exponent is even or zero; unsupported for oct, which has nothing public.
Result<void> check(const PublicKey& key);
std::size_t rsa_bits(const PublicKey& key);

// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). Errors: as check().
Result<Bytes> to_der(const PublicKey& key);
Result<std::string> to_pem(const PublicKey& key);

}  // namespace parley::crypto::jose
