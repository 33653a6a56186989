// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/identities.h"

#include <gtest/gtest.h>

namespace parley::engine {
namespace {

model::Profile profile() {
  model::Profile out;
  out.numbered_accounts = true;
  out.addresses[model::Party::third_party_client] = "${setting.integrator}-${user}@interop";
  out.settings["integrator"] = {"12", "observed", ""};
  out.settings["other"] = {"13", "observed", ""};
  out.account_kinds["second"] = {{"integrator", "${setting.other}"}, {"consent", "none"}};
  return out;
}

TEST(FreshIdentity, OfNoKindTellsTheDriverNothingElse) {
  const auto out = fresh_identity(profile(), "", Rng(1));
  EXPECT_EQ(out.user.size(), 14U);
  EXPECT_EQ(out.password.size(), 20U);
  EXPECT_TRUE(out.kind.empty());
  EXPECT_TRUE(out.terms.empty());
}

TEST(FreshIdentity, OfAKindTellsWhatTheProfileSaysOfIt) {
  const auto out = fresh_identity(profile(), "second", Rng(1));
  EXPECT_EQ(out.kind, "second");
  EXPECT_EQ(out.terms,
            (std::map<std::string, std::string>{{"integrator", "13"}, {"consent", "none"}}));
}

TEST(AddressOf, TakesWhatItsKindSaysForTheSettingOfThatName) {
  const auto party = model::Party::third_party_client;
  const Identity plain{.user = "49", .password = "pw"};
  const Identity second{
      .user = "49", .password = "pw", .kind = "second", .terms = {{"integrator", "13"}}};
  EXPECT_EQ(address_of(profile(), party, plain, "a.test"), "12-49@interop");
  EXPECT_EQ(address_of(profile(), party, second, "a.test"), "13-49@interop");
}

TEST(AddressOf, IsOfTheDomainWhereTheProfileSaysNothing) {
  const Identity plain{.user = "u1", .password = "pw"};
  EXPECT_EQ(address_of(profile(), model::Party::gatekeeper_client, plain, "a.test"), "u1@a.test");
}

TEST(DeviceAddressOf, HasTheDeviceBetweenUserAndServer) {
  EXPECT_EQ(device_address_of("12-4912@interop"), "12-4912:0@interop");
  EXPECT_EQ(device_address_of("4912@s.whatsapp.net"), "4912:0@s.whatsapp.net");
}

}  // namespace
}  // namespace parley::engine
