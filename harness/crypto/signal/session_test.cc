// SPDX-License-Identifier: GPL-3.0-or-later
// Our own session and the library read each other's messages, in either role.
#include "harness/crypto/signal/session.h"

#include <gtest/gtest.h>

#include <vector>

#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

std::string text_or_reason(const Outcome<Bytes>& read) {
  return read ? *read : std::string(to_string(read.error().reason));
}

std::string text_or_code(const Result<Bytes>& read) {
  return read ? *read : std::string(to_string(read.error().code));
}

// We begin, the library answers.
struct OurStart {
  TestDevice bob;
  Rng rng{7};
  Identity alice = *make_identity(rng);
  Address address{.name = "alice", .device = DeviceId(0)};
  Session session;

  explicit OurStart(std::size_t one_time_prekeys = 2)
      : bob("bob", 2, one_time_prekeys), session(*initiate(alice, bob.bundle(), rng)) {}

  std::string to_bob(const Message& message) {
    return text_or_reason(bob.provider->decrypt(address, message));
  }
  std::string to_bob(std::string_view text) { return to_bob(*write_message(session, text)); }
  std::string from_bob(std::string_view text) {
    return text_or_code(read_message(session, bob.provider->encrypt(address, text)->octets, rng));
  }
};

TEST(OurSessions, BegunByUsAreReadAndAnsweredByTheLibrary) {
  for (const std::size_t prekeys : {2, 0}) {
    OurStart side(prekeys);
    EXPECT_EQ(side.to_bob("one"), "one");
    EXPECT_EQ(side.to_bob("two"), "two");
    EXPECT_TRUE(side.session.pending);
    EXPECT_EQ(side.from_bob("three"), "three");
    EXPECT_FALSE(side.session.pending);
    for (int turn = 0; turn < 10; ++turn) {
      const auto text = std::to_string(turn);
      EXPECT_EQ(side.to_bob(text), text);
      EXPECT_EQ(side.from_bob(text + "a"), text + "a");
      EXPECT_EQ(side.from_bob(text + "b"), text + "b");
    }
  }
}

TEST(OurSessions, BegunByTheLibraryAreReadAndAnsweredByUs) {
  for (const bool with_prekey : {true, false}) {
    TestDevice alice("alice", 1);
    Rng rng(8);
    MemoryStore store;
    const auto bob = *make_device(store, 1, kMadeMs, rng);
    const Address address{.name = "bob", .device = DeviceId(0)};
    const auto* one_time = with_prekey ? &bob.one_time[0] : nullptr;
    ASSERT_TRUE(alice.provider->start_session(
        address, bundle_of(bob.identity, DeviceId(0), bob.signed_prekey, one_time)));
    const auto first = *alice.provider->encrypt(address, "one");
    ASSERT_EQ(first.kind, MessageKind::pkmsg);
    const auto read = read_prekey_message(first.octets);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->prekey_id.has_value(), with_prekey);
    EXPECT_EQ(read->identity_key, alice.device.identity.keys.public_key);
    EXPECT_EQ(read->registration_id,
              static_cast<std::uint32_t>(alice.device.identity.registration));
    auto session = respond(
        {.identity = bob.identity, .signed_prekey = bob.signed_prekey, .one_time = one_time},
        *read);
    ASSERT_TRUE(session);
    EXPECT_EQ(text_or_code(read_message(*session, read->message, rng)), "one");
    const auto answer = *write_message(*session, "two");
    EXPECT_EQ(answer.kind, MessageKind::msg);
    EXPECT_EQ(text_or_reason(alice.provider->decrypt(address, answer)), "two");
    const auto next = *alice.provider->encrypt(address, "three");
    EXPECT_EQ(text_or_code(read_message(*session, next.octets, rng)), "three");
  }
}

TEST(OurSessions, WriteWhatTheLibraryWouldWriteByField) {
  OurStart side;
  EXPECT_EQ(side.to_bob("one"), "one");
  EXPECT_EQ(side.from_bob("two"), "two");
  const auto octets = side.bob.provider->encrypt(side.address, "three")->octets;
  const auto read = read_signal_message(octets);
  ASSERT_TRUE(read) << read.error();
  MessageDraft draft{.fields = fields_of(*read), .tail = {}, .mac_key = {}, .identities = {}};
  EXPECT_EQ(body_of(draft) + read->mac, octets);
  EXPECT_EQ(read->counter, 1U);
  EXPECT_EQ(read->version, kVersion);
}

TEST(OurSessions, ReadMessagesOutOfOrderEachOnce) {
  OurStart side;
  EXPECT_EQ(side.to_bob("0"), "0");
  std::vector<Bytes> sent;
  for (int i = 0; i < 4; ++i) {
    sent.push_back(side.bob.provider->encrypt(side.address, std::to_string(i))->octets);
  }
  for (const std::size_t i : {3, 0, 2, 1}) {
    EXPECT_EQ(text_or_code(read_message(side.session, sent[i], side.rng)), std::to_string(i));
  }
  for (const auto& octets : sent) {
    EXPECT_EQ(text_or_code(read_message(side.session, octets, side.rng)), "refused");
  }
}

TEST(OurSessions, RefuseEachChangedOctetAndGoOn) {
  OurStart side;
  EXPECT_EQ(side.to_bob("0"), "0");
  const auto octets = side.bob.provider->encrypt(side.address, "text")->octets;
  for (std::size_t at = 0; at < octets.size(); ++at) {
    auto broken = octets;
    broken[at] = static_cast<char>(broken[at] ^ 0x40);
    EXPECT_FALSE(read_message(side.session, broken, side.rng)) << at;
    EXPECT_FALSE(read_message(side.session, octets.substr(0, at), side.rng)) << at;
  }
  EXPECT_EQ(text_or_code(read_message(side.session, octets, side.rng)), "text");
}

TEST(OurSessions, JumpAsFarAsTheLibraryAndNoFarther) {
  OurStart side;
  EXPECT_EQ(side.to_bob("0"), "0");
  for (std::uint32_t i = 0; i < kMaxForwardJump; ++i) {
    ASSERT_TRUE(side.bob.provider->encrypt(side.address, "lost"));
  }
  auto other = side.session;
  const auto reached = side.bob.provider->encrypt(side.address, "reached")->octets;
  const auto beyond = side.bob.provider->encrypt(side.address, "beyond")->octets;
  EXPECT_EQ(text_or_code(read_message(other, beyond, side.rng)), "too large");
  EXPECT_EQ(text_or_code(read_message(side.session, reached, side.rng)), "reached");
  EXPECT_EQ(side.session.receivers.back().skipped.size(), kMaxForwardJump);
}

TEST(CheckBundle, WantsTheIdentitysSignature) {
  const TestDevice bob("bob", 2);
  const TestDevice other("other", 3);
  auto bundle = bob.bundle();
  EXPECT_TRUE(check_bundle(bundle));
  bundle.identity_key = other.bundle().identity_key;
  EXPECT_EQ(check_bundle(bundle).error().code, Errc::bad_signature);
}

}  // namespace
}  // namespace parley::crypto::signal
