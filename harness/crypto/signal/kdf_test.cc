// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers of RFC 7748, RFC 5869 and libsignal's tests, and values computed by other code
// (vectors/derivation.json): by our derivation and, where it offers the step, by the library's.
#include "harness/crypto/signal/kdf.h"

#include <gtest/gtest.h>
#include <signal/hkdf.h>
#include <signal/ratchet.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "harness/crypto/digest.h"
#include "harness/crypto/signal/library_crypto.h"
#include "harness/crypto/signal/library_handles.h"
#include "harness/crypto/x25519.h"
#include "harness/testkit/known_answers.h"

namespace parley::crypto::signal {
namespace {

constexpr const char* kVectors = "harness/crypto/signal/vectors/derivation";

TEST(DerivationVectors, FollowTheirSchema) { testkit::expect_known_answers(kVectors); }

Bytes octets(const nlohmann::json& values, const char* name) {
  return from_hex(values.at(name).get<std::string>()).value_or("not hex");
}

SecretBytes secret(const nlohmann::json& values, const char* name) {
  return SecretBytes(octets(values, name));
}

// What a step gave, by the names of the vectors.
using Outputs = std::map<std::string, std::string>;

Outputs outputs_of(const RootAndChain& keys) {
  return {{"root", to_hex(keys.root.reveal())}, {"chain", to_hex(keys.chain.reveal())}};
}

Outputs chain_step(const SecretBytes& chain) {
  const auto seed = message_seed(chain, {});
  const auto keys = message_keys(seed, 0, {});
  return {{"seed", to_hex(seed.reveal())},
          {"cipher", to_hex(keys.cipher.reveal())},
          {"mac", to_hex(keys.mac.reveal())},
          {"iv", to_hex(keys.iv)},
          {"next", to_hex(next_chain_key(chain, {}).reveal())}};
}

Outputs computed(const nlohmann::json& test) {
  const auto& in = test["inputs"];
  const auto step = test["step"].get<std::string>();
  if (step == "x25519") {
    const auto agreed = x25519(secret(in, "private"), octets(in, "public"), LowOrder::refuse);
    return {{"agreed", agreed ? to_hex(agreed->reveal()) : "refused"}};
  }
  if (step == "hkdf") {
    const auto salt = octets(in, "salt");
    const auto material = octets(in, "key_material");
    const auto info = octets(in, "info");
    const auto derived = hkdf_sha256({.salt = salt,
                                      .key_material = material,
                                      .info = info,
                                      .octets = octets(test["outputs"], "derived").size()});
    return {{"derived", to_hex(derived.reveal())}};
  }
  if (step == "x3dh") {
    return outputs_of(x3dh_keys(secret(in, "agreed"), {}));
  }
  if (step == "root") {
    return outputs_of(root_step(secret(in, "root"), secret(in, "agreed"), {}));
  }
  if (step == "chain") {
    return chain_step(secret(in, "chain"));
  }
  const auto mac =
      message_mac(secret(in, "mac_key"), octets(in, "identities"), octets(in, "message"));
  return {{"mac", to_hex(mac.substr(0, kMacOctets))}};
}

TEST(DerivationVectors, KnownAnswersAreMadeAgain) {
  const auto vectors = testkit::known_answers(std::string(kVectors) + ".json");
  ASSERT_FALSE(vectors.is_discarded());
  for (const auto& group : vectors["groups"]) {
    for (const auto& test : group["tests"]) {
      SCOPED_TRACE(group["source"].get<std::string>() + ": " + test["comment"].get<std::string>());
      const auto made = computed(test);
      for (const auto& [name, value] : test["outputs"].items()) {
        ASSERT_TRUE(made.contains(name)) << name;
        EXPECT_EQ(made.at(name), value.get<std::string>()) << name;
      }
    }
  }
}

// The library's own chain step, of message version 3.
Outputs library_chain_step(std::string_view chain) {
  signal_context* made = nullptr;
  EXPECT_EQ(signal_context_create(&made, nullptr), 0);
  const ContextPtr context(made);
  Rng rng(1);
  const auto table = crypto_on_openssl(rng);
  EXPECT_EQ(signal_context_set_crypto_provider(made, &table), 0);
  hkdf_context* hkdf = nullptr;
  EXPECT_EQ(hkdf_create(&hkdf, 3, made), 0);
  const SignalPtr<hkdf_context> derivation(hkdf);
  ratchet_chain_key* key = nullptr;
  EXPECT_EQ(ratchet_chain_key_create(&key, hkdf, unsigned_of(chain), chain.size(), 0, made), 0);
  const SignalPtr<ratchet_chain_key> chain_key(key);
  ratchet_message_keys keys{};
  EXPECT_EQ(ratchet_chain_key_get_message_keys(key, &keys), 0);
  ratchet_chain_key* following = nullptr;
  EXPECT_EQ(ratchet_chain_key_create_next(key, &following), 0);
  const SignalPtr<ratchet_chain_key> next(following);
  signal_buffer* octets = nullptr;
  EXPECT_EQ(ratchet_chain_key_get_key(following, &octets), 0);
  const BufferPtr next_octets(octets);
  const auto hex = [](const std::uint8_t* data, std::size_t size) {
    return to_hex({reinterpret_cast<const char*>(data), size});
  };
  return {{"cipher", hex(keys.cipher_key, sizeof(keys.cipher_key))},
          {"mac", hex(keys.mac_key, sizeof(keys.mac_key))},
          {"iv", hex(keys.iv, sizeof(keys.iv))},
          {"next", to_hex(view_of(octets))}};
}

TEST(DerivationVectors, KnownAnswersOfChainsAreTheLibrarysToo) {
  const auto vectors = testkit::known_answers(std::string(kVectors) + ".json");
  ASSERT_FALSE(vectors.is_discarded());
  std::size_t checked = 0;
  for (const auto& group : vectors["groups"]) {
    for (const auto& test : group["tests"]) {
      if (test["step"] != "chain") {
        continue;
      }
      const auto made = library_chain_step(octets(test["inputs"], "chain"));
      for (const auto& [name, value] : made) {
        if (test["outputs"].contains(name)) {
          EXPECT_EQ(value, test["outputs"][name].get<std::string>()) << name;
          ++checked;
        }
      }
    }
  }
  EXPECT_GE(checked, 10U);
}

// Each constant of a dialect matters: another one gives other keys.
TEST(Dialects, DifferInWhatTheyDerive) {
  const SecretBytes key("chain key");
  const auto all = [&](const Dialect& d) {
    const auto agreed = x3dh_keys(key, d);
    const auto turned = root_step(key, key, d);
    const auto keys = message_keys(message_seed(key, d), 0, d);
    return Bytes(agreed.root.reveal()) + Bytes(turned.root.reveal()) + Bytes(keys.mac.reveal()) +
           Bytes(next_chain_key(key, d).reveal());
  };
  std::vector<Dialect> dialects(8);
  dialects[1].text_info = "x";
  dialects[2].ratchet_info = "x";
  dialects[3].keys_info = "x";
  dialects[4].salt = "x";
  dialects[5].discontinuity = "x";
  dialects[6].seed_constant = '\3';
  dialects[7].chain_constant = '\3';
  std::set<Bytes> seen;
  for (const auto& dialect : dialects) {
    seen.insert(all(dialect));
  }
  EXPECT_EQ(seen.size(), dialects.size());
}

}  // namespace
}  // namespace parley::crypto::signal
