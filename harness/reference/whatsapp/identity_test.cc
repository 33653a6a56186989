// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/identity.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "harness/base/rng.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/signature.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
using nlohmann::json;

const jose::PrivateKey& service_key() {
  static const auto key = [] {
    Rng rng(1);
    return *jose::make_key(jose::KeyKind::ec_p256, rng);
  }();
  return key;
}

json partner() {
  return {{"integrator", 12},
          {"issuer", "https://a.test"},
          {"audience", "https://b.test"},
          {"jwks", jose::write_jwks(std::span(&service_key().public_key, 1))}};
}

// Of the service, for `subject`, living for a minute from `issued` seconds from now on.
std::string token_of(const std::string& subject, int issued) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
                       .time_since_epoch()
                       .count() +
                   issued;
  const json header{{"alg", "ES256"}, {"typ", "JWT"}, {"kid", service_key().public_key.kid}};
  const json claims{{"iss", "https://a.test"},
                    {"aud", "https://b.test"},
                    {"sub", subject},
                    {"iat", now},
                    {"exp", now + 60}};
  return *jose::sign_token(header.dump(), claims.dump(), jose::Algorithm::es256, service_key());
}

TEST(Partners, TakeTheTokensOfTheirOwnUsersAlone) {
  Partners partners({});
  EXPECT_FALSE(partners.proves(12, "49", token_of("49", 0), {}));
  ASSERT_TRUE(partners.set(partner()));
  EXPECT_TRUE(partners.knows(12));
  EXPECT_TRUE(partners.proves(12, "49", token_of("49", 0), {}));
  EXPECT_FALSE(partners.proves(12, "50", token_of("49", 0), {}));
  EXPECT_FALSE(partners.proves(13, "49", token_of("49", 0), {}));
  EXPECT_FALSE(partners.proves(12, "49", token_of("49", -3600), {}));
  EXPECT_FALSE(partners.proves(12, "49", "", {}));
}

TEST(Partners, OverlookWhatAFaultNamesAndNothingElse) {
  Partners partners({});
  ASSERT_TRUE(partners.set(partner()));
  FaultSet faults;
  faults.add(Fault::wg_token_expired);
  EXPECT_TRUE(partners.proves(12, "49", token_of("49", -3600), faults));
  EXPECT_FALSE(partners.proves(12, "50", token_of("49", 0), faults));
}

TEST(Partners, SayWhatIsWrongWithAPartner) {
  for (const auto& [member, wrong] : {std::pair<const char*, json>{"integrator", 0},
                                      {"integrator", "12"},
                                      {"integrator", 60001},
                                      {"issuer", ""},
                                      {"audience", 7},
                                      {"jwks", "{}"},
                                      {"jwks", nullptr}}) {
    Partners partners({});
    auto bad = partner();
    bad[member] = wrong;
    const auto set = partners.set(bad);
    ASSERT_FALSE(set) << bad.dump();
    EXPECT_NE(set.error().detail.find(member), std::string::npos) << set.error();
    EXPECT_FALSE(partners.knows(12));
  }
}

}  // namespace
}  // namespace parley::reference::whatsapp
