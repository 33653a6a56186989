// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/key_ring.h"

#include <cjose/cjose.h>
#include <openssl/err.h>

#include <utility>

#include "harness/crypto/jose/base64url.h"
#include "harness/crypto/jose/jwk.h"

namespace parley::crypto::jose {
namespace {

struct KeyRelease {
  void operator()(cjose_jwk_t* key) const noexcept { cjose_jwk_release(key); }
};
struct TokenRelease {
  void operator()(cjose_jws_t* token) const noexcept { cjose_jws_release(token); }
};

Result<void> verify_without_cjose(Algorithm algorithm, const PublicKey& key,
                                  std::string_view token) {
  const auto dot = token.rfind('.');
  const auto signature = dot == std::string_view::npos ? std::expected<Bytes, Base64Error>(Bytes())
                                                       : from_base64url(token.substr(dot + 1));
  if (dot == std::string_view::npos || !signature) {
    return fail(Errc::bad_signature, "the token has no signature");
  }
  return verify_with_openssl(algorithm, key, token.substr(0, dot), *signature);
}

}  // namespace

struct VerificationKey::Imported {
  std::unique_ptr<cjose_jwk_t, KeyRelease> key;
};

VerificationKey::VerificationKey(PublicKey key, std::unique_ptr<Imported> imported)
    : key_(std::move(key)), imported_(std::move(imported)) {}
VerificationKey::VerificationKey(VerificationKey&& other) noexcept = default;
VerificationKey& VerificationKey::operator=(VerificationKey&& other) noexcept = default;
VerificationKey::~VerificationKey() = default;

Result<VerificationKey> VerificationKey::make(const PublicKey& key) {
  if (const auto fit = check(key); !fit) {
    return std::unexpected(fit.error());
  }
  if (key.type == KeyType::okp) {
    return VerificationKey(key, nullptr);
  }
  // The numbers alone: cjose's JSON reader takes no NUL, which a "kid" may have.
  PublicKey nameless = key;
  nameless.kid.clear();
  nameless.use.clear();
  nameless.alg.clear();
  const std::string text = write_json(jwk_of(nameless));
  cjose_err error{};
  auto imported = std::make_unique<Imported>();
  imported->key.reset(cjose_jwk_import(text.data(), text.size(), &error));
  ERR_clear_error();
  if (imported->key == nullptr) {
    return fail(Errc::unsupported, std::string("cjose refuses the key: ") + error.message);
  }
  return VerificationKey(key, std::move(imported));
}

Result<VerificationKey> VerificationKey::make_symmetric(const PrivateKey& key) {
  if (key.public_key.type != KeyType::oct) {
    return fail(Errc::unsupported, "the key is not symmetric");
  }
  cjose_err error{};
  auto imported = std::make_unique<Imported>();
  const auto secret = key.secret.reveal();
  imported->key.reset(cjose_jwk_create_oct_spec(
      reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size(), &error));
  if (imported->key == nullptr) {
    return fail(Errc::unsupported, std::string("cjose refuses the key: ") + error.message);
  }
  return VerificationKey(key.public_key, std::move(imported));
}

Result<void> VerificationKey::verify(Algorithm algorithm, std::string_view token) const {
  if (!fits(algorithm, key_)) {
    return fail(Errc::unsupported, "the key does not fit the algorithm");
  }
  if (imported_ == nullptr) {
    return verify_without_cjose(algorithm, key_, token);
  }
  cjose_err error{};
  const std::unique_ptr<cjose_jws_t, TokenRelease> read(
      cjose_jws_import(token.data(), token.size(), &error));
  if (read == nullptr && !is_symmetric(algorithm)) {
    // Its JSON reader refuses NUL in strings and integers beyond 64 bits, which headers may have.
    return verify_without_cjose(algorithm, key_, token);
  }
  const bool good = read != nullptr && cjose_jws_verify(read.get(), imported_->key.get(), &error);
  ERR_clear_error();
  return good ? Result<void>() : fail(Errc::bad_signature, "the signature is wrong");
}

Result<KeyRing> KeyRing::make(std::span<const PublicKey> keys) {
  KeyRing ring;
  for (const auto& key : keys) {
    auto made = VerificationKey::make(key);
    if (!made) {
      return std::unexpected(made.error());
    }
    ring.add(std::move(*made));
  }
  return ring;
}

}  // namespace parley::crypto::jose
