// SPDX-License-Identifier: GPL-3.0-or-later
// PreKeySignalMessages whose version, protobuf or keys are wrong; the message within is honest
// unless the row says otherwise.
#include <algorithm>
#include <array>

#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

using protobuf::octets_field;
using protobuf::varint_field;

constexpr auto kPkmsg = ForgeryKind::pkmsg;
constexpr auto kLegal = Acceptance::legal;
constexpr std::string_view kVersions = "libsignal protocol.c: version";
constexpr std::string_view kFields = "libsignal WhisperTextProtocol.proto, PreKeySignalMessage";
constexpr std::string_view kProtobuf = "protobuf encoding guide";
constexpr std::string_view kKeys = "X3DH section 2.1, Encode(PK)";
constexpr std::string_view kReceive = "X3DH section 3.4";

template <std::uint8_t Version>
Result<Forged> of_version(Draft& draft) {
  return surrounded<[](PrekeyDraft& p, Draft&) { p.version = Version; }>(draft);
}

template <std::uint32_t Number>
Result<Forged> without(Draft& draft) {
  return surrounded<[](PrekeyDraft& p, Draft&) { drop(p.fields, Number); }>(draft);
}

template <std::uint32_t Number, std::uint64_t Value>
Result<Forged> with_number(Draft& draft) {
  return surrounded<[](PrekeyDraft& p, Draft&) { replace(p.fields, varint_field(Number, Value)); }>(
      draft);
}

template <std::uint32_t Number>
Result<Forged> with_33_bits(Draft& draft) {
  return surrounded<[](PrekeyDraft& p, Draft&) {
    field_of(p.fields, Number).value += std::uint64_t{1} << 32U;
  }>(draft);
}

// A key field edited: (Bytes&) -> void.
template <std::uint32_t Number, auto Edit>
Result<Forged> with_key(Draft& draft) {
  return surrounded<[](PrekeyDraft& p, Draft&) { Edit(field_of(p.fields, Number).octets); }>(draft);
}

constexpr auto kRaw = [](Bytes& key) { key.erase(0, 1); };
constexpr auto kShort = [](Bytes& key) { key.pop_back(); };
constexpr auto kLong = [](Bytes& key) { key += '\0'; };
constexpr auto kType6 = [](Bytes& key) { key[0] = '\x06'; };
constexpr auto kEmpty = [](Bytes& octets) { octets.clear(); };

