// SPDX-License-Identifier: GPL-3.0-or-later
// SignalMessages whose version, protobuf or lengths are wrong, under a right MAC.
#include <algorithm>
#include <array>

#include "harness/crypto/signal/forgery_table.h"

namespace parley::crypto::signal {
namespace {

using protobuf::octets_field;
using protobuf::varint_field;

constexpr auto kMsg = ForgeryKind::msg;
constexpr auto kLegal = Acceptance::legal;
constexpr std::string_view kVersions = "libsignal protocol.c: version";
constexpr std::string_view kFields = "libsignal WhisperTextProtocol.proto, SignalMessage";
constexpr std::string_view kProtobuf = "protobuf encoding guide";
constexpr std::string_view kKeys = "X3DH section 2.1, Encode(PK)";

template <std::uint8_t Version>
Result<Forged> of_version(Draft& draft) {
  return bent<[](Opened& o, Draft&) { o.message.version = Version; }>(draft);
}

template <std::uint32_t Number>
Result<Forged> without(Draft& draft) {
  return bent<[](Opened& o, Draft&) { drop(o.message.fields, Number); }>(draft);
}

Bytes& ratchet_key(Opened& opened) {
  return field_of(opened.message.fields, msg::kRatchetKey).octets;
}

constexpr std::array kRows{
    ForgeryRow{{"version-0", kMsg, kVersions, "message version 0", Refusal::version},
               of_version<0x03>},
    ForgeryRow{{"version-2", kMsg, kVersions, "message version 2, before X3DH", Refusal::version},
               of_version<0x23>},
    ForgeryRow{{"version-4", kMsg, kVersions, "message version 4, of post-quantum sessions",
                Refusal::version},
               of_version<0x44>},
    ForgeryRow{{"version-15", kMsg, kVersions, "message version 15", Refusal::version},
               of_version<0xF3>},
    ForgeryRow{{"version-newest-lower", kMsg, kVersions,
                "the newest version that the sender speaks is below the message's",
                Refusal::version, kLegal},
               of_version<0x32>},
    ForgeryRow{{"version-newest-higher", kMsg, kVersions, "the sender speaks newer versions too",
                Refusal::version, kLegal},
               of_version<0x3F>},
    ForgeryRow{{"ratchet-key-missing", kMsg, kFields, "no field 1", Refusal::encoding},
               without<msg::kRatchetKey>},
    ForgeryRow{{"counter-missing", kMsg, kFields, "no field 2", Refusal::encoding},
               without<msg::kCounter>},
    ForgeryRow{
        {"previous-counter-missing", kMsg, kFields,
         "no field 3, which proto2 makes 0 and libsignal does not read", Refusal::encoding, kLegal},
        without<msg::kPreviousCounter>},
    ForgeryRow{{"ciphertext-missing", kMsg, kFields, "no field 4", Refusal::encoding},
               without<msg::kCiphertext>},
    ForgeryRow{
        {"fields-missing", kMsg, kFields, "version and MAC, nothing between", Refusal::encoding},
        bent<[](Opened& o, Draft&) { o.message.fields.clear(); }>},
    ForgeryRow{{"ratchet-key-empty", kMsg, kKeys, "field 1 is there and empty", Refusal::key},
               bent<[](Opened& o, Draft&) { ratchet_key(o).clear(); }>},
    ForgeryRow{{"ratchet-key-raw", kMsg, kKeys, "32 octets without the type octet", Refusal::key},
               bent<[](Opened& o, Draft&) { ratchet_key(o).erase(0, 1); }>},
    ForgeryRow{{"ratchet-key-short", kMsg, kKeys, "the last octet is cut off", Refusal::key},
               bent<[](Opened& o, Draft&) { ratchet_key(o).pop_back(); }>},
    ForgeryRow{{"ratchet-key-long", kMsg, kKeys,
                "an octet more, which libsignal in Rust passes over", Refusal::key, kLegal},
               bent<[](Opened& o, Draft&) { ratchet_key(o) += '\0'; }>},
    ForgeryRow{{"ratchet-key-type-0", kMsg, kKeys, "type octet 00", Refusal::key},
               bent<[](Opened& o, Draft&) { ratchet_key(o)[0] = '\0'; }>},
    ForgeryRow{{"ratchet-key-type-6", kMsg, kKeys, "type octet 06", Refusal::key},
               bent<[](Opened& o, Draft&) { ratchet_key(o)[0] = '\x06'; }>},
    ForgeryRow{{"ratchet-key-varint", kMsg, kFields, "field 1 is a varint", Refusal::encoding},
               bent<[](Opened& o, Draft&) {
                 replace(o.message.fields, varint_field(msg::kRatchetKey, 5));
               }>},
    ForgeryRow{{"counter-octets", kMsg, kFields, "field 2 is octets", Refusal::encoding},
               bent<[](Opened& o, Draft&) {
                 replace(o.message.fields, octets_field(msg::kCounter, Bytes(1, '\0')));
               }>},
    ForgeryRow{{"counter-fixed", kMsg, kFields, "field 2 has four octets of fixed width",
                Refusal::encoding},
               bent<[](Opened& o, Draft&) {
                 field_of(o.message.fields, msg::kCounter).type = protobuf::WireType::fixed32;
               }>},
    ForgeryRow{{"counter-overlong", kMsg, kProtobuf, "the counter's varint has ten octets",
                Refusal::encoding, kLegal},
               bent<[](Opened& o, Draft&) {
                 field_of(o.message.fields, msg::kCounter).varint_octets = 10;
               }>},
    ForgeryRow{
        {"counter-33-bits", kMsg, kProtobuf,
         "2^32 more: the same to a reader that keeps the lower 32 bits", Refusal::encoding, kLegal},
        bent<[](Opened& o, Draft&) {
          field_of(o.message.fields, msg::kCounter).value += std::uint64_t{1} << 32U;
        }>},
    ForgeryRow{{"counter-twice", kMsg, kProtobuf, "a wrong counter before the right one",
                Refusal::encoding, kLegal},
               bent<[](Opened& o, Draft&) {
                 put_before(o.message.fields, varint_field(msg::kCounter, 77));
               }>},
    ForgeryRow{{"counter-twice-wrong-last", kMsg, kProtobuf,
                "the right counter before a wrong one: the last counts", Refusal::message},
               bent<[](Opened& o, Draft&) {
                 o.message.fields.push_back(varint_field(msg::kCounter, 77));
               }>},
    ForgeryRow{{"ratchet-key-twice", kMsg, kProtobuf, "another key before the right one",
                Refusal::encoding, kLegal},
               bent<[](Opened& o, Draft&) {
                 put_before(o.message.fields,
                            octets_field(msg::kRatchetKey, serialized_key(base_point())));
               }>},
    ForgeryRow{{"ciphertext-twice", kMsg, kProtobuf, "another text before the right one",
                Refusal::encoding, kLegal},
               bent<[](Opened& o, Draft&) {
                 put_before(o.message.fields, octets_field(msg::kCiphertext, Bytes(16, 'x')));
               }>},
    ForgeryRow{{"fields-reversed", kMsg, kProtobuf, "the fields in falling order",
                Refusal::encoding, kLegal},
               bent<[](Opened& o, Draft&) { std::ranges::reverse(o.message.fields); }>},
    ForgeryRow{
        {"field-unknown", kMsg, kProtobuf, "a field 99 that nobody knows", Refusal::encoding,
         kLegal},
        bent<[](Opened& o, Draft&) { o.message.fields.push_back(octets_field(99, "unknown")); }>},
    ForgeryRow{
        {"field-pq-ratchet", kMsg, "libsignal wire.proto, SignalMessage.pq_ratchet",
         "field 5 of the post-quantum ratchet in a version 3 message", Refusal::encoding, kLegal},
        bent<[](Opened& o, Draft&) {
          o.message.fields.push_back(octets_field(5, Bytes(40, 'q')));
        }>},
    ForgeryRow{
        {"field-group", kMsg, kProtobuf, "a group begins and does not end", Refusal::encoding},
        bent<[](Opened& o, Draft&) { o.message.tail = "\x33"; }>},
    ForgeryRow{{"field-cut", kMsg, kProtobuf, "the last field announces what does not follow",
                Refusal::encoding},
               bent<[](Opened& o, Draft&) { o.message.tail = "\x22\x7F"; }>},
    ForgeryRow{{"field-length-huge", kMsg, kProtobuf, "a field announces 2^31 - 1 octets",
                Refusal::encoding},
               bent<[](Opened& o, Draft&) { o.message.tail = "\x22\xFF\xFF\xFF\xFF\x07"; }>},
    ForgeryRow{
        {"field-key-endless", kMsg, kProtobuf, "the key's varint does not end", Refusal::encoding},
        bent<[](Opened& o, Draft&) { o.message.tail = Bytes(12, '\xFF'); }>},
    ForgeryRow{{"message-empty", kMsg, kFields, "no octet at all", Refusal::encoding},
               broken<[](Bytes& octets, const Opened&) { octets.clear(); }>},
    ForgeryRow{
        {"message-version-alone", kMsg, kFields, "the version and nothing more", Refusal::encoding},
        broken<[](Bytes& octets, const Opened&) { octets.resize(1); }>},
    ForgeryRow{
        {"message-mac-alone", kMsg, kFields, "the version and eight octets", Refusal::encoding},
        broken<[](Bytes& octets, const Opened&) { octets.resize(9); }>},
    ForgeryRow{{"message-half", kMsg, kFields, "the second half is cut off", Refusal::encoding},
               broken<[](Bytes& octets, const Opened&) { octets.resize(octets.size() / 2); }>},
};

}  // namespace

std::span<const ForgeryRow> encoding_forgeries() { return kRows; }

}  // namespace parley::crypto::signal
