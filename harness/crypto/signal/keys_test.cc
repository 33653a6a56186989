// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/keys.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/crypto/signal/two_devices.h"
#include "harness/crypto/xeddsa.h"

namespace parley::crypto::signal {
namespace {

TEST(MakeDevice, GivesTheSameKeysForTheSameSeedAndOthersForAnother) {
  const TestDevice one("alice", 1);
  const TestDevice again("alice", 1);
  const TestDevice other("alice", 2);
  EXPECT_EQ(one.bundle(), again.bundle());
  EXPECT_NE(one.bundle().identity_key, other.bundle().identity_key);
  EXPECT_NE(one.bundle().signed_prekey, other.bundle().signed_prekey);
}

TEST(MakeSignedPrekey, SignsTheKeyWithItsTypeOctet) {
  const TestDevice device("alice", 1);
  const auto bundle = device.bundle();
  EXPECT_TRUE(
      xeddsa_verify(bundle.identity_key, serialized_key(bundle.signed_prekey), bundle.signature));
  EXPECT_FALSE(xeddsa_verify(bundle.identity_key, bundle.signed_prekey, bundle.signature));
}

TEST(MakeOneTimePrekeys, CountsOnAndBeginsAnewAtOneAfterTheLargestId) {
  Rng rng(1);
  const auto made = make_one_time_prekeys(PrekeyId(kMaxPrekeyId - 1), 4, rng);
  ASSERT_TRUE(made);
  std::set<Bytes> keys;
  std::vector<std::uint32_t> ids;
  for (const auto& prekey : *made) {
    ids.push_back(static_cast<std::uint32_t>(prekey.id));
    keys.insert(prekey.keys.public_key);
  }
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{kMaxPrekeyId - 1, kMaxPrekeyId, 1, 2}));
  EXPECT_EQ(keys.size(), 4U);
}

TEST(MakeIdentity, DrawsTheRegistrationIdFromItsRange) {
  Rng rng(3);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 200; ++i) {
    const auto id = static_cast<std::uint32_t>(make_identity(rng)->registration);
    EXPECT_GE(id, 1U);
    EXPECT_LE(id, kMaxRegistrationId);
    seen.insert(id);
  }
  EXPECT_GT(seen.size(), 150U);
}

TEST(BundleOf, LeavesOutAOneTimePrekeyThatIsNotThere) {
  const TestDevice device("alice", 1, 1);
  EXPECT_TRUE(device.bundle(0).one_time);
  EXPECT_FALSE(device.bundle(1).one_time);
}

TEST(Records, KeepPrekeysAsTheyWereMade) {
  const TestDevice device("alice", 1);
  const auto identity = load_identity(device.store);
  const auto prekey = load_prekey(device.store, PrekeyId(2));
  const auto signed_prekey = load_signed_prekey(device.store, SignedPrekeyId(1));
  ASSERT_TRUE(identity && prekey && signed_prekey);
  EXPECT_EQ(identity->keys.public_key, device.device.identity.keys.public_key);
  EXPECT_EQ(identity->registration, device.device.identity.registration);
  EXPECT_EQ(prekey->keys.private_key.reveal(), device.device.one_time[1].keys.private_key.reveal());
  EXPECT_EQ(signed_prekey->signature, device.device.signed_prekey.signature);
  EXPECT_EQ(signed_prekey->made_ms, kMadeMs);
  EXPECT_EQ(prekeys_left(device.store), 4U);
  EXPECT_EQ(load_prekey(device.store, PrekeyId(9)).error().code, Errc::not_found);
}

TEST(Records, OfLongPeerNamesStayShortAndApart) {
  const Address one{.name = std::string(3000, 'a'), .device = DeviceId(1)};
  const Address other{.name = std::string(2999, 'a'), .device = DeviceId(1)};
  const Address second_device{.name = one.name, .device = DeviceId(2)};
  EXPECT_LE(session_record_of(one).size(), 110U);
  EXPECT_NE(session_record_of(one), session_record_of(other));
  EXPECT_NE(session_record_of(one), session_record_of(second_device));
  EXPECT_NE(session_record_of(one), peer_identity_record(one));
}

TEST(Records, WhosePublicKeyIsAnothersAreMalformed) {
  MemoryStore store;
  Rng rng(5);
  auto identity = *make_identity(rng);
  identity.keys.public_key = make_identity(rng)->keys.public_key;
  ASSERT_TRUE(save_identity(store, identity));
  EXPECT_EQ(load_identity(store).error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::crypto::signal