constexpr std::array kRows{
    ForgeryRow{
        {"pkmsg-version-2", kPkmsg, kVersions, "the envelope's version is 2", Refusal::version},
        of_version<0x23>},
    ForgeryRow{
        {"pkmsg-version-4", kPkmsg, kVersions, "the envelope's version is 4", Refusal::version},
        of_version<0x44>},
    ForgeryRow{{"pkmsg-version-newest", kPkmsg, kVersions,
                "the newest version that the sender speaks, which no MAC covers", Refusal::version,
                kLegal},
               of_version<0x3F>},
    ForgeryRow{{"pkmsg-version-within", kPkmsg, kVersions,
                "version 2 within an envelope of version 3", Refusal::version},
               bent_within<[](Opened& o, Draft&) { o.message.version = 0x23; }>},
    ForgeryRow{{"pkmsg-base-key-missing", kPkmsg, kFields, "no field 2", Refusal::encoding},
               without<pkmsg::kBaseKey>},
    ForgeryRow{{"pkmsg-identity-key-missing", kPkmsg, kFields, "no field 3", Refusal::encoding},
               without<pkmsg::kIdentityKey>},
    ForgeryRow{{"pkmsg-message-missing", kPkmsg, kFields, "no field 4", Refusal::encoding},
               without<pkmsg::kMessage>},
    ForgeryRow{{"pkmsg-registration-missing", kPkmsg, kFields, "no field 5, which nothing hangs on",
                Refusal::encoding, kLegal},
               without<pkmsg::kRegistrationId>},
    ForgeryRow{{"pkmsg-signed-prekey-missing", kPkmsg, kFields, "no field 6", Refusal::encoding},
               without<pkmsg::kSignedPrekeyId>},
    ForgeryRow{{"pkmsg-prekey-missing", kPkmsg, kReceive,
                "DH4 took place, but no field 1 says with which prekey", Refusal::message},
               without<pkmsg::kPrekeyId>},
    ForgeryRow{{"pkmsg-empty", kPkmsg, kFields, "a version and nothing more", Refusal::encoding},
               surrounded<[](PrekeyDraft& p, Draft&) { p.fields.clear(); }>},
    ForgeryRow{
        {"pkmsg-message-empty", kPkmsg, kFields, "field 4 is there and empty", Refusal::encoding},
        with_key<pkmsg::kMessage, kEmpty>},
    ForgeryRow{{"pkmsg-message-nested", kPkmsg, kFields, "an envelope within the envelope",
                Refusal::encoding},
               surrounded<[](PrekeyDraft& p, Draft&) {
                 const Bytes inner = write(p);
                 replace(p.fields, octets_field(pkmsg::kMessage, inner));
               }>},
    ForgeryRow{{"pkmsg-message-cut", kPkmsg, kFields, "the message within lacks its last octet",
                Refusal::encoding},
               with_key<pkmsg::kMessage, kShort>},
    ForgeryRow{{"pkmsg-base-key-raw", kPkmsg, kKeys, "without the type octet", Refusal::key},
               with_key<pkmsg::kBaseKey, kRaw>},
    ForgeryRow{{"pkmsg-base-key-short", kPkmsg, kKeys, "the last octet is cut off", Refusal::key},
               with_key<pkmsg::kBaseKey, kShort>},
    ForgeryRow{{"pkmsg-base-key-long", kPkmsg, kKeys,
                "an octet more, which libsignal in Rust passes over", Refusal::key, kLegal},
               with_key<pkmsg::kBaseKey, kLong>},
    ForgeryRow{{"pkmsg-base-key-type-6", kPkmsg, kKeys, "type octet 06", Refusal::key},
               with_key<pkmsg::kBaseKey, kType6>},
    ForgeryRow{{"pkmsg-base-key-empty", kPkmsg, kKeys, "field 2 is there and empty", Refusal::key},
               with_key<pkmsg::kBaseKey, kEmpty>},
    ForgeryRow{{"pkmsg-identity-key-raw", kPkmsg, kKeys, "without the type octet", Refusal::key},
               with_key<pkmsg::kIdentityKey, kRaw>},
    ForgeryRow{
        {"pkmsg-identity-key-short", kPkmsg, kKeys, "the last octet is cut off", Refusal::key},
        with_key<pkmsg::kIdentityKey, kShort>},
    ForgeryRow{{"pkmsg-identity-key-type-6", kPkmsg, kKeys, "type octet 06", Refusal::key},
               with_key<pkmsg::kIdentityKey, kType6>},
    ForgeryRow{{"pkmsg-prekey-unknown", kPkmsg, kReceive, "a one-time prekey that never was",
                Refusal::prekey},
               with_number<pkmsg::kPrekeyId, 0xABCDEF>},
    ForgeryRow{{"pkmsg-prekey-beyond-24-bits", kPkmsg, kReceive,
                "a prekey id of more than three octets", Refusal::prekey},
               with_number<pkmsg::kPrekeyId, 0x1000001>},
    ForgeryRow{{"pkmsg-prekey-largest", kPkmsg, kReceive, "prekey id 2^32 - 1", Refusal::prekey},
               with_number<pkmsg::kPrekeyId, 0xFFFFFFFF>},
    ForgeryRow{
        {"pkmsg-prekey-33-bits", kPkmsg, kProtobuf,
         "2^32 more: the same to a reader that keeps the lower 32 bits", Refusal::encoding, kLegal},
        with_33_bits<pkmsg::kPrekeyId>},
    ForgeryRow{{"pkmsg-prekey-octets", kPkmsg, kFields, "field 1 is octets", Refusal::encoding},
               surrounded<[](PrekeyDraft& p, Draft&) {
                 replace(p.fields, octets_field(pkmsg::kPrekeyId, "\x01"));
               }>},
    ForgeryRow{{"pkmsg-signed-prekey-unknown", kPkmsg, kReceive, "a signed prekey that never was",
                Refusal::prekey},
               with_number<pkmsg::kSignedPrekeyId, 0xABCDEF>},
    ForgeryRow{{"pkmsg-signed-prekey-zero", kPkmsg, kReceive, "signed prekey 0, which never was",
                Refusal::prekey},
               with_number<pkmsg::kSignedPrekeyId, 0>},
    ForgeryRow{{"pkmsg-signed-prekey-largest", kPkmsg, kReceive, "signed prekey 2^32 - 1",
                Refusal::prekey},
               with_number<pkmsg::kSignedPrekeyId, 0xFFFFFFFF>},
    ForgeryRow{{"pkmsg-registration-largest", kPkmsg, "libsignal: 1 to 16,380",
                "registration id 2^32 - 1, which no MAC covers", Refusal::encoding, kLegal},
               with_number<pkmsg::kRegistrationId, 0xFFFFFFFF>},
    ForgeryRow{{"pkmsg-identity-key-twice", kPkmsg, kProtobuf,
                "another identity key before the right one", Refusal::encoding, kLegal},
               surrounded<[](PrekeyDraft& p, Draft& d) {
                 put_before(p.fields,
                            octets_field(pkmsg::kIdentityKey,
                                         serialized_key(d.input.stranger.keys.public_key)));
               }>},
    ForgeryRow{
        {"pkmsg-identity-key-twice-wrong-last", kPkmsg, kProtobuf,
         "a stranger's identity key behind the right one: the last counts", Refusal::message},
        surrounded<[](PrekeyDraft& p, Draft& d) {
          p.fields.push_back(
              octets_field(pkmsg::kIdentityKey, serialized_key(d.input.stranger.keys.public_key)));
        }>},
    ForgeryRow{{"pkmsg-kyber-fields", kPkmsg, "libsignal wire.proto, PreKeySignalMessage",
                "fields 7 and 8 of the post-quantum agreement in a version 3 message",
                Refusal::encoding, kLegal},
               surrounded<[](PrekeyDraft& p, Draft&) {
                 p.fields.push_back(varint_field(7, 1));
                 p.fields.push_back(octets_field(8, Bytes(1569, 'k')));
               }>},
    ForgeryRow{{"pkmsg-fields-reversed", kPkmsg, kProtobuf, "the fields in falling order",
                Refusal::encoding, kLegal},
               surrounded<[](PrekeyDraft& p, Draft&) { std::ranges::reverse(p.fields); }>},
    ForgeryRow{{"pkmsg-cut", kPkmsg, kProtobuf, "the last field announces what does not follow",
                Refusal::encoding},
               surrounded<[](PrekeyDraft& p, Draft&) { p.tail = "\x3A\x7F"; }>},
    ForgeryRow{
        {"pkmsg-group", kPkmsg, kProtobuf, "a group begins and does not end", Refusal::encoding},
        surrounded<[](PrekeyDraft& p, Draft&) { p.tail = "\x43"; }>},
    ForgeryRow{{"pkmsg-mac", kPkmsg, kReceive, "the MAC within is wrong", Refusal::message},
               surrounded<[](PrekeyDraft& p, Draft&) {
                 auto& message = field_of(p.fields, pkmsg::kMessage).octets;
                 message.back() = static_cast<char>(message.back() ^ 1);
               }>},
    ForgeryRow{{"pkmsg-associated-swapped", kPkmsg, "X3DH section 3.3, AD",
                "receiver's identity key before sender's", Refusal::message},
               bent_within<[](Opened& o, Draft& d) {
                 o.message.identities = identities(d.session.peer_identity, d.session.own_identity);
               }>},
    ForgeryRow{{"pkmsg-associated-missing", kPkmsg, "X3DH section 3.3, AD",
                "the MAC covers no identity key", Refusal::message},
               bent_within<[](Opened& o, Draft&) { o.message.identities.clear(); }>},
    ForgeryRow{{"pkmsg-counter-largest", kPkmsg, "DR section 3.1, MAX_SKIP",
                "the first message has counter 2^32 - 1", Refusal::message},
               bent_within<[](Opened& o, Draft&) {
                 replace(o.message.fields, varint_field(msg::kCounter, 0xFFFFFFFF));
               }>},
};

}  // namespace

std::span<const ForgeryRow> prekey_encoding_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
