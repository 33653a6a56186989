// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/payload.h"

#include <fmt/format.h>

#include <utility>

namespace parley::crypto::omemo {

Result<Payload> seal_payload(std::string_view plaintext, std::size_t iv_octets, Rng& rng) {
  Payload out{
      .key_material = rng.octets(kAes128KeyOctets), .iv = rng.octets(iv_octets), .ciphertext = {}};
  const SecretBytes key(out.key_material);
  auto sealed = aes128_gcm_seal({.key = key, .nonce = out.iv, .associated = {}}, plaintext);
  if (!sealed) {
    return std::unexpected(sealed.error());
  }
  out.key_material += sealed->substr(plaintext.size());
  sealed->resize(plaintext.size());
  out.ciphertext = std::move(*sealed);
  return out;
}

Result<Bytes> open_payload(const Payload& payload) {
  if (payload.key_material.size() != kKeyMaterialOctets) {
    return fail(Errc::malformed, fmt::format("key and tag have {} octets, not {}",
                                             payload.key_material.size(), kKeyMaterialOctets));
  }
  const SecretBytes key(std::string_view(payload.key_material).substr(0, kAes128KeyOctets));
  return aes128_gcm_open({.key = key, .nonce = payload.iv, .associated = {}},
                         payload.ciphertext + payload.key_material.substr(kAes128KeyOctets));
}

}  // namespace parley::crypto::omemo
