// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/keys.h"

#include <openssl/crypto.h>

#include <utility>

#include "harness/crypto/xeddsa.h"

namespace parley::crypto::signal {

Result<X25519KeyPair> make_key_pair(Rng& rng) {
  Bytes octets = rng.octets(kX25519Octets);
  octets.front() = static_cast<char>(octets.front() & 0xF8);
  octets.back() = static_cast<char>((octets.back() & 0x7F) | 0x40);
  auto pair = x25519_key_pair(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return pair;
}

Result<Identity> make_identity(Rng& rng) {
  auto keys = make_key_pair(rng);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  return Identity{.keys = std::move(*keys),
                  .registration = RegistrationId(
                      static_cast<std::uint32_t>(1 + rng.below(kMaxRegistrationId)))};
}

Result<SignedPrekey> make_signed_prekey(const Identity& identity, SignedPrekeyId id,
                                        std::uint64_t now_ms, Rng& rng) {
  auto keys = make_key_pair(rng);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  auto signature = xeddsa_sign(identity.keys.private_key, serialized_key(keys->public_key), rng);
  if (!signature) {
    return std::unexpected(signature.error());
  }
  return SignedPrekey{
      .id = id, .keys = std::move(*keys), .signature = std::move(*signature), .made_ms = now_ms};
}

Result<std::vector<OneTimePrekey>> make_one_time_prekeys(PrekeyId first, std::size_t count,
                                                         Rng& rng) {
  std::vector<OneTimePrekey> out;
  out.reserve(count);
  auto id = static_cast<std::uint32_t>(first);
  for (std::size_t i = 0; i < count; ++i) {
    auto keys = make_key_pair(rng);
    if (!keys) {
      return std::unexpected(keys.error());
    }
    out.push_back({.id = PrekeyId(id), .keys = std::move(*keys)});
    id = id >= kMaxPrekeyId ? 1 : id + 1;
  }
  return out;
}

PrekeyBundle bundle_of(const Identity& identity, DeviceId device, const SignedPrekey& signed_prekey,
                       const OneTimePrekey* one_time) {
  PrekeyBundle out{.registration = identity.registration,
                   .device = device,
                   .identity_key = identity.keys.public_key,
                   .signed_prekey_id = signed_prekey.id,
                   .signed_prekey = signed_prekey.keys.public_key,
                   .signature = signed_prekey.signature,
                   .one_time = {}};
  if (one_time != nullptr) {
    out.one_time = OfferedPrekey{.id = one_time->id, .key = one_time->keys.public_key};
  }
  return out;
}

}  // namespace parley::crypto::signal
