// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/setting.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace parley::model {
namespace {

using Names = std::vector<std::string>;

// A profile with a message that refers to a setting, one whose shape is decided by one, and a case.
Library library() {
  Library out;
  auto& profile = out.profiles["p"];
  profile.name = "p";
  profile.addresses[Party::third_party_client] = "${setting.integrator}-${user}@interop";
  profile.settings["integrator"] = {"12", "observed", ""};
  profile.settings["product"] = {"2", "assumed", ""};
  profile.settings["field"] = {"token", "assumed", "", {"login"}};
  profile.settings["version"] = {"3", "assumed", ""};
  profile.settings["noise-hashing"] = {"whatsapp", "observed", ""};
  profile.settings["unread"] = {"1", "assumed", ""};
  profile.forms["login"] = {.name = "login", .pattern = {}, .defaults = {}};
  profile.forms["login"].defaults["product"] = "${setting.product}";
  profile.forms["message"] = {.name = "message", .pattern = {}, .defaults = {}};
  profile.forms["message"].pattern.name = "enc";
  profile.forms["message"].pattern.set("v", "${setting.version}");
  auto& flow = out.flows["p/f"];
  flow.actors["server"] = Party::gatekeeper_server;
  flow.steps.resize(1);
  flow.steps[0].id = "in";
  flow.steps[0].form = "login";
  Case one;
  one.id = "s/one";
  one.profile = "p";
  one.flow = "f";
  out.cases = {one};
  return out;
}

TEST(SettingsIn, AreTheNamesWithinExpressions) {
  EXPECT_EQ(settings_in("a ${setting.one} ${upper(setting.two-b)} ${setting.one}"),
            (Names{"one", "two-b", "one"}));
  EXPECT_EQ(settings_in("setting.one ${a} setting.two ${setting.}"), Names{});
}

TEST(SettingsOf, AreThoseOfTheMessagesAndOfWhatBearsOnThem) {
  const auto it = library();
  EXPECT_EQ(settings_of(it.cases[0], it), (Names{"field", "product"}));
}

TEST(SettingsOf, AreThoseOfWhatADriverIsTold) {
  auto it = library();
  it.profiles["p"].settings["region"] = {"10.0.0.0/24", "assumed", "", {"does token/address"}};
  auto& step = it.flows["p/f"].steps[0];
  step.kind = Step::Kind::does;
  step.form = "token";
  step.with["user"] = {"1"};
  EXPECT_EQ(settings_of(it.cases[0], it), Names{});
  step.with["address"] = {"10.0.0.1"};
  EXPECT_EQ(settings_of(it.cases[0], it), Names{"region"});
}

TEST(SettingsOf, AreThoseOfAMessagesTextToo) {
  auto it = library();
  it.flows["p/f"].steps[0].form = "message";
  EXPECT_EQ(settings_of(it.cases[0], it), Names{"version"});
}

TEST(SettingsOf, AreNotThoseThatAStepReplaces) {
  auto it = library();
  it.flows["p/f"].steps[0].with["product"] = {"9"};
  EXPECT_EQ(settings_of(it.cases[0], it), Names{"field"});
}

TEST(SettingsOf, AreThoseOfTheActorsAddresses) {
  auto it = library();
  it.flows["p/f"].actors["user"] = Party::third_party_client;
  EXPECT_EQ(settings_of(it.cases[0], it), (Names{"field", "integrator", "product"}));
}

TEST(OtherDialect, IsOneWhoseSettingIsAnotherThanTheCaseNeeds) {
  auto known = library();
  auto& one = known.cases[0];
  one.needs = {"a-feature", "product=2"};
  EXPECT_EQ(other_dialect(one, known.profiles["p"]), "");
  one.needs = {"product=3"};
  EXPECT_EQ(other_dialect(one, known.profiles["p"]),
            "the profile has product 2, the case is about 3");
  one.needs = {"product=3|2"};
  EXPECT_EQ(other_dialect(one, known.profiles["p"]), "");
  one.needs = {"product=3|22"};
  EXPECT_EQ(other_dialect(one, known.profiles["p"]),
            "the profile has product 2, the case is about 3 or 22");
  EXPECT_FALSE(setting_needed("a-feature"));
}

TEST(AssumedSettings, AreNotThoseThatWereGiven) {
  auto it = library();
  EXPECT_EQ(assumed_settings(it.cases[0], it), (Names{"field", "product"}));
  EXPECT_EQ(give_settings(it, "p", {{"product", "7"}}), "");
  EXPECT_EQ(it.profiles["p"].settings["product"].value, "7");
  EXPECT_EQ(assumed_settings(it.cases[0], it), Names{"field"});
}

TEST(WithSettings, PutsValuesInTheirPlaces) {
  const auto it = library();
  EXPECT_EQ(with_settings("${setting.integrator}-${user}", it.profiles.at("p")), "12-${user}");
}

TEST(LoadTokens, ReadsTheFileThatIsNamedIfThereIsOne) {
  Profile profile;
  EXPECT_TRUE(load_tokens(profile));
  auto& file = profile.settings[kTokenDictionary].value;
  EXPECT_TRUE(load_tokens(profile));
  EXPECT_EQ(profile.tokens.text(), "");
  file = testing::TempDir() + "/parley-tokens-of-model";
  EXPECT_FALSE(load_tokens(profile));
  std::ofstream(file) << "[single]\nmessage\n";
  ASSERT_TRUE(load_tokens(profile));
  EXPECT_EQ(profile.tokens.number_of("message"), 1);
  std::filesystem::remove(file);
}

TEST(GiveSettings, RefusesWhatIsUnknownUnreadOrEmpty) {
  auto it = library();
  EXPECT_EQ(give_settings(it, "p", {{"produkt", "7"}}),
            "profile 'p': unknown setting 'produkt'; did you mean 'product'?");
  EXPECT_NE(give_settings(it, "p", {{"unread", "7"}}).find("nothing reads"), std::string::npos);
  EXPECT_NE(give_settings(it, "p", {{"product", ""}}).find("product=VALUE"), std::string::npos);
  EXPECT_EQ(give_settings(it, "p", {{"noise-hashing", "specification"}}), "");
}

TEST(GiveSettings, RefusesWhatNoMessageCanCarry) {
  auto it = library();
  EXPECT_EQ(give_settings(it, "p", {{"product", "x"}}),
            "the setting 'product' takes a number from 0 to 2147483647, not 'x'");
  for (const auto* value : {"-1", "7x", "2147483648", "0x7", " 7"}) {
    EXPECT_NE(give_settings(it, "p", {{"product", value}}), "") << value;
  }
  EXPECT_EQ(give_settings(it, "p", {{"noise-hashing", "other"}}),
            "the setting 'noise-hashing' takes one of whatsapp, specification, not 'other'");
  EXPECT_NE(give_settings(it, "p", {{"version", "a<b"}}).find("without control characters"),
            std::string::npos);
  EXPECT_NE(give_settings(it, "p", {{"version", "a\r\nb"}}).find("without control characters"),
            std::string::npos);
  EXPECT_EQ(give_settings(it, "p", {{"version", "2a"}}), "");
  EXPECT_EQ(it.profiles["p"].settings["product"].basis, "assumed");
  it.profiles["p"].settings["token-lifetime"] = {"5m", "assumed", "", {}};
  for (const auto* value : {"abc", "m", "5", "-5m", "5w", "12345678901s"}) {
    EXPECT_NE(give_settings(it, "p", {{"token-lifetime", value}}), "") << value;
  }
  EXPECT_EQ(give_settings(it, "p", {{"token-lifetime", "90s"}}), "");
}

TEST(GiveSettings, TakesARangeThatFlowsMakeAddressesOf) {
  auto it = library();
  it.profiles["p"].settings["region-inside"] = {"192.0.2.0/24", "assumed", ""};
  EXPECT_EQ(give_settings(it, "p", {{"region-inside", "10.1.0.0/16"}}), "");
  for (const auto* value : {"10.1.0.0", "10.1.0.0/8", "10.1.0.0/25", "10.1.0.7/24", "10.1.0/16",
                            "10.256.0.0/16", "10..0.0/16", "10.x.0.0/16", "::/16"}) {
    EXPECT_NE(give_settings(it, "p", {{"region-inside", value}}), "") << value;
  }
}

}  // namespace
}  // namespace parley::model
