// SPDX-License-Identifier: GPL-3.0-or-later
// Each forged set has the defect of its row; the honest set has none.
#include "harness/crypto/jose/jwks_forgery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace parley::crypto::jose {
namespace {

// The first key of each kind, Ed25519 beside it.
std::vector<PrivateKey> keys_with(KeyKind first) {
  Rng rng(41);
  std::vector<PrivateKey> out;
  out.push_back(*make_key(first, rng));
  out.push_back(*make_key(KeyKind::ed25519, rng));
  return out;
}

const std::vector<PrivateKey>& ec_set() {
  static const auto keys = keys_with(KeyKind::ec_p256);
  return keys;
}
const std::vector<PrivateKey>& rsa_set() {
  static const auto keys = keys_with(KeyKind::rsa_2048);
  return keys;
}

// Whether the set can be made, and has the defect.
bool has_its_defect(const JwksForgery& forgery, const std::vector<PrivateKey>& keys) {
  const auto text = forge_jwks(forgery.name, keys);
  if (!text) {
    EXPECT_EQ(text.error().code, Errc::unsupported) << text.error();
    return false;
  }
  EXPECT_EQ(forge_jwks(forgery.name, keys), text);
  const auto findings = lint_jwks(*text);
  EXPECT_TRUE(std::ranges::any_of(findings, [&](const JwksFinding& found) {
    return found.defect == forgery.defect;
  })) << forgery.name;
  EXPECT_LE(findings.size(), 3U) << forgery.name << " is wrong in other ways too";
  return true;
}

TEST(JwksForgeries, HaveTheDefectOfTheirRow) {
  std::set<std::string_view> names;
  for (const auto& forgery : jwks_forgeries()) {
    EXPECT_TRUE(names.insert(forgery.name).second) << forgery.name;
    const bool of_ec = has_its_defect(forgery, ec_set());
    const bool of_rsa = has_its_defect(forgery, rsa_set());
    EXPECT_TRUE(of_ec || of_rsa) << forgery.name;
  }
  EXPECT_GE(names.size(), 30U);
}

TEST(JwksForgeries, AreMadeOfASetWithoutDefect) {
  for (const auto* keys : {&ec_set(), &rsa_set()}) {
    const std::vector<PublicKey> published{(*keys)[0].public_key, (*keys)[1].public_key};
    EXPECT_TRUE(lint_jwks(write_jwks(published)).empty());
  }
}

TEST(ForgeJwks, NamesTheNearestAndNeedsAKey) {
  EXPECT_EQ(forge_jwks("private-member", ec_set()).error().code, Errc::not_found);
  EXPECT_EQ(forge_jwks("private-members", {}).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace parley::crypto::jose
