// SPDX-License-Identifier: GPL-3.0-or-later
// Two devices talk to each other through the interface: by the library, by our own sessions, and
// one by each, in both roles.
#include "harness/crypto/signal/provider.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "harness/crypto/signal/folder_store.h"
#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

struct Makers {
  const char* name;
  ProviderMaker alice;
  ProviderMaker bob;
};

struct Pair {
  TestDevice alice;
  TestDevice bob;

  explicit Pair(const Makers& makers)
      : alice("alice@tp.example", 1, 4, makers.alice), bob("bob@gk.example", 2, 4, makers.bob) {
    EXPECT_TRUE(alice.provider->start_session(bob.address, bob.bundle()));
  }
  Message from_alice(std::string_view text) {
    return alice.provider->encrypt(bob.address, text).value_or(Message{});
  }
  Message from_bob(std::string_view text) {
    return bob.provider->encrypt(alice.address, text).value_or(Message{});
  }
  std::string at_bob(const Message& message) {
    const auto text = bob.provider->decrypt(alice.address, message);
    return text ? *text : std::string(to_string(text.error().reason));
  }
  std::string at_alice(const Message& message) {
    const auto text = alice.provider->decrypt(bob.address, message);
    return text ? *text : std::string(to_string(text.error().reason));
  }
};

class Sessions : public testing::TestWithParam<Makers> {};
class IdentityKeys : public testing::TestWithParam<Makers> {};
class RefusedMessages : public testing::TestWithParam<Makers> {};
class Providers : public testing::TestWithParam<Makers> {};

TEST_P(Sessions, BeginWithAPkmsgAndGoOnWithMsgsOnceThePeerHasAnswered) {
  Pair pair(GetParam());
  const auto first = pair.from_alice("one");
  const auto second = pair.from_alice("two");
  EXPECT_EQ(first.kind, MessageKind::pkmsg);
  EXPECT_EQ(second.kind, MessageKind::pkmsg);
  EXPECT_EQ(pair.at_bob(first), "one");
  EXPECT_EQ(pair.at_bob(second), "two");
  const auto answer = pair.from_bob("three");
  EXPECT_EQ(answer.kind, MessageKind::msg);
  EXPECT_EQ(pair.at_alice(answer), "three");
  const auto next = pair.from_alice("four");
  EXPECT_EQ(next.kind, MessageKind::msg);
  EXPECT_EQ(pair.at_bob(next), "four");
}

TEST_P(Sessions, UseAOneTimePrekeyUpOnce) {
  Pair pair(GetParam());
  EXPECT_EQ(prekeys_left(pair.bob.store), 4U);
  EXPECT_EQ(pair.at_bob(pair.from_alice("one")), "one");
  EXPECT_EQ(pair.at_bob(pair.from_alice("two")), "two");
  EXPECT_EQ(prekeys_left(pair.bob.store), 3U);
}

TEST_P(Sessions, WorkWithoutAOneTimePrekey) {
  TestDevice alice("alice", 1, 4, GetParam().alice);
  TestDevice bob("bob", 2, 0, GetParam().bob);
  ASSERT_TRUE(alice.provider->start_session(bob.address, bob.bundle()));
  const auto message = alice.provider->encrypt(bob.address, "text");
  ASSERT_TRUE(message);
  EXPECT_EQ(bob.provider->decrypt(alice.address, *message).value_or(""), "text");
}

TEST_P(Sessions, ReadMessagesOutOfOrderEachOnce) {
  Pair pair(GetParam());
  EXPECT_EQ(pair.at_bob(pair.from_alice("0")), "0");
  EXPECT_EQ(pair.at_alice(pair.from_bob("1")), "1");
  std::vector<Message> sent;
  for (int i = 0; i < 5; ++i) {
    sent.push_back(pair.from_alice(std::to_string(i)));
  }
  for (const int i : {4, 1, 3, 0, 2}) {
    EXPECT_EQ(pair.at_bob(sent[static_cast<std::size_t>(i)]), std::to_string(i));
  }
  for (const auto& message : sent) {
    EXPECT_EQ(pair.at_bob(message), "duplicate");
  }
}

