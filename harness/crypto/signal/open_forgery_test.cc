// SPDX-License-Identifier: GPL-3.0-or-later
// Forgeries in the middle of a conversation between the open provider and the library: whatever is
// forged, the honest messages around it are read.
#include "harness/crypto/signal/open_forgery.h"

#include <gtest/gtest.h>

#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

struct Talk {
  TestDevice alice{"alice", 1, 4, make_open_provider};
  TestDevice bob{"bob", 2, 200};
  Conversation conversation{.peer = bob.address,
                            .bundle = bob.bundle(0),
                            .other_bundle = bob.bundle(1),
                            .delivered = {},
                            .received = {}};
  Rng rng{9};

  Talk() { EXPECT_TRUE(alice.provider->start_session(bob.address, bob.bundle(0))); }
  std::string to_bob(const Message& message) {
    const auto text = bob.provider->decrypt(alice.address, message);
    return text ? *text : std::string(to_string(text.error().reason));
  }
  std::string say(std::string_view text) {
    const auto message = alice.provider->encrypt(bob.address, text);
    if (message && message->kind == MessageKind::msg) {
      conversation.delivered = message->octets;
    }
    return message ? to_bob(*message) : std::string(to_string(message.error().reason));
  }
  void answer() {
    const auto message = bob.provider->encrypt(alice.address, "answer");
    ASSERT_TRUE(message && alice.provider->decrypt(bob.address, *message));
    conversation.received = message->octets;
  }
};

bool is_to_be_refused(const Forgery& forgery, ForgeryKind kind) {
  return forgery.kind == kind && forgery.acceptance == Acceptance::never;
}

// One conversation for all of them: each is refused, and it goes on.
TEST(ForgeNext, OfMessagesIsRefusedAndTheConversationGoesOn) {
  Talk talk;
  ASSERT_EQ(talk.say("one"), "one");
  talk.answer();
  ASSERT_EQ(talk.say("two"), "two");
  std::size_t count = 0;
  for (const auto& forgery : forgeries()) {
    if (!is_to_be_refused(forgery, ForgeryKind::msg)) {
      continue;
    }
    SCOPED_TRACE(forgery.name);
    talk.answer();
    const auto forged = forge_next(talk.alice.store, forgery.name, talk.conversation, talk.rng);
    ASSERT_TRUE(forged) << forged.error();
    for (const auto& message : forged->before) {
      EXPECT_TRUE(talk.bob.provider->decrypt(talk.alice.address, message));
    }
    EXPECT_EQ(talk.to_bob(forged->message), to_string(forgery.refusal));
    ASSERT_EQ(talk.say("honest"), "honest");
    ++count;
  }
  EXPECT_GE(count, 60U);
}

TEST(ForgeNext, OfFirstMessagesLeavesTheHonestOneToCome) {
  std::size_t count = 0;
  for (const auto& forgery : forgeries()) {
    if (!is_to_be_refused(forgery, ForgeryKind::pkmsg)) {
      continue;
    }
    SCOPED_TRACE(forgery.name);
    Talk talk;
    const auto forged = forge_next(talk.alice.store, forgery.name, talk.conversation, talk.rng);
    ASSERT_TRUE(forged) << forged.error();
    for (const auto& message : forged->before) {
      EXPECT_TRUE(talk.bob.provider->decrypt(talk.alice.address, message));
    }
    EXPECT_EQ(talk.to_bob(forged->message), to_string(forgery.refusal));
    EXPECT_EQ(talk.say("honest"), "honest");
    ++count;
  }
  EXPECT_GE(count, 45U);
}

TEST(ForgeNext, NeedsASession) {
  Talk talk;
  talk.conversation.peer.name = "nobody";
  EXPECT_EQ(forge_next(talk.alice.store, "mac-zeros", talk.conversation, talk.rng).error().code,
            Errc::not_found);
}

}  // namespace
}  // namespace parley::crypto::signal
