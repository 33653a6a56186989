// SPDX-License-Identifier: GPL-3.0-or-later
// What a user's client has of its own for the Signal protocol, and the form in which others get it.
// Sources: X3DH section 3.2; ENC-018, ENC-019. Belongs to one io_context thread.
#pragma once

#include "harness/base/rng.h"
#include "harness/crypto/signal/store.h"
#include "harness/crypto/signal/types.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/prekeys.h"

namespace parley::reference::whatsapp {

class ClientKeys {
 public:
  static constexpr std::size_t kBatch = 16;

  // Draws the identity and the signed prekey. One-time prekeys are drawn a batch at a time.
  ClientKeys(const FaultSet& faults, Rng rng);

  // The private halves, as records.h has them.
  crypto::signal::Store& store() { return store_; }
  const crypto::signal::Store& store() const { return store_; }

  // The public halves with `count` one-time prekeys of ids that none had before.
  KeyBundle draw(std::size_t count);
  // In the octets of stanzas.
  Bytes registration() const;

 private:
  Bytes id_octets(std::uint32_t id) const;

  FaultSet faults_;
  Rng rng_;
  crypto::signal::MemoryStore store_;
  crypto::signal::Identity identity_;
  crypto::signal::SignedPrekey signed_prekey_;
  std::uint32_t next_ = 1;  // the id of the next one-time prekey
};

}  // namespace parley::reference::whatsapp
