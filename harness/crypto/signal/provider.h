// SPDX-License-Identifier: GPL-3.0-or-later
// One user's device as it sends and reads encrypted messages: the interface that each
// implementation of the Signal protocol stands behind. Source: X3DH, Double Ratchet; libsignal's
// "trust on first use" for identity keys. Not thread-safe: one owner a provider.
#pragma once

#include <memory>

#include "harness/base/rng.h"
#include "harness/crypto/signal/store.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

// Keys lie in the store that the provider was made with (records.h). A call that is refused
// leaves the store, and with it every session, as it was.
class Provider {
 public:
  Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  virtual ~Provider() = default;

  // Begins a session as initiator; an older one with `peer` still reads what is late.
  virtual Outcome<void> start_session(const Address& peer, const PrekeyBundle& bundle) = 0;
  // A pkmsg until the peer has answered, then a msg. Refused: session, if there is none.
  virtual Outcome<Message> encrypt(const Address& peer, std::string_view plaintext) = 0;
  // A pkmsg begins a session where there is none of its base key and uses its prekey up.
  virtual Outcome<Bytes> decrypt(const Address& peer, const Message& message) = 0;
  // What identity key the peer has had so far; null: none.
  virtual Outcome<std::optional<Bytes>> known_identity(const Address& peer) const = 0;
  // Takes another identity key of a peer's, or forgets it (null): the next one seen is believed.
  virtual Outcome<void> set_identity(const Address& peer, const std::optional<Bytes>& key) = 0;
};

// By libsignal-protocol-c on OpenSSL: message version 3, a forward jump of 2,000 messages at most,
// 5 receiver chains, 40 archived sessions. `store` must outlive it and hold an identity; ephemeral
// keys come from `rng`. Errors: as load_identity.
Result<std::unique_ptr<Provider>> make_library_provider(Store& store, Rng rng);

// By our own sessions (session.h), with the same limits. It keeps them in the open, so that a
// forger can take up a session where the honest side left it: open_session.h. Errors: as
// load_identity.
Result<std::unique_ptr<Provider>> make_open_provider(Store& store, Rng rng);

}  // namespace parley::crypto::signal
