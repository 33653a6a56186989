// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/key_set.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "harness/crypto/jose/jwks_forgery.h"
#include "harness/reference/whatsapp/key_service.h"

namespace parley::reference::whatsapp {
namespace {

using Faults = std::vector<std::string>;

std::string names_in(const std::string& set, const Faults& faults = {}) {
  const auto keys = trusted_keys(set, *fault_set(faults));
  if (!keys) {
    return std::string(to_string(keys.error().code));
  }
  std::string out;
  for (const auto& key : *keys) {
    out += key.kid;
  }
  return out;
}

std::string forged(const std::string& how, jose::KeyKind kind = jose::KeyKind::ec_p256) {
  const std::vector<jose::PrivateKey> keys{key_named("a", kind), key_named("b")};
  return *jose::forge_jwks(how, keys);
}

TEST(TrustedKeys, AreAllOfAnHonestSet) { EXPECT_EQ(names_in(set_of({"a", "b"})), "ab"); }

struct Defective {
  const char* how;
  const char* kept;     // of keys a and b; "a" is the one with the defect
  const char* fault;    // that takes something else
  const char* instead;  // of the faulty
};
class DefectiveSet : public testing::TestWithParam<Defective> {};

TEST_P(DefectiveSet, CostsTheDefectiveKeyAlone) {
  EXPECT_EQ(names_in(forged(GetParam().how)), GetParam().kept);
}

TEST_P(DefectiveSet, IsTakenByTheGatekeeperWithTheFault) {
  EXPECT_EQ(names_in(forged(GetParam().how), {GetParam().fault}), GetParam().instead);
}

INSTANTIATE_TEST_SUITE_P(
    Forgeries, DefectiveSet,
    testing::Values(Defective{"private-members", "b", "wg-keys-private", "ab"},
                    Defective{"use-encryption", "b", "wg-keys-encryption", "ab"},
                    Defective{"alg-none", "b", "wg-keys-algorithm", "ab"},
                    Defective{"alg-hmac", "b", "wg-keys-algorithm", "ab"},
                    Defective{"kty-unknown", "b", "wg-keys-unknown-type-fatal", "malformed"},
                    Defective{"curve-unknown", "b", "wg-keys-defect-fatal", "malformed"},
                    Defective{"off-curve", "b", "wg-keys-defect-fatal", "malformed"},
                    Defective{"symmetric-key", "ab", "wg-keys-defect-fatal", "malformed"},
                    Defective{"kty-missing", "b", "wg-keys-defect-fatal", "malformed"},
                    Defective{"coordinate-short", "b", "wg-keys-defect-fatal", "malformed"},
                    Defective{"coordinate-long", "b", "wg-keys-coordinate-long", "ab"},
                    Defective{"padded", "b", "wg-keys-padded", "ab"},
                    Defective{"line-break", "b", "wg-keys-line-break", "ab"},
                    Defective{"kid-twice-in-key", "malformed", "wg-keys-members-twice", "ab"},
                    Defective{"operations-of-encryption", "b", "wg-keys-operations", "ab"},
                    Defective{"kid-twin-first", "b", "wg-keys-twice-last", "ab"},
                    Defective{"kid-twin-last", "b", "wg-keys-twice-first", "ab"},
                    Defective{"kid-shared-first", "b", "wg-keys-twice-first", "ab"},
                    Defective{"kid-shared-last", "b", "wg-keys-twice-last", "ba"}),
    [](const auto& info) {
      std::string name = info.param.how;
      std::erase(name, '-');
      return name;
    });

TEST(TrustedKeys, OfWhatIsNoSetAreNone) {
  for (const char* how : {"no-keys", "keys-object", "html", "nothing", "cut-off", "not-utf8",
                          "byte-order-mark", "deep", "keys-twice", "many-keys"}) {
    EXPECT_NE(names_in(forged(how)), "ab") << how;
    EXPECT_FALSE(trusted_keys(forged(how), {})) << how;
  }
  EXPECT_EQ(names_in(forged("empty-set")), "not found");
  EXPECT_EQ(names_in(forged("key-text")), "");
}

TEST(TrustedKeys, AreRsaKeysOf2048BitsAndMore) {
  const std::vector<jose::PublicKey> keys{key_named("s", jose::KeyKind::rsa_1024).public_key,
                                          key_named("l", jose::KeyKind::rsa_2048).public_key};
  EXPECT_EQ(names_in(jose::write_jwks(keys)), "l");
  EXPECT_EQ(names_in(jose::write_jwks(keys), {"wg-keys-short-rsa"}), "sl");
}

TEST(TrustedKeys, AreForVerifyingWhereTheSetSaysWhatFor) {
  auto set = *jose::read_json(set_of({"a"}));
  const auto with = [&](const char* operations) {
    auto key = (*set.find("keys")->array())[0];
    jose::remove_member(key, "use");
    jose::set_member(key, "key_ops", *jose::read_json(operations));
    return jose::write_json(
        {jose::Json::Object{{.name = "keys", .value = {jose::Json::Array{std::move(key)}}}}});
  };
  EXPECT_EQ(names_in(with(R"(["verify"])")), "a");
  EXPECT_EQ(names_in(with(R"(["sign","verify"])")), "a");
  EXPECT_EQ(names_in(with(R"(["encrypt"])")), "");
  EXPECT_EQ(names_in(with(R"("verify")")), "");
  EXPECT_EQ(names_in(with(R"(["encrypt"])"), {"wg-keys-operations"}), "a");
}

TEST(TrustedKeys, AreOneAloneForWhoOverlooksTheOverlap) {
  EXPECT_EQ(names_in(set_of({"a", "b"}), {"wg-keys-first-only"}), "a");
  EXPECT_EQ(names_in(set_of({"a", "b"}), {"wg-keys-last-only"}), "b");
}

TEST(TrustedKeys, AreOfASetOfBoundedSize) {
  const auto large = set_of({"a"}) + std::string(kMaxKeySetOctets, ' ');
  EXPECT_EQ(names_in(large), "too large");
  EXPECT_EQ(names_in(large, {"wg-keys-any-size"}), "a");
}

}  // namespace
}  // namespace parley::reference::whatsapp
