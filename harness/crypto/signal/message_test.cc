// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/message.h"

#include <gtest/gtest.h>

#include <functional>

#include "harness/crypto/signal/types.h"

namespace parley::crypto::signal {
namespace {

using protobuf::Field;
using protobuf::octets_field;
using protobuf::varint_field;

const Bytes kKey(32, 'k');

MessageDraft draft() {
  return {.fields = fields_of(SignalMessage{.ratchet_key = kKey,
                                            .counter = 5,
                                            .previous_counter = 3,
                                            .ciphertext = Bytes(16, 'c'),
                                            .mac = {}}),
          .tail = {},
          .mac_key = SecretBytes("mac key"),
          .identities = "who"};
}

PrekeyDraft prekey_draft() {
  PrekeyMessage message{.prekey_id = 9,
                        .base_key = kKey,
                        .identity_key = kKey,
                        .message = seal(draft()),
                        .registration_id = 77,
                        .signed_prekey_id = 1};
  return {.fields = fields_of(message), .tail = {}};
}

TEST(SignalMessages, AreReadAsTheyWereWritten) {
  const auto read = read_signal_message(seal(draft()));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->ratchet_key, kKey);
  EXPECT_EQ(read->counter, 5U);
  EXPECT_EQ(read->previous_counter, 3U);
  EXPECT_EQ(read->ciphertext, Bytes(16, 'c'));
  EXPECT_EQ(read->mac.size(), 8U);
}

TEST(PrekeyMessages, AreReadAsTheyWereWritten) {
  const auto read = read_prekey_message(write(prekey_draft()));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->prekey_id, 9U);
  EXPECT_EQ(read->message, seal(draft()));
  EXPECT_EQ(read->registration_id, 77U);
  EXPECT_EQ(read->signed_prekey_id, 1U);
}

struct BadMessage {
  const char* name;
  Errc code;
  std::function<void(MessageDraft&)> bend;
};

void drop(std::vector<Field>& fields, std::uint32_t number) {
  std::erase_if(fields, [&](const Field& field) { return field.number == number; });
}

void replace(std::vector<Field>& fields, const Field& with) {
  for (auto& field : fields) {
    if (field.number == with.number) {
      field = with;
    }
  }
}

TEST(SignalMessages, ThatAreWrongAreRefusedWithTheirCode) {
  const std::vector<BadMessage> rows{
      {"version-2", Errc::unsupported, [](auto& d) { d.version = 0x23; }},
      {"version-4", Errc::unsupported, [](auto& d) { d.version = 0x44; }},
      {"no-ratchet-key", Errc::malformed, [](auto& d) { drop(d.fields, msg::kRatchetKey); }},
      {"no-counter", Errc::malformed, [](auto& d) { drop(d.fields, msg::kCounter); }},
      {"no-ciphertext", Errc::malformed, [](auto& d) { drop(d.fields, msg::kCiphertext); }},
      {"raw-key", Errc::refused,
       [](auto& d) { replace(d.fields, octets_field(msg::kRatchetKey, kKey)); }},
      {"key-type-6", Errc::refused,
       [](auto& d) { replace(d.fields, octets_field(msg::kRatchetKey, "\x06" + kKey)); }},
      {"counter-33-bits", Errc::too_large,
       [](auto& d) { replace(d.fields, varint_field(msg::kCounter, 1ULL << 32U)); }},
      {"counter-octets", Errc::malformed,
       [](auto& d) { replace(d.fields, octets_field(msg::kCounter, "5")); }},
      {"cut", Errc::truncated, [](auto& d) { d.tail = "\x22\x05"; }},
  };
  for (const auto& row : rows) {
    auto bent = draft();
    row.bend(bent);
    const auto read = read_signal_message(seal(bent));
    ASSERT_FALSE(read) << row.name;
    EXPECT_EQ(read.error().code, row.code) << row.name;
  }
  EXPECT_EQ(read_signal_message("").error().code, Errc::truncated);
  EXPECT_EQ(read_signal_message(Bytes(9, '\x33')).error().code, Errc::truncated);
}

TEST(SignalMessages, MayLackThePreviousCounterAndHoldUnknownFields) {
  auto bent = draft();
  drop(bent.fields, msg::kPreviousCounter);
  bent.fields.push_back(octets_field(99, "unknown"));
  bent.fields.push_back(varint_field(msg::kCounter, 6));  // the last one counts
  const auto read = read_signal_message(seal(bent));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->previous_counter, 0U);
  EXPECT_EQ(read->counter, 6U);
}

TEST(PrekeyMessages, NeedTheirFieldsAndAReadableMessageWithin) {
  for (const auto number :
       {pkmsg::kBaseKey, pkmsg::kIdentityKey, pkmsg::kMessage, pkmsg::kSignedPrekeyId}) {
    auto bent = prekey_draft();
    drop(bent.fields, number);
    EXPECT_EQ(read_prekey_message(write(bent)).error().code, Errc::malformed) << number;
  }
  for (const auto number : {pkmsg::kPrekeyId, pkmsg::kRegistrationId}) {
    auto bent = prekey_draft();
    drop(bent.fields, number);
    EXPECT_TRUE(read_prekey_message(write(bent))) << number;
  }
  auto bent = prekey_draft();
  replace(bent.fields, octets_field(pkmsg::kMessage, "short"));
  EXPECT_EQ(read_prekey_message(write(bent)).error().code, Errc::truncated);
}

TEST(Seal, CoversIdentitiesVersionFieldsAndTail) {
  const auto honest = draft();
  const auto mac = [](const MessageDraft& d) { return seal(d).substr(body_of(d).size()); };
  auto other = honest;
  other.identities = "others";
  EXPECT_NE(mac(other), mac(honest));
  other = honest;
  other.version = 0x34;
  EXPECT_NE(mac(other), mac(honest));
  other = honest;
  other.tail = "x";
  EXPECT_NE(mac(other), mac(honest));
  other = honest;
  other.mac_octets = 32;
  EXPECT_EQ(mac(other).size(), 32U);
  EXPECT_EQ(mac(other).substr(0, 8), mac(honest));
}

}  // namespace
}  // namespace parley::crypto::signal
