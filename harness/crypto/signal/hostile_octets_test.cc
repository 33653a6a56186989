// SPDX-License-Identifier: GPL-3.0-or-later
// Each message kind cut at every octet and with every bit changed, and floods of lost messages,
// before the library: what it refuses leaves its store as it was, and its store stays small.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "harness/crypto/signal/forgery.h"
#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

// Alice, our own session, and Bob by the library; what is delivered on trial is not kept.
struct Sides {
  TestDevice bob{"bob", 2};
  Address alice{.name = "alice", .device = DeviceId(0)};
  Rng rng{7};
  Identity identity = *make_identity(rng);
  Session session = *initiate(identity, bob.bundle(), rng);

  bool deliver(const Message& message) { return bob.provider->decrypt(alice, message).has_value(); }
  bool taken_on_trial(const Message& message) {
    Transaction kept_back(bob.store);
    const auto provider = *make_library_provider(kept_back, Rng(3));
    const bool taken = provider->decrypt(alice, message).has_value();
    // Whatever the refused message was, nothing has been written.
    EXPECT_TRUE(taken || *kept_back.names("") == *bob.store.names(""));
    return taken;
  }
  void answer() {
    const auto message = bob.provider->encrypt(alice, "answer");
    EXPECT_TRUE(read_message(session, message->octets, rng));
  }
};

// At which octets a changed bit is not noticed.
std::set<std::size_t> unprotected(Sides& sides, const Message& message) {
  std::set<std::size_t> out;
  for (std::size_t at = 0; at < message.octets.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto changed = message;
      changed.octets[at] = static_cast<char>(changed.octets[at] ^ (1U << bit));
      if (sides.taken_on_trial(changed)) {
        out.insert(at);
      }
    }
  }
  return out;
}

void check_cuts(Sides& sides, const Message& message) {
  for (std::size_t size = 0; size < message.octets.size(); ++size) {
    auto cut = message;
    cut.octets.resize(size);
    EXPECT_FALSE(sides.taken_on_trial(cut)) << size;
  }
}

TEST(EveryOctet, OfAMsgIsProtected) {
  Sides sides;
  ASSERT_TRUE(sides.deliver(*write_message(sides.session, "one")));
  sides.answer();
  const auto message = *write_message(sides.session, "two");
  ASSERT_EQ(message.kind, MessageKind::msg);
  check_cuts(sides, message);
  EXPECT_EQ(unprotected(sides, message), std::set<std::size_t>{});
  EXPECT_TRUE(sides.deliver(message));
}

// No MAC covers the envelope. What is in it enters the agreement, but for the version's lower half
// and the registration id. The identity key's top bit is masked in the agreement; the MAC sees it.
TEST(EveryOctet, OfAPkmsgIsProtectedButForVersionAndRegistration) {
  Sides sides;
  const auto message = *write_message(sides.session, "one");
  ASSERT_EQ(message.kind, MessageKind::pkmsg);
  // Behind the message lie 28, the registration id of two octets here, 30 and 01.
  const auto end = message.octets.size();
  ASSERT_EQ(message.octets[end - 5], '\x28');
  check_cuts(sides, Message{.kind = message.kind, .octets = message.octets.substr(0, end - 5)});
  const auto found = unprotected(sides, message);
  EXPECT_TRUE(found.contains(0)) << "the version's lower half";
  EXPECT_TRUE(found.contains(end - 4) && found.contains(end - 3)) << "the registration id";
  // 33 08 01 12 21 05: the base key's 32 octets end at octet 37, and its top bit is masked too.
  constexpr std::size_t kBaseKeyEnd = 37;
  for (const auto at : found) {
    EXPECT_TRUE(at == 0 || at >= end - 5 || at == kBaseKeyEnd) << at;
  }
  EXPECT_TRUE(sides.deliver(message));
}

TEST(Floods, Of100000LostMessagesLeaveASmallSessionThatGoesOn) {
  Sides sides;
  ASSERT_TRUE(sides.deliver(*write_message(sides.session, "one")));
  sides.answer();
  ForgeryInput input;
  input.session = sides.session;
  input.sender = sides.identity;
  input.lost_thousands = 100;
  const auto flood = forge("skipped-key-dropped", input);
  ASSERT_TRUE(flood) << flood.error();
  ASSERT_EQ(flood->before.size(), 50U);
  for (const auto& message : flood->before) {
    ASSERT_TRUE(sides.deliver(message));
  }
  EXPECT_FALSE(sides.deliver(flood->message));
  const auto record = *sides.bob.store.load(session_record_of(sides.alice));
  EXPECT_LT(record->size(), std::size_t{512} << 10U);
  auto session = flood->session;
  EXPECT_TRUE(sides.deliver(*write_message(session, "after the flood")));
}

// 41 and more sessions begun by the same peer: the library keeps 40 old ones, so the first is lost
// and its late message refused, and the record does not grow on.
TEST(Floods, OfSessionsLeaveFortyOfThem) {
  Sides sides;
  TestDevice& bob = sides.bob;
  auto bundle = bob.bundle(9);  // without a one-time prekey
  auto first = *initiate(sides.identity, bundle, sides.rng);
  ASSERT_TRUE(sides.deliver(*write_message(first, "first")));
  std::size_t size = 0;
  for (int i = 0; i < 60; ++i) {
    auto session = *initiate(sides.identity, bundle, sides.rng);
    ASSERT_TRUE(sides.deliver(*write_message(session, "another")));
    const auto now = (*bob.store.load(session_record_of(sides.alice)))->size();
    EXPECT_TRUE(i < 45 || now == size) << i;
    size = now;
  }
  const auto late = *draft_message(first, "late");
  EXPECT_FALSE(sides.deliver({.kind = MessageKind::msg, .octets = seal(late)}));
}

}  // namespace
}  // namespace parley::crypto::signal
