// SPDX-License-Identifier: GPL-3.0-or-later
// Record { session = 1 (repeated, newest first) }
// Session { ownIdentity = 1; peerIdentity = 2; root = 3; turnRoot = 4; ratchetPrivate = 5;
//   ratchetPublic = 6; senderKey = 7; senderCounter = 8; previousCounter = 9; receiver = 10
//   (repeated); pending = 11; baseKey = 12 }
// Receiver { ratchetKey = 1; chainKey = 2; counter = 3; skipped = 4 (repeated) }
// Skipped { counter = 1; cipher = 2; mac = 3; iv = 4 }
// Pending { registration = 1; oneTime = 2; signedPrekey = 3; baseKey = 4 }
#include "harness/crypto/signal/open_session.h"

#include <openssl/crypto.h>

#include <utility>

#include "harness/base/protobuf_wire.h"
#include "harness/crypto/signal/records.h"

namespace parley::crypto::signal {
namespace {

using protobuf::Field;
using protobuf::FieldTaker;
using protobuf::octets_field;
using protobuf::varint_field;

// Writes the fields and wipes what they held.
Bytes written(std::vector<Field> fields) {
  Bytes out = protobuf::write_fields(fields);
  for (auto& field : fields) {
    OPENSSL_cleanse(field.octets.data(), field.octets.size());
  }
  return out;
}

Bytes write_skipped(const MessageKeys& keys) {
  return written({varint_field(1, keys.counter), octets_field(2, keys.cipher.reveal()),
                  octets_field(3, keys.mac.reveal()), octets_field(4, keys.iv)});
}

Bytes write_receiver(const ReceiverChain& receiver) {
  std::vector<Field> fields{octets_field(1, receiver.ratchet_key),
                            octets_field(2, receiver.chain.key.reveal()),
                            varint_field(3, receiver.chain.counter)};
  for (const auto& [counter, keys] : receiver.skipped) {
    fields.push_back(octets_field(4, write_skipped(keys)));
  }
  return written(std::move(fields));
}

Bytes write_pending(const PendingPrekey& pending) {
  std::vector<Field> fields{varint_field(1, static_cast<std::uint32_t>(pending.registration)),
                            varint_field(3, static_cast<std::uint32_t>(pending.signed_prekey)),
                            octets_field(4, pending.base_key)};
  if (pending.one_time) {
    fields.push_back(varint_field(2, static_cast<std::uint32_t>(*pending.one_time)));
  }
  return written(std::move(fields));
}

Bytes write_session(const Session& session) {
  std::vector<Field> fields{octets_field(1, session.own_identity),
                            octets_field(2, session.peer_identity),
                            octets_field(3, session.root.reveal()),
                            octets_field(4, session.turn_root.reveal()),
                            octets_field(5, session.ratchet.private_key.reveal()),
                            octets_field(6, session.ratchet.public_key),
                            octets_field(7, session.sender.key.reveal()),
                            varint_field(8, session.sender.counter),
                            varint_field(9, session.previous_counter),
                            octets_field(12, session.base_key)};
  for (const auto& receiver : session.receivers) {
    fields.push_back(octets_field(10, write_receiver(receiver)));
  }
  if (session.pending) {
    fields.push_back(octets_field(11, write_pending(*session.pending)));
  }
  return written(std::move(fields));
}

// The octets of each repetition of a field.
std::vector<Bytes> all_of(const std::vector<Field>& fields, std::uint32_t number) {
  std::vector<Bytes> out;
  for (const auto& field : fields) {
    if (field.number == number) {
      out.push_back(field.octets);
    }
  }
  return out;
}

SecretBytes take_secret(FieldTaker& taker, std::uint32_t number) {
  return SecretBytes(taker.take_octets(number).value_or(Bytes()));
}

std::uint32_t take_number(FieldTaker& taker, std::uint32_t number) {
  return static_cast<std::uint32_t>(taker.take_varint(number).value_or(0));
}

Result<MessageKeys> read_skipped(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  return MessageKeys{.cipher = take_secret(taker, 2),
                     .mac = take_secret(taker, 3),
                     .iv = taker.take_octets(4).value_or(Bytes()),
                     .counter = take_number(taker, 1)};
}

Result<ReceiverChain> read_receiver(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  ReceiverChain out;
  for (const auto& skipped : all_of(*fields, 4)) {
    auto keys = read_skipped(skipped);
    if (!keys) {
      return std::unexpected(keys.error());
    }
    out.skipped.emplace(keys->counter, std::move(*keys));
  }
  FieldTaker taker(std::move(*fields));
  out.ratchet_key = taker.take_octets(1).value_or(Bytes());
  out.chain = {.key = take_secret(taker, 2), .counter = take_number(taker, 3)};
  return out;
}

Result<PendingPrekey> read_pending(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  PendingPrekey out{.registration = RegistrationId(take_number(taker, 1)),
                    .one_time = {},
                    .signed_prekey = SignedPrekeyId(take_number(taker, 3)),
                    .base_key = taker.take_octets(4).value_or(Bytes())};
  if (const auto id = taker.take_varint(2)) {
    out.one_time = PrekeyId(static_cast<std::uint32_t>(*id));
  }
  return out;
}

Result<Session> read_session(std::string_view octets) {
  auto fields = protobuf::read_fields(octets);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  Session out;
  for (const auto& octets_of_one : all_of(*fields, 10)) {
    auto receiver = read_receiver(octets_of_one);
    if (!receiver) {
      return std::unexpected(receiver.error());
    }
    out.receivers.push_back(std::move(*receiver));
  }
  FieldTaker taker(std::move(*fields));
  if (const auto pending = taker.take_octets(11)) {
    auto read = read_pending(*pending);
    if (!read) {
      return std::unexpected(read.error());
    }
    out.pending = std::move(*read);
  }
  out.own_identity = taker.take_octets(1).value_or(Bytes());
  out.peer_identity = taker.take_octets(2).value_or(Bytes());
  out.root = take_secret(taker, 3);
  out.turn_root = take_secret(taker, 4);
  out.ratchet = {.private_key = take_secret(taker, 5),
                 .public_key = taker.take_octets(6).value_or(Bytes())};
  out.sender = {.key = take_secret(taker, 7), .counter = take_number(taker, 8)};
  out.previous_counter = take_number(taker, 9);
  out.base_key = taker.take_octets(12).value_or(Bytes());
  if (out.root.empty() || out.ratchet.public_key.empty() || out.sender.key.empty()) {
    return fail(Errc::malformed, "a session's record lacks a key");
  }
  return out;
}

void trim(Session& session) {
  while (session.receivers.size() > kMaxReceiverChains) {
    session.receivers.erase(session.receivers.begin());
  }
  for (auto& receiver : session.receivers) {
    while (receiver.skipped.size() > kMaxSkippedKeys) {
      receiver.skipped.erase(receiver.skipped.begin());
    }
  }
}

}  // namespace

Result<std::vector<Session>> load_sessions(const Store& store, const Address& peer) {
  const auto record = store.load(session_record_of(peer));
  if (!record) {
    return std::unexpected(record.error());
  }
  std::vector<Session> out;
  if (!*record) {
    return out;
  }
  // All limits reached at once come to some 40 MiB.
  constexpr protobuf::Limits kLimits{.max_octets = std::size_t{1} << 26U};
  const auto fields = protobuf::read_fields((*record)->reveal(), kLimits);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  for (const auto& octets : all_of(*fields, 1)) {
    auto session = read_session(octets);
    if (!session) {
      return std::unexpected(session.error());
    }
    out.push_back(std::move(*session));
  }
  return out;
}

Result<void> save_sessions(Store& store, const Address& peer, std::vector<Session> sessions) {
  if (sessions.size() > kMaxOldSessions + 1) {
    sessions.erase(sessions.begin() + kMaxOldSessions + 1, sessions.end());
  }
  std::vector<Field> fields;
  for (auto& session : sessions) {
    trim(session);
    fields.push_back(octets_field(1, write_session(session)));
  }
  Bytes octets = written(std::move(fields));
  const SecretBytes record(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return store.save(session_record_of(peer), record);
}

}  // namespace parley::crypto::signal
