// SPDX-License-Identifier: GPL-3.0-or-later
// The sessions that the open provider keeps in a store, for those who look into or bend them. The
// record is a protobuf of our own. Pure functions over a store.
#pragma once

#include <vector>

#include "harness/base/result.h"
#include "harness/crypto/signal/session.h"
#include "harness/crypto/signal/store.h"

namespace parley::crypto::signal {

inline constexpr std::size_t kMaxOldSessions = 40;
inline constexpr std::size_t kMaxReceiverChains = 5;
inline constexpr std::size_t kMaxSkippedKeys = 2000;  // of one receiver chain

// Newest first; none where there is no record. Dialects are not kept: what is loaded is right.
// Errors: malformed or as protobuf::read_fields; as the store.
Result<std::vector<Session>> load_sessions(const Store& store, const Address& peer);
// At most kMaxOldSessions + 1, with the receiver chains and skipped keys that the limits leave.
Result<void> save_sessions(Store& store, const Address& peer, std::vector<Session> sessions);

}  // namespace parley::crypto::signal
