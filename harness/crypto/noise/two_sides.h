// SPDX-License-Identifier: GPL-3.0-or-later
// The two sides of a handshake with fixed keys, for tests and fuzz targets: the private keys are 32
// copies of one octet, client ephemeral 1 and static 2, server ephemeral 3 and static 4, as in the
// known answers in handshake_state_test.cc.
#pragma once

#include <utility>
#include <vector>

#include "harness/crypto/noise/handshake_state.h"

namespace parley::crypto::noise {

inline const Bytes kIntro{"WA\x06\x03"};

inline X25519KeyPair fixed_pair(char octet) {
  return x25519_key_pair(Bytes(kX25519Octets, octet)).value_or(X25519KeyPair{});
}

struct TwoSides {
  HandshakeState client;
  HandshakeState server;
};

inline Config client_config(Pattern pattern, const Dialect& dialect) {
  return {.pattern = pattern,
          .role = Role::initiator,
          .prologue = kIntro,
          .dialect = dialect,
          .local_static = fixed_pair(2),
          .local_ephemeral = fixed_pair(1),
          .remote_static =
              pattern == Pattern::ik ? std::optional(fixed_pair(4).public_key) : std::nullopt,
          .remote_ephemeral = {}};
}

inline Config server_config(Pattern pattern, const Dialect& dialect) {
  return {.pattern = pattern,
          .role = Role::responder,
          .prologue = kIntro,
          .dialect = dialect,
          .local_static = fixed_pair(4),
          .local_ephemeral = fixed_pair(3),
          .remote_static = {},
          .remote_ephemeral = pattern == Pattern::xx_fallback
                                  ? std::optional(fixed_pair(1).public_key)
                                  : std::nullopt};
}

inline Result<TwoSides> two_sides(const Config& client, const Config& server) {
  auto first = HandshakeState::make(client);
  auto second = HandshakeState::make(server);
  if (!first || !second) {
    return std::unexpected(first ? second.error() : first.error());
  }
  return TwoSides{.client = std::move(*first), .server = std::move(*second)};
}

inline Result<TwoSides> two_sides(Pattern pattern, const Dialect& dialect) {
  return two_sides(client_config(pattern, dialect), server_config(pattern, dialect));
}

// Who writes next and who reads it; either when both are finished.
inline std::pair<HandshakeState*, HandshakeState*> next_turn(TwoSides& sides) {
  return sides.client.writes_next() ? std::pair(&sides.client, &sides.server)
                                    : std::pair(&sides.server, &sides.client);
}

// Plays a whole handshake; the messages in the order of the wire. Empty when a side refused.
inline std::vector<MessageParts> play(TwoSides& sides, const std::vector<Bytes>& payloads) {
  Rng rng(1);
  std::vector<MessageParts> wire;
  for (const auto& payload : payloads) {
    const auto [writer, reader] = next_turn(sides);
    const auto parts = writer->write(payload, rng);
    if (!parts || reader->read(*parts) != payload) {
      return {};
    }
    wire.push_back(*parts);
  }
  return wire;
}

}  // namespace parley::crypto::noise
