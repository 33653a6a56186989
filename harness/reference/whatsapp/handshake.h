// SPDX-License-Identifier: GPL-3.0-or-later
// The gatekeeper's side of one Noise handshake, message by message: XX, or IK and, where that is
// refused, XXfallback. Sources: Noise revision 34; observed client behaviour; TRN-003, TRN-007,
// TRN-013, TRN-016, TRN-022. No I/O. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

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
  crypto::X25519KeyPair worn_ephemeral;                 // wg-reuses-ephemeral
  crypto::X25519KeyPair other_ephemeral;                // wg-two-ephemerals
  std::vector<crypto::X25519KeyPair> forty_ephemerals;  // wg-forty-ephemerals
  crypto::noise::ChainAuthority authority;
  Bytes chain;  // the right one
};
// Errors: unsupported.
Result<ServerKeys> make_server_keys(Rng rng, std::chrono::sys_seconds now);

// The first messages of IK that a server's connections have honoured.
class HandshakeLog {
 public:
  // Whether a first message of IK with this ephemeral key may be honoured: it is the first such one
  // (TRN-016). None may when there are too many to remember.
  bool admits(const Bytes& ephemeral);

 private:
  static constexpr std::size_t kMost = 100'000;
  std::set<Bytes> ephemerals_;
};

class Handshake {
 public:
  // Borrows the keys, the log and the randomness.
  Handshake(const ServerKeys& keys, HandshakeLog& log, Rng& rng)
      : keys_(keys), log_(log), rng_(rng) {}

  // The pre-intro and the intro, as they were read; both before the first frame.
  void on_routing(Bytes octets) { routing_ = std::move(octets); }
  void on_intro(Bytes octets) { prologue_ = std::move(octets); }

  // The octets of a ServerHello. Errors: unsupported for a pqMode; else those of HandshakeState,
  // refused for another message than ClientHello.
  Result<Bytes> on_hello(std::string_view frame, const FaultSet& faults);
  // The octets of the ClientPayload that came with a first message of IK: the handshake is over.
  const std::optional<Bytes>& early() const { return early_; }
  // Whether that message had come before, under a fault that honours it all the same.
  bool replayed() const { return replayed_; }
  // The octets of the ClientPayload. Errors: as on_hello().
  Result<Bytes> on_finish(std::string_view frame, const FaultSet& faults);
  // Errors: refused before the end.
  Result<crypto::noise::Transport> split() const;

 private:
  using State = crypto::noise::HandshakeState;
  crypto::noise::Config config(const FaultSet& faults) const;
  Result<State> read_hello(const crypto::noise::ClientHello& hello, const FaultSet& faults);
  Result<State> read_ik(const crypto::noise::ClientHello& hello, const FaultSet& faults);
  // The payload, under faults also of a message whose tag is wrong.
  static Result<Bytes> read_parts(State& state, const crypto::noise::MessageParts& parts,
                                  const FaultSet& faults);
  Result<Bytes> chain(const FaultSet& faults) const;

  const ServerKeys& keys_;
  HandshakeLog& log_;
  Rng& rng_;
  Bytes routing_;
  Bytes prologue_;
  std::optional<State> state_;
  std::optional<Bytes> early_;
  bool replayed_ = false;
};

}  // namespace parley::reference::whatsapp
