// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/x25519.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

namespace parley::crypto {
namespace {

struct KeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct ContextFree {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Context = std::unique_ptr<EVP_PKEY_CTX, ContextFree>;
using Octets = std::array<unsigned char, kX25519Octets>;

std::string_view view(const Octets& octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

Key private_handle(std::string_view octets) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr,
                                          reinterpret_cast<const unsigned char*>(octets.data()),
                                          octets.size()));
}

Key public_handle(std::string_view octets) {
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr,
                                         reinterpret_cast<const unsigned char*>(octets.data()),
                                         octets.size()));
}

}  // namespace

Result<X25519KeyPair> x25519_key_pair(std::string_view private_key) {
  if (private_key.size() != kX25519Octets) {
    return fail(Errc::malformed, "an X25519 private key has 32 octets");
  }
  const Key key = private_handle(private_key);
  Octets out{};
  std::size_t size = out.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1) {
    return fail(Errc::unsupported, "X25519 is not available");
  }
  return X25519KeyPair{.private_key = SecretBytes(private_key), .public_key = Bytes(view(out))};
}

Result<X25519KeyPair> x25519_key_pair(Rng& rng) {
  Bytes octets = rng.octets(kX25519Octets);
  auto pair = x25519_key_pair(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return pair;
}

Result<SecretBytes> x25519(const SecretBytes& private_key, std::string_view public_key,
                           LowOrder low_order) {
  if (private_key.size() != kX25519Octets || public_key.size() != kX25519Octets) {
    return fail(Errc::malformed, "an X25519 key has 32 octets");
  }
  const Key own = private_handle(private_key.reveal());
  const Key peer = public_handle(public_key);
  const Context context(own ? EVP_PKEY_CTX_new(own.get(), nullptr) : nullptr);
  if (!peer || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1) {
    return fail(Errc::unsupported, "X25519 is not available");
  }
  Octets out{};
  std::size_t size = out.size();
  // OpenSSL fails here for one reason only: the product is all zero.
  if (EVP_PKEY_derive(context.get(), out.data(), &size) != 1) {
    ERR_clear_error();
    if (low_order == LowOrder::refuse) {
      return fail(Errc::refused, "the peer's X25519 key is of small order: the product is zero");
    }
    return SecretBytes(Bytes(kX25519Octets, '\0'));
  }
  SecretBytes secret(view(out));
  OPENSSL_cleanse(out.data(), out.size());
  return secret;
}

}  // namespace parley::crypto
