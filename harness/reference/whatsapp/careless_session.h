// SPDX-License-Identifier: GPL-3.0-or-later
// The reading half of a Signal session with the mistakes that a client may make in it: what the
// library will not do, a faulty client must. Sources: Double Ratchet sections 2.6, 3.4 and 3.5;
// ENC-007 to ENC-014. Pure functions over plain state.
#pragma once

#include <string_view>

#include "harness/crypto/signal/session.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// How far a careless client follows a counter: further than anybody, and not for ever.
inline constexpr std::uint32_t kCarelessJump = 40'000;

// What the client derives its keys with.
crypto::signal::Dialect dialect_under(const FaultSet& faults);

// The octets of a PreKeySignalMessage as readers take them: with the version and the lengths of
// keys that the faults let pass for right.
Bytes as_first_message(std::string_view octets, const FaultSet& faults);

// As crypto::signal::read_message, but for the faults.
Result<Bytes> read_carelessly(crypto::signal::Session& session, std::string_view octets, Rng& rng,
                              const FaultSet& faults);

}  // namespace parley::reference::whatsapp
