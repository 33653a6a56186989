// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/x25519.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "harness/crypto/memo.h"

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

// For an agreement, which does not need the public half. OpenSSL would compute it at the price of
// another third of the agreement, were it not given one: here zeros.
Key agreement_handle(std::string_view private_key) {
  Octets no_public{};
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                        const_cast<char*>(private_key.data()), private_key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, no_public.data(),
                                        no_public.size()),
      OSSL_PARAM_construct_end()};
  const Context maker(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr));
  EVP_PKEY* out = nullptr;
  if (!maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &out, EVP_PKEY_KEYPAIR, parameters) != 1) {
    return nullptr;
  }
  return Key(out);
}

Key public_handle(std::string_view octets) {
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr,
                                         reinterpret_cast<const unsigned char*>(octets.data()),
                                         octets.size()));
}

Result<SecretBytes> public_of(std::string_view private_key) {
  const Key key = private_handle(private_key);
  Octets out{};
  std::size_t size = out.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1) {
    return fail(Errc::unsupported, "X25519 is not available");
  }
  return SecretBytes(view(out));
}

Result<SecretBytes> agree(const SecretBytes& private_key, std::string_view public_key,
                          LowOrder low_order) {
  const Key own = agreement_handle(private_key.reveal());
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

}  // namespace

Result<X25519KeyPair> x25519_key_pair(std::string_view private_key) {
  if (private_key.size() != kX25519Octets) {
    return fail(Errc::malformed, "an X25519 private key has 32 octets");
  }
  const auto made =
      remembered("x25519 public", {private_key}, [&] { return public_of(private_key); });
  if (!made) {
    return std::unexpected(made.error());
  }
  return X25519KeyPair{.private_key = SecretBytes(private_key),
                       .public_key = Bytes(made->reveal())};
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
  return remembered(
      "x25519",
      {private_key.reveal(), public_key, low_order == LowOrder::refuse ? "refuse" : "take"},
      [&] { return agree(private_key, public_key, low_order); });
}

}  // namespace parley::crypto
