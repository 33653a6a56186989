// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/records.h"

#include <openssl/crypto.h>

#include <utility>

#include "harness/base/protobuf_wire.h"
#include "harness/crypto/digest.h"
#include "harness/crypto/signal/keys.h"

namespace parley::crypto::signal {
namespace {

using protobuf::Field;
using protobuf::FieldTaker;
using protobuf::octets_field;
using protobuf::varint_field;

constexpr std::string_view kPrekeys = "prekey/";

std::string peer_part(const Address& peer) {
  constexpr std::size_t kShown = 64;
  const std::string device = std::to_string(static_cast<std::uint32_t>(peer.device));
  return peer.name.size() <= kShown ? device + "/name/" + peer.name
                                    : device + "/hash/" + to_hex(sha256(peer.name));
}

// The octets of the fields go into the record and are wiped.
Result<void> save_fields(Store& store, const std::string& name, std::vector<Field> fields) {
  Bytes octets = protobuf::write_fields(fields);
  const SecretBytes record(octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  for (auto& field : fields) {
    OPENSSL_cleanse(field.octets.data(), field.octets.size());
  }
  return store.save(name, record);
}

Result<std::vector<Field>> load_fields(const Store& store, const std::string& name) {
  const auto record = store.load(name);
  if (!record) {
    return std::unexpected(record.error());
  }
  if (!*record) {
    return fail(Errc::not_found, "the store has no such record");
  }
  return protobuf::read_fields((*record)->reveal());
}

std::vector<Field> fields_of(std::uint32_t id, const X25519KeyPair& keys) {
  return {varint_field(1, id), octets_field(2, serialized_key(keys.public_key)),
          octets_field(3, keys.private_key.reveal())};
}

Result<X25519KeyPair> take_keys(FieldTaker& taker) {
  const auto shown = taker.take_octets(2);
  auto hidden = taker.take_octets(3);
  if (!shown || !hidden) {
    return fail(Errc::malformed, "a record lacks a key");
  }
  auto keys = x25519_key_pair(*hidden);
  OPENSSL_cleanse(hidden->data(), hidden->size());
  if (keys && serialized_key(keys->public_key) != *shown) {
    return fail(Errc::malformed, "a record's public key is not that of its private key");
  }
  return keys;
}

}  // namespace

std::string prekey_record(PrekeyId id) {
  return std::string(kPrekeys) + std::to_string(static_cast<std::uint32_t>(id));
}

std::string signed_prekey_record(SignedPrekeyId id) {
  return "signed-prekey/" + std::to_string(static_cast<std::uint32_t>(id));
}

std::string session_record_of(const Address& peer) { return "session/" + peer_part(peer); }

std::string peer_identity_record(const Address& peer) { return "peer/" + peer_part(peer); }

Result<void> save_identity(Store& store, const Identity& identity) {
  return save_fields(store, kIdentityRecord,
                     fields_of(static_cast<std::uint32_t>(identity.registration), identity.keys));
}

Result<Identity> load_identity(const Store& store) {
  auto fields = load_fields(store, kIdentityRecord);
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  auto keys = take_keys(taker);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  const auto registration = static_cast<std::uint32_t>(taker.take_varint(1).value_or(0));
  return Identity{.keys = std::move(*keys), .registration = RegistrationId(registration)};
}

Result<void> save_prekey(Store& store, const OneTimePrekey& prekey) {
  return save_fields(store, prekey_record(prekey.id),
                     fields_of(static_cast<std::uint32_t>(prekey.id), prekey.keys));
}

Result<void> save_signed_prekey(Store& store, const SignedPrekey& prekey) {
  auto fields = fields_of(static_cast<std::uint32_t>(prekey.id), prekey.keys);
  fields.push_back(octets_field(4, prekey.signature));
  fields.push_back(
      {.number = 5, .type = protobuf::WireType::fixed64, .value = prekey.made_ms, .octets = {}});
  return save_fields(store, signed_prekey_record(prekey.id), std::move(fields));
}

Result<OneTimePrekey> load_prekey(const Store& store, PrekeyId id) {
  auto fields = load_fields(store, prekey_record(id));
  if (!fields) {
    return std::unexpected(fields.error());
  }
  FieldTaker taker(std::move(*fields));
  auto keys = take_keys(taker);
  if (!keys) {
    return std::unexpected(keys.error());
  }
  return OneTimePrekey{.id = id, .keys = std::move(*keys)};
}

Result<SignedPrekey> load_signed_prekey(const Store& store, SignedPrekeyId id) {
  auto fields = load_fields(store, signed_prekey_record(id));
  if (!fields) {
    return std::unexpected(fields.error());
  }
  std::uint64_t made_ms = 0;
  for (const auto& field : *fields) {
    made_ms = field.number == 5 ? field.value : made_ms;
  }
  FieldTaker taker(std::move(*fields));
  auto keys = take_keys(taker);
  auto signature = taker.take_octets(4);
  if (!keys || !signature) {
    return keys ? fail(Errc::malformed, "a record lacks the signature")
                : std::unexpected(keys.error());
  }
  return SignedPrekey{
      .id = id, .keys = std::move(*keys), .signature = std::move(*signature), .made_ms = made_ms};
}

Result<std::size_t> prekeys_left(const Store& store) {
  const auto names = store.names(kPrekeys);
  if (!names) {
    return std::unexpected(names.error());
  }
  return names->size();
}

Result<Device> make_device(Store& store, std::size_t one_time_prekeys, std::uint64_t now_ms,
                           Rng& rng) {
  auto identity = make_identity(rng);
  if (!identity) {
    return std::unexpected(identity.error());
  }
  auto signed_prekey = make_signed_prekey(*identity, SignedPrekeyId(1), now_ms, rng);
  auto one_time = make_one_time_prekeys(PrekeyId(1), one_time_prekeys, rng);
  if (!signed_prekey || !one_time) {
    return std::unexpected(signed_prekey ? one_time.error() : signed_prekey.error());
  }
  Transaction transaction(store);
  auto saved = save_identity(transaction, *identity);
  saved = saved ? save_signed_prekey(transaction, *signed_prekey) : saved;
  for (const auto& prekey : *one_time) {
    saved = saved ? save_prekey(transaction, prekey) : saved;
  }
  saved = saved ? transaction.commit() : saved;
  if (!saved) {
    return std::unexpected(saved.error());
  }
  return Device{.identity = std::move(*identity),
                .signed_prekey = std::move(*signed_prekey),
                .one_time = std::move(*one_time)};
}

}  // namespace parley::crypto::signal
