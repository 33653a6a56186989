// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/peer_identity.h"

#include "harness/crypto/signal/records.h"

namespace parley::crypto::signal {

Outcome<std::optional<Bytes>> known_identity_in(const Store& store, const Address& peer) {
  const auto record = store.load(peer_identity_record(peer));
  if (!record) {
    return refuse(Refusal::store, record.error().detail);
  }
  if (!*record) {
    return std::optional<Bytes>();
  }
  const auto serialized = (*record)->reveal();
  return std::optional(Bytes(serialized.substr(serialized.empty() ? 0 : 1)));
}

Outcome<void> set_identity_in(Store& store, const Address& peer, const std::optional<Bytes>& key) {
  const auto name = peer_identity_record(peer);
  const auto done = key ? store.save(name, SecretBytes(serialized_key(*key))) : store.remove(name);
  if (!done) {
    return refuse(Refusal::store, done.error().detail);
  }
  return {};
}

}  // namespace parley::crypto::signal