TEST_P(Sessions, OfTheSameSeedsHaveTheSameOctets) {
  Pair one(GetParam());
  Pair other(GetParam());
  EXPECT_EQ(one.from_alice("text"), other.from_alice("text"));
}

TEST_P(Sessions, CarryAnyOctetsAndNone) {
  Pair pair(GetParam());
  const Bytes octets("\0\xFF\x10", 3);
  EXPECT_EQ(pair.at_bob(pair.from_alice(octets)), octets);
  EXPECT_EQ(pair.at_bob(pair.from_alice("")), "");
  const Bytes large(std::size_t{1} << 20U, 'x');
  EXPECT_EQ(pair.at_bob(pair.from_alice(large)), large);
}

TEST_P(Sessions, ThatAreNotThereAreSaidToBeMissing) {
  TestDevice alice("alice", 1, 4, GetParam().alice);
  EXPECT_EQ(alice.provider->encrypt({.name = "nobody"}, "x").error().reason, Refusal::session);
  Pair pair(GetParam());
  pair.at_bob(pair.from_alice("0"));
  const auto answer = pair.from_bob("1");
  EXPECT_EQ(alice.provider->decrypt(pair.bob.address, answer).error().reason, Refusal::session);
}

// A new session while the old one's messages are under way: both are read.
TEST_P(Sessions, OfBeforeStillReadWhatIsLate) {
  Pair pair(GetParam());
  EXPECT_EQ(pair.at_bob(pair.from_alice("0")), "0");
  EXPECT_EQ(pair.at_alice(pair.from_bob("1")), "1");
  const auto late = pair.from_alice("late");
  ASSERT_TRUE(pair.alice.provider->start_session(pair.bob.address, pair.bob.bundle(1)));
  EXPECT_EQ(pair.at_bob(pair.from_alice("new")), "new");
  EXPECT_EQ(pair.at_bob(late), "late");
}

TEST_P(IdentityKeys, AreTrustedOnFirstUseAndThenMustStay) {
  Pair pair(GetParam());
  EXPECT_EQ(pair.at_bob(pair.from_alice("0")), "0");
  EXPECT_EQ(pair.bob.provider->known_identity(pair.alice.address).value(),
            pair.alice.device.identity.keys.public_key);
  TestDevice mallory("alice@tp.example", 9, 4, GetParam().alice);
  ASSERT_TRUE(mallory.provider->start_session(pair.bob.address, pair.bob.bundle(1)));
  const auto message = *mallory.provider->encrypt(pair.bob.address, "from mallory");
  EXPECT_EQ(pair.at_bob(message), "identity");
  EXPECT_EQ(prekeys_left(pair.bob.store), 3U);
  EXPECT_EQ(pair.alice.provider->start_session(pair.bob.address, mallory.bundle()).error().reason,
            Refusal::identity);
  ASSERT_TRUE(
      pair.bob.provider->set_identity(pair.alice.address, mallory.device.identity.keys.public_key));
  EXPECT_EQ(pair.at_bob(message), "from mallory");
  ASSERT_TRUE(pair.bob.provider->set_identity(pair.alice.address, std::nullopt));
  EXPECT_EQ(pair.bob.provider->known_identity(pair.alice.address).value(), std::nullopt);
}

// The library by itself trusts whatever identity key a first pkmsg names, before it has checked the
// MAC: anybody could so keep the peer out.
TEST_P(RefusedMessages, OfSomebodyNewTeachNoIdentityKey) {
  Pair pair(GetParam());
  auto message = pair.from_alice("text");
  message.octets[80] = static_cast<char>(message.octets[80] ^ 1);  // within the message inside
  EXPECT_FALSE(pair.bob.provider->decrypt(pair.alice.address, message));
  EXPECT_EQ(pair.bob.provider->known_identity(pair.alice.address).value(), std::nullopt);
}

