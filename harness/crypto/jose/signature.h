// SPDX-License-Identifier: GPL-3.0-or-later
// JWS algorithms: signatures over octets. Sources: RFC 7518 section 3; RFC 8037 section 3.1; RFC
// 6979 section 3.2; RFC 8017 sections 8.1 and 9.1.
// Signing is OpenSSL's with nonces of our own, since cjose draws them: ECDSA takes those of RFC
// 6979 (known answers in the test), the salt of RSASSA-PSS is a hash of key and message. So one
// seed gives the same token. Not constant-time: for the keys of test runs only.
// Honest tokens are verified by cjose (key_ring.h); what is here is the second opinion.
// Pure functions: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/crypto/jose/key.h"

namespace parley::crypto::jose {

enum class Algorithm {
  es256,
  es384,
  es512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  eddsa,
  hs256,
  hs384,
  hs512
};

std::string_view to_string(Algorithm algorithm);
// As registered: letters count by case.
std::optional<Algorithm> algorithm_from(std::string_view name);
bool is_symmetric(Algorithm algorithm);
// Whether the key's type, its curve and, where given, its own "alg" and "use" allow the algorithm.
bool fits(Algorithm algorithm, const PublicKey& key);
// The one that a key of this kind signs with unless told otherwise: ES256 to ES512, RS256, EdDSA,
// HS256; the key's own "alg" where it names one.
Algorithm usual_algorithm(const PublicKey& key);
// What a signature with this key has.
std::size_t signature_octets(Algorithm algorithm, const PublicKey& key);

// Errors: unsupported when algorithm and key do not fit; io when OpenSSL fails.
Result<Bytes> sign(Algorithm algorithm, const PrivateKey& key, std::string_view message);
// Errors: unsupported as above and for symmetric algorithms; malformed for a signature of another
// length; bad_signature.
Result<void> verify_with_openssl(Algorithm algorithm, const PublicKey& key,
                                 std::string_view message, std::string_view signature);

enum class Hash { sha256, sha384, sha512 };
Bytes digest(Hash hash, std::string_view text);
Bytes hmac(Hash hash, std::string_view key, std::string_view text);
// R || S, each as wide as the curve. `d` is below the curve's order.
Bytes ecdsa_sign(Curve curve, Hash hash, const SecretBytes& d, std::string_view message);
// The same as SEQUENCE of two INTEGERs, which JWS does not allow.
Bytes ecdsa_to_der(std::string_view signature);
// The order of a NIST curve, as wide as its coordinates.
Bytes order_of(Curve curve);

// BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature); both texts may be anything.
Result<std::string> sign_token(std::string_view header, std::string_view claims,
                               Algorithm algorithm, const PrivateKey& key);

// Signed by the key with the header's "alg", or with the key's usual one where that is no algorithm
// for the key; the texts are signed as they are. Errors: io, unsupported.
Result<Bytes> sign_honestly(std::string_view header, std::string_view claims,
                            const PrivateKey& key);

}  // namespace parley::crypto::jose
