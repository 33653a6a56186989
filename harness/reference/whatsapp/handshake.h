// SPDX-License-Identifier: GPL-3.0-or-later
// The gatekeeper's side of one Noise XX handshake, message by message. Sources: Noise revision 34;
// observed client behaviour; TRN-003, TRN-007, TRN-013, TRN-022. No I/O. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "harness/base/encoding.h"
#include "harness/base/result.h"
#include "harness/base/rng.h"
#include "harness/crypto/noise/certificate_authority.h"
#include "harness/crypto/noise/handshake_message.h"
#include "harness/crypto/noise/handshake_state.h"
#include "harness/reference/faults.h"

namespace parley::reference::whatsapp {

// What a server has for all of its connections.
struct ServerKeys {
  crypto::X25519KeyPair static_key;
  crypto::X25519KeyPair worn_ephemeral;  // wg-reuses-ephemeral
  crypto::noise::ChainAuthority authority;
  Bytes chain;  // the right one
};
// Errors: unsupported.
Result<ServerKeys> make_server_keys(Rng rng, std::chrono::sys_seconds now);

class Handshake {
 public:
  // Borrows the keys and the randomness.
  Handshake(const ServerKeys& keys, Rng& rng) : keys_(keys), rng_(rng) {}

  // The pre-intro and the intro, as they were read; both before the first frame.
  void on_routing(Bytes octets) { routing_ = std::move(octets); }
  void on_intro(Bytes octets) { prologue_ = std::move(octets); }

  // The octets of a ServerHello. Errors: unsupported for a pqMode; else those of HandshakeState,
  // refused for another message than ClientHello.
  Result<Bytes> on_hello(std::string_view frame, const FaultSet& faults);
  // The octets of the ClientPayload. Errors: as on_hello().
  Result<Bytes> on_finish(std::string_view frame, const FaultSet& faults);
  // Errors: refused before the end.
  Result<crypto::noise::Transport> split() const;

 private:
  crypto::noise::Config config(const FaultSet& faults) const;
  Result<Bytes> chain(const FaultSet& faults) const;

  const ServerKeys& keys_;
  Rng& rng_;
  Bytes routing_;
  Bytes prologue_;
  std::optional<crypto::noise::HandshakeState> state_;
};

// wg-honours-replayed-ik: the ClientPayload that came with a first message of IK.
std::optional<Bytes> early_payload(std::string_view frame, const ServerKeys& keys,
                                   std::string_view prologue);

}  // namespace parley::reference::whatsapp
