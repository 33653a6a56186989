// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/message.h"

#include <fmt/format.h>

#include <utility>

#include "harness/crypto/signal/kdf.h"
#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {
namespace {

using protobuf::Field;
using protobuf::WireType;

Result<std::uint8_t> read_version(std::string_view octets) {
  const auto version = static_cast<std::uint8_t>(octets.front());
  if (version >> 4U != kMessageVersion) {
    return fail(Errc::unsupported, fmt::format("message version {}", version >> 4U), 0);
  }
  return version;
}

// The fields of one message, each looked up by number and type.
class Reader {
 public:
  explicit Reader(std::vector<Field> fields) : fields_(std::move(fields)) {}

  Result<std::optional<std::uint32_t>> number(std::uint32_t number) const {
    const auto field = last(number, WireType::varint);
    if (!field) {
      return std::unexpected(field.error());
    }
    if (*field == nullptr) {
      return std::optional<std::uint32_t>();
    }
    if ((*field)->value > UINT32_MAX) {
      return fail(Errc::too_large, fmt::format("field {} has more than 32 bits", number),
                  (*field)->offset);
    }
    return std::optional(static_cast<std::uint32_t>((*field)->value));
  }
  Result<std::optional<Bytes>> octets(std::uint32_t number) const {
    const auto field = last(number, WireType::octets);
    if (!field) {
      return std::unexpected(field.error());
    }
    return *field == nullptr ? std::optional<Bytes>() : std::optional((*field)->octets);
  }
  Result<Bytes> key(std::uint32_t number) const {
    const auto found = octets(number);
    if (!found) {
      return std::unexpected(found.error());
    }
    if (!*found) {
      return missing(number);
    }
    if ((*found)->size() != kSerializedKeyOctets || (*found)->front() != kKeyType) {
      return fail(Errc::refused, fmt::format("field {} is not 05 and 32 octets", number));
    }
    return (*found)->substr(1);
  }
  static std::unexpected<Error> missing(std::uint32_t number) {
    return fail(Errc::malformed, fmt::format("field {} is missing", number));
  }

 private:
  Result<const Field*> last(std::uint32_t number, WireType type) const {
    const Field* out = nullptr;
    for (const auto& field : fields_) {
      if (field.number != number) {
        continue;
      }
      if (field.type != type) {
        return fail(Errc::malformed, fmt::format("field {} has another type", number),
                    field.offset);
      }
      out = &field;
    }
    return out;
  }
  std::vector<Field> fields_;
};

Result<SignalMessage> signal_message_of(const Reader& reader) {
  auto ratchet_key = reader.key(msg::kRatchetKey);
  const auto counter = reader.number(msg::kCounter);
  const auto previous = reader.number(msg::kPreviousCounter);
  auto ciphertext = reader.octets(msg::kCiphertext);
  if (!ratchet_key) {
    return std::unexpected(ratchet_key.error());
  }
  if (!counter || !previous) {
    return std::unexpected(counter ? previous.error() : counter.error());
  }
  if (!ciphertext) {
    return std::unexpected(ciphertext.error());
  }
  if (!*counter || !*ciphertext) {
    return Reader::missing(*counter ? msg::kCiphertext : msg::kCounter);
  }
  return SignalMessage{.ratchet_key = std::move(*ratchet_key),
                       .counter = **counter,
                       .previous_counter = previous->value_or(0),
                       .ciphertext = std::move(**ciphertext),
                       .mac = {}};
}

Result<PrekeyMessage> prekey_message_of(const Reader& reader) {
  PrekeyMessage out;
  const std::pair<std::uint32_t, Bytes*> keys[] = {{pkmsg::kBaseKey, &out.base_key},
                                                   {pkmsg::kIdentityKey, &out.identity_key}};
  for (const auto& [number, target] : keys) {
    auto key = reader.key(number);
    if (!key) {
      return std::unexpected(key.error());
    }
    *target = std::move(*key);
  }
  auto message = reader.octets(pkmsg::kMessage);
  const auto prekey = reader.number(pkmsg::kPrekeyId);
  const auto registration = reader.number(pkmsg::kRegistrationId);
  const auto signed_prekey = reader.number(pkmsg::kSignedPrekeyId);
  if (!message) {
    return std::unexpected(message.error());
  }
  for (const auto* number : {&prekey, &registration, &signed_prekey}) {
    if (!*number) {
      return std::unexpected(number->error());
    }
  }
  if (!*message || !*signed_prekey) {
    return Reader::missing(*message ? pkmsg::kSignedPrekeyId : pkmsg::kMessage);
  }
  out.prekey_id = *prekey;
  out.message = std::move(**message);
  out.registration_id = registration->value_or(0);
  out.signed_prekey_id = **signed_prekey;
  return out;
}

}  // namespace

