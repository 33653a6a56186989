// SPDX-License-Identifier: GPL-3.0-or-later
// Each forgery meets both providers: what must be refused is, for the reason of its row, and the
// honest message after it is read. What they take where a row allows it is listed here as a fact.
#include "harness/crypto/signal/forgery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "harness/crypto/signal/two_devices.h"

namespace parley::crypto::signal {
namespace {

// Bob by the provider on trial, Alice our own session, with the input that her forgeries are made
// of.
struct Victim {
  TestDevice bob;
  Address alice{.name = "alice", .device = DeviceId(0)};
  ForgeryInput input;

  explicit Victim(ForgeryKind kind, ProviderMaker make = make_library_provider)
      : bob("bob", 2, 4, make) {
    Rng rng(7);
    input.sender = *make_identity(rng);
    input.stranger = *make_identity(rng);
    input.bundle = bob.bundle(0);
    input.other_bundle = bob.bundle(1);
    input.rng = rng.child("forger");
    input.session = *initiate(input.sender, input.bundle, rng);
    if (kind == ForgeryKind::msg) {
      talk(rng);
    }
  }

  // Two turns, so that there is a receiver chain before the last and no pkmsg under way.
  void talk(Rng& rng) {
    EXPECT_EQ(deliver(*write_message(input.session, "one")), "one");
    answer(rng);
    const auto second = *write_message(input.session, "two");
    input.delivered = second.octets;
    EXPECT_EQ(deliver(second), "two");
    answer(rng);
  }
  void answer(Rng& rng) {
    input.received = bob.provider->encrypt(alice, "answer")->octets;
    EXPECT_TRUE(read_message(input.session, input.received, rng));
  }
  std::string deliver(const Message& message) {
    const auto text = bob.provider->decrypt(alice, message);
    return text ? *text : std::string(to_string(text.error().reason));
  }
};

// What libsignal-protocol-c 2.3.3 takes: no row of acceptance `never`. It checks no product for
// zero and no key for its canonical form, so that keys of small order make sessions, one key has
// two names (a first message without a one-time prekey begins a second session when bit 255 of its
// base key is set: the text is read twice, without any secret), and a bundle of nobody's identity
// key verifies without a private key. It ignores the newest version that a sender speaks, the
// previous chain's length and the upper half of numbers of 64 bits.
const std::set<std::string_view>& taken_by_the_library() {
  static const std::set<std::string_view> names{"version-newest-lower",
                                                "version-newest-higher",
                                                "previous-counter-missing",
                                                "counter-overlong",
                                                "counter-33-bits",
                                                "counter-twice",
                                                "ratchet-key-twice",
                                                "ciphertext-twice",
                                                "fields-reversed",
                                                "field-unknown",
                                                "field-pq-ratchet",
                                                "counter-jump-1999",
                                                "counter-jump-2000",
                                                "previous-counter-wrong",
                                                "ratchet-key-zero",
                                                "ratchet-key-one",
                                                "ratchet-key-order-8",
                                                "ratchet-key-p",
                                                "ratchet-key-base-point",
                                                "ratchet-key-base-point-p",
                                                "ratchet-key-top-bit",
                                                "pkmsg-version-newest",
                                                "pkmsg-registration-missing",
                                                "pkmsg-prekey-33-bits",
                                                "pkmsg-registration-largest",
                                                "pkmsg-identity-key-twice",
                                                "pkmsg-kyber-fields",
                                                "pkmsg-fields-reversed",
                                                "x3dh-base-key-zero",
                                                "x3dh-base-key-order-8",
                                                "x3dh-base-key-p",
                                                "x3dh-base-key-top-bit",
                                                "x3dh-identity-zero",
                                                "x3dh-identity-order-8",
                                                "x3dh-replay-by-another-name",
                                                "bundle-signature-s-plus-order",
                                                "bundle-of-a-stranger",
                                                "bundle-identity-of-nobody",
                                                "bundle-identity-top-bit",
                                                "bundle-signed-prekey-zero",
                                                "bundle-signed-prekey-order-8",
                                                "bundle-one-time-zero",
                                                "bundle-one-time-substituted",
                                                "bundle-one-time-missing"};
  return names;
}

// Our reader refuses numbers above 32 bits, and XEdDSA on OpenSSL an s that is not below L and a
// key of small order.
const std::set<std::string_view>& refused_by_the_open_provider() {
  static const std::set<std::string_view> names{
      "counter-33-bits", "pkmsg-prekey-33-bits", "bundle-signature-s-plus-order",
      "bundle-identity-of-nobody", "bundle-identity-top-bit"};
  return names;
}

struct Trial {
  const char* name;
  ProviderMaker make;
  bool takes(std::string_view forgery) const {
    return taken_by_the_library().contains(forgery) &&
           (make == make_library_provider || !refused_by_the_open_provider().contains(forgery));
  }
};

std::string expected_of(const Forgery& forgery, const Trial& trial) {
  return trial.takes(forgery.name) ? "taken" : std::string(to_string(forgery.refusal));
}

void check_message(const Forgery& forgery, const Trial& trial) {
  Victim victim(forgery.kind, trial.make);
  const auto forged = forge(forgery.name, victim.input);
  ASSERT_TRUE(forged) << forged.error();
  EXPECT_EQ(forge(forgery.name, victim.input)->message, forged->message) << "not the same twice";
  for (const auto& message : forged->before) {
    EXPECT_TRUE(victim.bob.provider->decrypt(victim.alice, message));
  }
  const auto outcome = victim.bob.provider->decrypt(victim.alice, forged->message);
  const auto shown = outcome ? "taken" : std::string(to_string(outcome.error().reason));
  ASSERT_EQ(shown, expected_of(forgery, trial));
  if (outcome) {
    return;
  }
  auto session = forged->session;
  EXPECT_EQ(victim.deliver(*write_message(session, "next")), "next");
  EXPECT_EQ(victim.deliver(*write_message(session, "after it")), "after it");
}

void check_bundle_row(const Forgery& forgery, const Trial& trial) {
  TestDevice alice("alice", 1, 4, trial.make);
  TestDevice bob("bob", 2);
  Rng rng(7);
  const BundleForgeryInput input{.bundle = bob.bundle(),
                                 .owner = bob.device.identity,
                                 .stranger = *make_identity(rng),
                                 .rng = rng.child("forger")};
  const auto forged = forge_bundle(forgery.name, input);
  ASSERT_TRUE(forged) << forged.error();
  EXPECT_EQ(forge_bundle(forgery.name, input), forged) << "not the same twice";
  EXPECT_NE(*forged, input.bundle);
  const auto outcome = alice.provider->start_session(bob.address, *forged);
  const auto shown = outcome ? "taken" : std::string(to_string(outcome.error().reason));
  ASSERT_EQ(shown, expected_of(forgery, trial));
  if (outcome) {
    return;
  }
  EXPECT_EQ(alice.provider->known_identity(bob.address).value(), std::nullopt);
  ASSERT_TRUE(alice.provider->start_session(bob.address, input.bundle));
  const auto message = alice.provider->encrypt(bob.address, "next");
  ASSERT_TRUE(message);
  EXPECT_EQ(bob.provider->decrypt(alice.address, *message).value_or(""), "next");
}

class Forgeries : public testing::TestWithParam<std::tuple<Trial, const Forgery*>> {};

TEST_P(Forgeries, AreRefusedForTheReasonOfTheirRow) {
  const auto& [trial, forgery] = GetParam();
  if (forgery->kind == ForgeryKind::bundle) {
    check_bundle_row(*forgery, trial);
  } else {
    check_message(*forgery, trial);
  }
}

std::vector<const Forgery*> all() {
  std::vector<const Forgery*> out;
  for (const auto& forgery : forgeries()) {
    out.push_back(&forgery);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, Forgeries,
                         testing::Combine(testing::Values(Trial{"Library", make_library_provider},
                                                          Trial{"Open", make_open_provider}),
                                          testing::ValuesIn(all())),
                         [](const auto& row) {
                           std::string name(std::get<1>(row.param)->name);
                           std::ranges::replace(name, '-', '_');
                           return std::get<0>(row.param).name + ("_" + name);
                         });

TEST(ForgeryTable, NamesEachOnceAndSaysClauseAndReason) {
  std::set<std::string_view> names;
  std::size_t never = 0;
  for (const auto& forgery : forgeries()) {
    EXPECT_TRUE(names.insert(forgery.name).second) << forgery.name;
    EXPECT_FALSE(forgery.clause.empty()) << forgery.name;
    EXPECT_FALSE(forgery.explanation.empty()) << forgery.name;
    EXPECT_EQ(find_forgery(forgery.name),
              &*std::ranges::find(forgeries(), forgery.name, &Forgery::name));
    never += forgery.acceptance == Acceptance::never ? 1 : 0;
  }
  EXPECT_GE(names.size(), 150U);
  EXPECT_GE(never, 100U);
  EXPECT_EQ(find_forgery("no-such"), nullptr);
  for (const auto name : taken_by_the_library()) {
    ASSERT_NE(find_forgery(name), nullptr) << name;
    EXPECT_EQ(find_forgery(name)->acceptance, Acceptance::legal) << name;
  }
}

TEST(Forge, NamesTheNearestAndTheOtherKind) {
  const Victim victim(ForgeryKind::pkmsg);
  const auto unknown = forge("mac-zero", victim.input);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_NE(unknown.error().detail.find("mac-zeros"), std::string::npos);
  EXPECT_EQ(forge("bundle-of-a-stranger", victim.input).error().code, Errc::unsupported);
  EXPECT_EQ(forge_bundle("mac-zeros", {}).error().code, Errc::unsupported);
}

TEST(Forge, OfAFirstMessageNeedsASessionThatWasNotAnswered) {
  const Victim victim(ForgeryKind::msg);
  EXPECT_EQ(forge("x3dh-info", victim.input).error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::crypto::signal
