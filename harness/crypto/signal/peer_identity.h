// SPDX-License-Identifier: GPL-3.0-or-later
// What identity keys a device knows its peers by: trust on first use, the same for every provider.
#pragma once

#include "harness/crypto/signal/store.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {

// Refused: store.
Outcome<std::optional<Bytes>> known_identity_in(const Store& store, const Address& peer);
// Null forgets it.
Outcome<void> set_identity_in(Store& store, const Address& peer, const std::optional<Bytes>& key);

}  // namespace parley::crypto::signal
