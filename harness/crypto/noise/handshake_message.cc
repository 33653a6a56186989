// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/handshake_message.h"

#include <utility>

namespace parley::crypto::noise {
namespace {

using protobuf::FieldTaker;
using protobuf::FieldWriter;

ClientHello client_hello_of(FieldTaker taker) {
  ClientHello out;
  out.ephemeral = taker.take_octets(1);
  out.static_key = taker.take_octets(2);
  out.payload = taker.take_octets(3);
  if (const auto value = taker.take_varint(4)) {
    out.use_extended = *value != 0;
  }
  out.pq_mode = taker.take_varint(9);
  out.extended_ephemeral = taker.take_octets(10);
  out.unknown = std::move(taker).rest();
  return out;
}

ServerHello server_hello_of(FieldTaker taker) {
  ServerHello out;
  out.ephemeral = taker.take_octets(1);
  out.static_key = taker.take_octets(2);
  out.payload = taker.take_octets(3);
  out.unknown = std::move(taker).rest();
  return out;
}

ClientFinish client_finish_of(FieldTaker taker) {
  ClientFinish out;
  out.static_key = taker.take_octets(1);
  out.payload = taker.take_octets(2);
  out.unknown = std::move(taker).rest();
  return out;
}

Bytes write_hello(const ClientHello& hello) {
  FieldWriter writer;
  writer.add_octets(1, hello.ephemeral);
  writer.add_octets(2, hello.static_key);
  writer.add_octets(3, hello.payload);
  if (hello.use_extended) {
    writer.add_varint(4, *hello.use_extended ? 1 : 0);
  }
  writer.add_varint(9, hello.pq_mode);
  writer.add_octets(10, hello.extended_ephemeral);
  return std::move(writer).finish(hello.unknown);
}

Bytes write_hello(const ServerHello& hello) {
  FieldWriter writer;
  writer.add_octets(1, hello.ephemeral);
  writer.add_octets(2, hello.static_key);
  writer.add_octets(3, hello.payload);
  return std::move(writer).finish(hello.unknown);
}

Bytes write_finish(const ClientFinish& message) {
  FieldWriter writer;
  writer.add_octets(1, message.static_key);
  writer.add_octets(2, message.payload);
  return std::move(writer).finish(message.unknown);
}

std::optional<Bytes> present(const Bytes& piece) {
  return piece.empty() ? std::nullopt : std::optional(piece);
}

// Reads the nested message `number`, if it is there, and gives its fields to `make`.
template <class T>
Result<void> nested(FieldTaker& outer, std::uint32_t number, T (*make)(FieldTaker),
                    std::optional<T>& out) {
  const auto octets = outer.take_message(number);
  if (!octets) {
    return {};
  }
  auto fields = protobuf::read_fields(*octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  out = make(FieldTaker(std::move(*fields)));
  return {};
}

}  // namespace

Result<HandshakeMessage> parse_handshake_message(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  HandshakeMessage out;
  for (const auto& read : {nested(taker, 2, client_hello_of, out.client_hello),
                           nested(taker, 3, server_hello_of, out.server_hello),
                           nested(taker, 4, client_finish_of, out.client_finish)}) {
    if (!read) {
      return std::unexpected(read.error());
    }
  }
  out.unknown = std::move(taker).rest();
  return out;
}

Bytes write(const HandshakeMessage& message) {
  FieldWriter writer;
  if (message.client_hello) {
    writer.add_octets(2, write_hello(*message.client_hello));
  }
  if (message.server_hello) {
    writer.add_octets(3, write_hello(*message.server_hello));
  }
  if (message.client_finish) {
    writer.add_octets(4, write_finish(*message.client_finish));
  }
  return std::move(writer).finish(message.unknown);
}

MessageParts to_parts(const ClientHello& hello) {
  return {.ephemeral = hello.ephemeral.value_or(""),
          .static_key = hello.static_key.value_or(""),
          .payload = hello.payload.value_or("")};
}

MessageParts to_parts(const ServerHello& hello) {
  return {.ephemeral = hello.ephemeral.value_or(""),
          .static_key = hello.static_key.value_or(""),
          .payload = hello.payload.value_or("")};
}

MessageParts to_parts(const ClientFinish& finish) {
  return {.ephemeral = {},
          .static_key = finish.static_key.value_or(""),
          .payload = finish.payload.value_or("")};
}

HandshakeMessage client_hello(const MessageParts& parts) {
  ClientHello hello;
  hello.ephemeral = present(parts.ephemeral);
  hello.static_key = present(parts.static_key);
  hello.payload = present(parts.payload);
  HandshakeMessage out;
  out.client_hello = std::move(hello);
  return out;
}

HandshakeMessage server_hello(const MessageParts& parts) {
  ServerHello hello;
  hello.ephemeral = present(parts.ephemeral);
  hello.static_key = present(parts.static_key);
  hello.payload = present(parts.payload);
  HandshakeMessage out;
  out.server_hello = std::move(hello);
  return out;
}

HandshakeMessage client_finish(const MessageParts& parts) {
  ClientFinish finish;
  finish.static_key = present(parts.static_key);
  finish.payload = present(parts.payload);
  HandshakeMessage out;
  out.client_finish = std::move(finish);
  return out;
}

}  // namespace parley::crypto::noise
