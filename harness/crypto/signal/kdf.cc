// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/kdf.h"

#include <openssl/crypto.h>

#include "harness/crypto/digest.h"

namespace parley::crypto::signal {
namespace {

constexpr std::size_t kKeyOctets = 32;
constexpr std::size_t kIvOctets = 16;

RootAndChain halves(const SecretBytes& derived) {
  const auto octets = derived.reveal();
  return {.root = SecretBytes(octets.substr(0, kKeyOctets)),
          .chain = SecretBytes(octets.substr(kKeyOctets))};
}

SecretBytes hmac_of_constant(const SecretBytes& key, char constant) {
  Bytes octets = hmac_sha256(key.reveal(), std::string_view(&constant, 1));
  SecretBytes out(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return out;
}

}  // namespace

RootAndChain x3dh_keys(const SecretBytes& agreed, const Dialect& dialect) {
  Bytes material = dialect.discontinuity + Bytes(agreed.reveal());
  auto out = halves(hkdf_sha256({.salt = dialect.salt,
                                 .key_material = material,
                                 .info = dialect.text_info,
                                 .octets = 2 * kKeyOctets}));
  OPENSSL_cleanse(material.data(), material.size());
  return out;
}

RootAndChain root_step(const SecretBytes& root, const SecretBytes& agreed, const Dialect& dialect) {
  return halves(hkdf_sha256({.salt = root.reveal(),
                             .key_material = agreed.reveal(),
                             .info = dialect.ratchet_info,
                             .octets = 2 * kKeyOctets}));
}

SecretBytes next_chain_key(const SecretBytes& chain, const Dialect& dialect) {
  return hmac_of_constant(chain, dialect.chain_constant);
}

SecretBytes message_seed(const SecretBytes& chain, const Dialect& dialect) {
  return hmac_of_constant(chain, dialect.seed_constant);
}

MessageKeys message_keys(const SecretBytes& seed, std::uint32_t counter, const Dialect& dialect) {
  const auto derived = hkdf_sha256({.salt = dialect.salt,
                                    .key_material = seed.reveal(),
                                    .info = dialect.keys_info,
                                    .octets = 2 * kKeyOctets + kIvOctets});
  const auto octets = derived.reveal();
  return {.cipher = SecretBytes(octets.substr(0, kKeyOctets)),
          .mac = SecretBytes(octets.substr(kKeyOctets, kKeyOctets)),
          .iv = Bytes(octets.substr(2 * kKeyOctets)),
          .counter = counter};
}

Bytes message_mac(const SecretBytes& mac_key, std::string_view identities,
                  std::string_view message) {
  return hmac_sha256(mac_key.reveal(), Bytes(identities) + Bytes(message));
}

}  // namespace parley::crypto::signal