Result<SignalMessage> read_signal_message(std::string_view octets) {
  if (octets.size() <= 1 + kMacOctets) {
    return fail(Errc::truncated, "a SignalMessage has a version, fields and a MAC", octets.size());
  }
  const auto version = read_version(octets);
  if (!version) {
    return std::unexpected(version.error());
  }
  auto fields = protobuf::read_fields(octets.substr(1, octets.size() - 1 - kMacOctets));
  if (!fields) {
    return std::unexpected(fields.error());
  }
  auto out = signal_message_of(Reader(std::move(*fields)));
  if (out) {
    out->version = *version;
    out->mac = octets.substr(octets.size() - kMacOctets);
  }
  return out;
}

Result<PrekeyMessage> read_prekey_message(std::string_view octets) {
  if (octets.size() <= 1) {
    return fail(Errc::truncated, "a PreKeySignalMessage has a version and fields", octets.size());
  }
  const auto version = read_version(octets);
  if (!version) {
    return std::unexpected(version.error());
  }
  auto fields = protobuf::read_fields(octets.substr(1));
  if (!fields) {
    return std::unexpected(fields.error());
  }
  auto out = prekey_message_of(Reader(std::move(*fields)));
  if (!out) {
    return out;
  }
  out->version = *version;
  // As the library does: what lies within must be readable too.
  if (const auto inner = read_signal_message(out->message); !inner) {
    return std::unexpected(inner.error());
  }
  return out;
}

Bytes body_of(const MessageDraft& draft) {
  return Bytes(1, static_cast<char>(draft.version)) + protobuf::write_fields(draft.fields) +
         draft.tail;
}

Bytes seal(const MessageDraft& draft) {
  const Bytes body = body_of(draft);
  return body + message_mac(draft.mac_key, draft.identities, body).substr(0, draft.mac_octets);
}

Bytes write(const PrekeyDraft& draft) {
  return Bytes(1, static_cast<char>(draft.version)) + protobuf::write_fields(draft.fields) +
         draft.tail;
}

std::vector<Field> fields_of(const SignalMessage& message) {
  return {protobuf::octets_field(msg::kRatchetKey, serialized_key(message.ratchet_key)),
          protobuf::varint_field(msg::kCounter, message.counter),
          protobuf::varint_field(msg::kPreviousCounter, message.previous_counter),
          protobuf::octets_field(msg::kCiphertext, message.ciphertext)};
}

std::vector<Field> fields_of(const PrekeyMessage& message) {
  std::vector<Field> out;
  if (message.prekey_id) {
    out.push_back(protobuf::varint_field(pkmsg::kPrekeyId, *message.prekey_id));
  }
  out.push_back(protobuf::octets_field(pkmsg::kBaseKey, serialized_key(message.base_key)));
  out.push_back(protobuf::octets_field(pkmsg::kIdentityKey, serialized_key(message.identity_key)));
  out.push_back(protobuf::octets_field(pkmsg::kMessage, message.message));
  out.push_back(protobuf::varint_field(pkmsg::kRegistrationId, message.registration_id));
  out.push_back(protobuf::varint_field(pkmsg::kSignedPrekeyId, message.signed_prekey_id));
  return out;
}

}  // namespace parley::crypto::signal