TEST_P(RefusedMessages, LeaveTheStoreAsItWas) {
  Pair pair(GetParam());
  EXPECT_EQ(pair.at_bob(pair.from_alice("0")), "0");
  const auto records = *pair.bob.store.names("");
  std::vector<Bytes> before;
  for (const auto& name : records) {
    before.emplace_back((*pair.bob.store.load(name))->reveal());
  }
  ASSERT_TRUE(pair.alice.provider->start_session(pair.bob.address, pair.bob.bundle(1)));
  const auto honest = pair.from_alice("honest");
  // From the base key through the identity key into the message within; what lies before and after
  // those (the version's low half, the registration id) nothing protects.
  for (std::size_t at = 6; at < 120; ++at) {
    auto broken = honest;
    broken.octets[at] = static_cast<char>(broken.octets[at] ^ 1);
    ASSERT_FALSE(pair.bob.provider->decrypt(pair.alice.address, broken)) << at;
  }
  EXPECT_EQ(*pair.bob.store.names(""), records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ((*pair.bob.store.load(records[i]))->reveal(), before[i]) << records[i];
  }
  EXPECT_EQ(pair.at_bob(honest), "honest");
}

TEST_P(Providers, GoOnFromAStoreOnDisk) {
  namespace fs = std::filesystem;
  const auto folder = fs::path(PARLEY_BINARY_DIR) / "signal_provider_test" / GetParam().name;
  fs::remove_all(folder);
  TestDevice alice("alice", 1, 4, GetParam().alice);
  Rng rng(2);
  const Address bob{.name = "bob", .device = DeviceId(0)};
  {
    const auto store = *FolderStore::open(folder);
    const auto device = *make_device(*store, 2, kMadeMs, rng);
    ASSERT_TRUE(alice.provider->start_session(
        bob, bundle_of(device.identity, bob.device, device.signed_prekey, &device.one_time[0])));
    const auto provider = *GetParam().bob(*store, rng.child("first"));
    EXPECT_EQ(provider->decrypt(alice.address, *alice.provider->encrypt(bob, "one")).value_or(""),
              "one");
  }
  const auto store = *FolderStore::open(folder);
  const auto provider = *GetParam().bob(*store, rng.child("second"));
  EXPECT_EQ(provider->decrypt(alice.address, *alice.provider->encrypt(bob, "two")).value_or(""),
            "two");
  // A torn session is an error of the store, neither a crash nor a new session.
  const auto session = fs::path(folder) / (to_hex(session_record_of(alice.address)) + ".record");
  ASSERT_TRUE(fs::exists(session));
  fs::resize_file(session, fs::file_size(session) / 2);
  const auto third = *alice.provider->encrypt(bob, "three");
  EXPECT_EQ(provider->decrypt(alice.address, third).error().reason, Refusal::store);
  EXPECT_EQ(provider->encrypt(alice.address, "x").error().reason, Refusal::store);
  fs::remove_all(folder);
}

TEST_P(Providers, NeedAnIdentity) {
  MemoryStore empty;
  EXPECT_EQ(GetParam().alice(empty, Rng(1)).error().code, Errc::not_found);
}

const Makers kMakers[] = {{"Library", make_library_provider, make_library_provider},
                          {"Open", make_open_provider, make_open_provider},
                          {"OpenToLibrary", make_open_provider, make_library_provider},
                          {"LibraryToOpen", make_library_provider, make_open_provider}};
const auto kName = [](const auto& row) { return std::string(row.param.name); };
INSTANTIATE_TEST_SUITE_P(By, Sessions, testing::ValuesIn(kMakers), kName);
INSTANTIATE_TEST_SUITE_P(By, IdentityKeys, testing::ValuesIn(kMakers), kName);
INSTANTIATE_TEST_SUITE_P(By, RefusedMessages, testing::ValuesIn(kMakers), kName);
INSTANTIATE_TEST_SUITE_P(By, Providers, testing::ValuesIn(kMakers), kName);

}  // namespace
}  // namespace parley::crypto::signal
