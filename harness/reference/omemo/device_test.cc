// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/omemo/device.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/encoding.h"

namespace parley::reference::omemo {
namespace {

constexpr const char* kAlice = "alice@parley.test";
constexpr const char* kBob = "bob@parley.test";

FaultSet with(Fault fault) {
  FaultSet out;
  out.add(fault);
  return out;
}

// Alice's device, which may be faulty, and bob's.
struct Pair {
  Device alice;
  Device bob{{}, Rng(2)};

  explicit Pair(const FaultSet& faults = {}) : alice(faults, Rng(1)) {}

  xml::Element bob_says(const std::string& text) {
    if (!bob.has_session(kAlice, alice.id())) {
      EXPECT_TRUE(bob.begin(kAlice, alice.id(), alice.bundle()));
    }
    return bob.seal(kAlice, {alice.id()}, text).value();
  }
  xml::Element alice_says(const std::string& text) {
    if (!alice.has_session(kBob, bob.id())) {
      EXPECT_TRUE(alice.begin(kBob, bob.id(), bob.bundle()));
    }
    return alice.seal(kBob, {bob.id()}, text).value();
  }
  std::string alice_reads(const xml::Element& message) {
    return alice.open(kBob, message).text.value_or("(nothing)");
  }
  std::string bob_reads(const xml::Element& message) {
    return bob.open(kAlice, message).text.value_or("(nothing)");
  }
};

std::size_t prekeys_in(const xml::Element& bundle) {
  return bundle.child("prekeys")->elements().size();
}

TEST(ReferenceOmemo, SpeaksWithItsKind) {
  Pair pair;
  EXPECT_EQ(pair.alice_reads(pair.bob_says("first")), "first");
  EXPECT_EQ(pair.alice_reads(pair.bob_says("second")), "second");
  EXPECT_EQ(pair.bob_reads(pair.alice_says("an answer")), "an answer");
  EXPECT_EQ(pair.alice_reads(pair.bob_says("third")), "third");
}

TEST(ReferenceOmemo, ReplacesThePrekeyThatWasUsed) {
  for (const bool keeps : {false, true}) {
    Pair pair(keeps ? with(Fault::tp_omemo_used_prekey_offered) : FaultSet());
    const auto before = pair.alice.bundle();
    const auto opened = pair.alice.open(kBob, pair.bob_says("first"));
    EXPECT_TRUE(opened.prekey_used);
    EXPECT_EQ(pair.alice.bundle() == before, keeps);
    EXPECT_EQ(prekeys_in(pair.alice.bundle()), prekeys_in(before));
    EXPECT_FALSE(pair.alice.open(kBob, pair.bob_says("second")).prekey_used);
  }
}

// A message whose tag is cut to so many octets: bob has sent it so.
TEST(ReferenceOmemo, ReadsNothingThatIsNotWhole) {
  Pair pair;
  auto message = pair.bob_says("first");
  auto* payload = message.child("payload");
  auto octets = from_base64(payload->text()).value();
  octets[0] ^= 1;
  payload->set_text(to_base64(octets));
  EXPECT_EQ(pair.alice_reads(message), "(nothing)");
  EXPECT_EQ(pair.alice_reads(pair.bob_says("second")), "second");
}

struct Sign {
  Fault fault;
  const char* honest;
  const char* faulty;
  std::string (*observe)(Pair& pair);
};
class FaultyDevice : public testing::TestWithParam<Sign> {};

TEST_P(FaultyDevice, DiffersFromAnHonestOne) {
  Pair honest;
  Pair faulty(with(GetParam().fault));
  EXPECT_EQ(GetParam().observe(honest), GetParam().honest);
  EXPECT_EQ(GetParam().observe(faulty), GetParam().faulty);
}

std::string reads_changed_payload(Pair& pair) {
  auto message = pair.bob_says("text");
  auto* payload = message.child("payload");
  auto octets = from_base64(payload->text()).value();
  octets[0] ^= 1;
  payload->set_text(to_base64(octets));
  return pair.alice_reads(message);
}

std::string reads_twice(Pair& pair) {
  const auto message = pair.bob_says("text");
  (void)pair.alice_reads(message);
  return pair.alice_reads(message);
}

std::string reads_for_another_device(Pair& pair) {
  auto message = pair.bob_says("text");
  message.child("header")->child("key")->set("rid", "5");
  return pair.alice_reads(message);
}

std::string reads_under_another_name(Pair& pair) {
  (void)pair.alice_reads(pair.bob_says("first"));
  (void)pair.bob_reads(pair.alice_says("answer"));
  return pair.alice.open("carol@parley.test", pair.bob_says("text")).text.value_or("(nothing)");
}

std::string reads_under_another_id(Pair& pair) {
  (void)pair.alice_reads(pair.bob_says("first"));
  (void)pair.bob_reads(pair.alice_says("answer"));
  auto message = pair.bob_says("text");
  message.child("header")->set("sid", "5");
  return pair.alice_reads(message);
}

std::string begins_without(Pair& pair, const char* part) {
  auto bundle = pair.bob.bundle();
  std::erase_if(bundle.children,
                [&](const xml::Node& node) { return std::get<xml::Element>(node).name == part; });
  return pair.alice.begin(kBob, pair.bob.id(), bundle) ? "begins" : "begins not";
}

std::string begins_unsigned(Pair& pair) { return begins_without(pair, "signedPreKeySignature"); }

std::string begins_badly_signed(Pair& pair) {
  auto bundle = pair.bob.bundle();
  auto* signature = bundle.child("signedPreKeySignature");
  signature->set_text(to_base64(Bytes(64, 'x')));
  return pair.alice.begin(kBob, pair.bob.id(), bundle) ? "begins" : "begins not";
}

std::string first_key(Pair& pair) {
  return pair.alice_says("text").child("header")->child("key")->get("prekey");
}

std::string is_read(Pair& pair) { return pair.bob_reads(pair.alice_says("text")); }

std::string sends_own_id(Pair& pair) {
  const auto sid = pair.alice_says("text").child("header")->get("sid");
  return sid == std::to_string(pair.alice.id()) ? "own" : "another";
}

std::string draws_ivs(Pair& pair) {
  const auto iv = [&] { return pair.alice_says("text").child("header")->child("iv")->text(); };
  const auto first = iv();
  return first == iv() ? "the same" : "another";
}

std::string offers_prekeys(Pair& pair) {
  return prekeys_in(pair.alice.bundle()) >= 20 ? "enough" : "few";
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultyDevice,
    testing::Values(
        Sign{Fault::tp_omemo_tag_unchecked, "(nothing)", "uext", reads_changed_payload},
        Sign{Fault::tp_omemo_replay_shown, "(nothing)", "text", reads_twice},
        Sign{Fault::tp_omemo_rid_ignored, "(nothing)", "text", reads_for_another_device},
        Sign{Fault::tp_omemo_sender_ignored, "(nothing)", "text", reads_under_another_name},
        Sign{Fault::tp_omemo_sid_ignored, "(nothing)", "text", reads_under_another_id},
        Sign{Fault::tp_omemo_missing_signature_taken, "begins not", "begins", begins_unsigned},
        Sign{Fault::tp_omemo_signature_unchecked, "begins not", "begins", begins_badly_signed},
        Sign{Fault::tp_omemo_prekey_flag_missing, "true", "", first_key},
        Sign{Fault::tp_omemo_tag_on_payload, "text", "(nothing)", is_read},
        Sign{Fault::tp_omemo_other_sid, "own", "another", sends_own_id},
        Sign{Fault::tp_omemo_payload_key_reused, "another", "the same", draws_ivs},
        Sign{Fault::tp_omemo_few_prekeys, "enough", "few", offers_prekeys}));

}  // namespace
}  // namespace parley::reference::omemo
