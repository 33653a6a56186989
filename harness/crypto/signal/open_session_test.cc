// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/open_session.h"

#include <gtest/gtest.h>

#include "harness/crypto/signal/forgery.h"
#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

// Alice by the open provider, Bob by the library, an answer read and nothing written since.
struct Talk {
  TestDevice alice{"alice", 1, 4, make_open_provider};
  TestDevice bob{"bob", 2};

  Talk() {
    EXPECT_TRUE(alice.provider->start_session(bob.address, bob.bundle()));
    EXPECT_EQ(to_bob(*alice.provider->encrypt(bob.address, "one")), "one");
    EXPECT_TRUE(alice.provider->decrypt(bob.address, *bob.provider->encrypt(alice.address, "two")));
  }
  std::string to_bob(const Message& message) {
    const auto text = bob.provider->decrypt(alice.address, message);
    return text ? *text : std::string(to_string(text.error().reason));
  }
  Session session() { return load_sessions(alice.store, bob.address).value().front(); }
};

TEST(OpenSessions, AreTakenUpByAForgerAndGoOnAfterIt) {
  Talk talk;
  ForgeryInput input;
  input.session = talk.session();
  input.sender = talk.alice.device.identity;
  EXPECT_EQ(talk.to_bob(forge("padding-uneven", input)->message), "padding");
  EXPECT_EQ(talk.to_bob(forge("mac-last-bit", input)->message), "message");
  EXPECT_EQ(talk.to_bob(*talk.alice.provider->encrypt(talk.bob.address, "three")), "three");
}

TEST(OpenSessions, ComeBackFromTheStoreAsTheyWere) {
  Talk talk;
  auto kept = talk.session();
  kept.receivers.back().skipped.emplace(
      7, MessageKeys{.cipher = SecretBytes("c"), .mac = SecretBytes("m"), .iv = "i", .counter = 7});
  kept.pending = PendingPrekey{.registration = RegistrationId(9),
                               .one_time = PrekeyId(3),
                               .signed_prekey = SignedPrekeyId(1),
                               .base_key = "base"};
  MemoryStore store;
  ASSERT_TRUE(save_sessions(store, talk.bob.address, {kept}));
  auto read = load_sessions(store, talk.bob.address)->front();
  EXPECT_EQ(read.root.reveal(), kept.root.reveal());
  EXPECT_EQ(read.turn_root.reveal(), kept.turn_root.reveal());
  EXPECT_EQ(read.own_identity, kept.own_identity);
  EXPECT_EQ(read.base_key, kept.base_key);
  EXPECT_EQ(read.pending->one_time, PrekeyId(3));
  EXPECT_EQ(read.pending->registration, RegistrationId(9));
  ASSERT_EQ(read.receivers.size(), kept.receivers.size());
  EXPECT_EQ(read.receivers.back().skipped.at(7).mac.reveal(), "m");
  kept.pending.reset();
  read.pending.reset();
  EXPECT_EQ(write_message(read, "same"), write_message(kept, "same"));
}

TEST(OpenSessions, AreKeptWithinTheirLimits) {
  Talk talk;
  auto session = talk.session();
  const auto receiver = session.receivers.back();
  for (std::size_t i = 0; i < kMaxReceiverChains; ++i) {
    session.receivers.push_back(receiver);
  }
  for (std::uint32_t i = 0; i < kMaxSkippedKeys + 5; ++i) {
    session.receivers.back().skipped[i].counter = i;
  }
  MemoryStore store;
  ASSERT_TRUE(
      save_sessions(store, talk.bob.address, std::vector<Session>(kMaxOldSessions + 5, session)));
  const auto read = *load_sessions(store, talk.bob.address);
  EXPECT_EQ(read.size(), kMaxOldSessions + 1);
  EXPECT_EQ(read[0].receivers.size(), kMaxReceiverChains);
  const auto& skipped = read[0].receivers.back().skipped;
  EXPECT_EQ(skipped.size(), kMaxSkippedKeys);
  EXPECT_EQ(skipped.begin()->first, 5U) << "the oldest go first";
}

TEST(OpenSessions, OfABrokenRecordAreAnErrorOfTheStore) {
  Talk talk;
  ASSERT_TRUE(talk.alice.store.save(session_record_of(talk.bob.address), SecretBytes("\x0A\x7F")));
  EXPECT_FALSE(load_sessions(talk.alice.store, talk.bob.address));
  EXPECT_EQ(talk.alice.provider->encrypt(talk.bob.address, "x").error().reason, Refusal::store);
  ASSERT_TRUE(talk.alice.store.save(session_record_of(talk.bob.address),
                                    SecretBytes(std::string("\x0A\x00", 2))));
  EXPECT_EQ(load_sessions(talk.alice.store, talk.bob.address).error().code, Errc::malformed);
  MemoryStore empty;
  EXPECT_EQ(load_sessions(empty, talk.bob.address)->size(), 0U);
}

}  // namespace
}  // namespace parley::crypto::signal
