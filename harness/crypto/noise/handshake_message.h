// SPDX-License-Identifier: GPL-3.0-or-later
// The protobuf that carries Noise messages in plain frames. Source: observed client behaviour.
// Each struct keeps what it does not know, in order (TRN-022: unknown fields are ignored, but a
// transcript shows them). To send a broken one, edit the fields of protobuf_wire.h instead.
// Pure functions: no I/O, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/protobuf_wire.h"
#include "harness/base/result.h"
#include "harness/crypto/noise/handshake_state.h"

namespace parley::crypto::noise {

// ClientHello { ephemeral = 1; static = 2; payload = 3; useExtended = 4; pqMode = 9;
//               extendedEphemeral = 10 }
struct ClientHello {
  std::optional<Bytes> ephemeral;
  std::optional<Bytes> static_key;
  std::optional<Bytes> payload;
  std::optional<bool> use_extended;
  std::optional<std::uint64_t> pq_mode;
  std::optional<Bytes> extended_ephemeral;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const ClientHello&, const ClientHello&) = default;
};

// ServerHello { ephemeral = 1; static = 2; payload = 3 }
struct ServerHello {
  std::optional<Bytes> ephemeral;
  std::optional<Bytes> static_key;
  std::optional<Bytes> payload;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const ServerHello&, const ServerHello&) = default;
};

// ClientFinish { static = 1; payload = 2 }
struct ClientFinish {
  std::optional<Bytes> static_key;
  std::optional<Bytes> payload;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const ClientFinish&, const ClientFinish&) = default;
};

// HandshakeMessage { clientHello = 2; serverHello = 3; clientFinish = 4 }
struct HandshakeMessage {
  std::optional<ClientHello> client_hello;
  std::optional<ServerHello> server_hello;
  std::optional<ClientFinish> client_finish;
  std::vector<protobuf::Field> unknown;

  friend bool operator==(const HandshakeMessage&, const HandshakeMessage&) = default;
};

// Any octets of a peer; whether the fields suffice is decided by to_parts() and HandshakeState.
// Errors as protobuf::read_fields, the offsets being those within the nested message.
Result<HandshakeMessage> parse_handshake_message(std::string_view octets);
// Known fields by number, then the unknown ones; a field that is absent is not written.
Bytes write(const HandshakeMessage& message);

// The pieces that HandshakeState reads; an absent field is an empty piece.
MessageParts to_parts(const ClientHello& hello);
MessageParts to_parts(const ServerHello& hello);
MessageParts to_parts(const ClientFinish& finish);

// What carries the pieces that HandshakeState wrote; an empty piece is an absent field.
HandshakeMessage client_hello(const MessageParts& parts);
HandshakeMessage server_hello(const MessageParts& parts);
HandshakeMessage client_finish(const MessageParts& parts);

}  // namespace parley::crypto::noise
