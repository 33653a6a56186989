// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/cipher_state.h"

#include <fmt/format.h>

#include <utility>

#include "harness/crypto/aes_gcm.h"

namespace parley::crypto::noise {
namespace {

constexpr std::uint64_t kRekeyNonce = UINT64_MAX;

std::uint64_t last_nonce(CounterWidth width) {
  switch (width) {
    case CounterWidth::bits32:
      return UINT32_MAX;
    case CounterWidth::bits64:
      return kRekeyNonce - 1;
  }
  return 0;
}

// 32 zero bits and the counter in 64, big-endian (section 12.4).
Bytes nonce_octets(std::uint64_t nonce) {
  Bytes out(4, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>(nonce >> shift & 0xFFU);
  }
  return out;
}

}  // namespace

void CipherState::initialize_key(SecretBytes key) {
  key_ = std::move(key);
  nonce_ = 0;
}

Result<void> CipherState::may_use_counter() const {
  if (nonce_ > last_nonce(counter_)) {
    return fail(Errc::refused, fmt::format("the counter {} is used up", nonce_));
  }
  return {};
}

Result<Bytes> CipherState::encrypt_with_ad(std::string_view associated,
                                           std::string_view plaintext) {
  const std::size_t tag = has_key() ? kGcmTagOctets : 0;
  if (plaintext.size() > max_octets_ || plaintext.size() + tag > max_octets_) {
    return fail(Errc::too_large, fmt::format("a message has {} octets at most", max_octets_));
  }
  if (!has_key()) {
    return Bytes(plaintext);
  }
  if (auto may = may_use_counter(); !may) {
    return std::unexpected(may.error());
  }
  const Bytes nonce = nonce_octets(nonce_);
  auto out = aes256_gcm_seal({.key = key_, .nonce = nonce, .associated = associated}, plaintext);
  if (out) {
    ++nonce_;
  }
  return out;
}

Result<Bytes> CipherState::decrypt_with_ad(std::string_view associated,
                                           std::string_view ciphertext) {
  if (ciphertext.size() > max_octets_) {
    return fail(Errc::too_large, fmt::format("a message has {} octets at most", max_octets_));
  }
  if (!has_key()) {
    return Bytes(ciphertext);
  }
  if (auto may = may_use_counter(); !may) {
    return std::unexpected(may.error());
  }
  const Bytes nonce = nonce_octets(nonce_);
  auto out = aes256_gcm_open({.key = key_, .nonce = nonce, .associated = associated}, ciphertext);
  if (out) {
    ++nonce_;
  }
  return out;
}

Result<void> CipherState::rekey() {
  if (!has_key()) {
    return fail(Errc::refused, "there is no key to replace");
  }
  const Bytes nonce = nonce_octets(kRekeyNonce);
  const auto sealed =
      aes256_gcm_seal({.key = key_, .nonce = nonce, .associated = ""}, Bytes(kAesKeyOctets, '\0'));
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  key_ = SecretBytes(std::string_view(*sealed).substr(0, kAesKeyOctets));
  return {};
}

}  // namespace parley::crypto::noise
