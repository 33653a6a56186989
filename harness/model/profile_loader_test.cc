// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/profile_loader.h"

#include <gtest/gtest.h>

namespace parley::model {
namespace {

constexpr const char* kBase = R"(
profile: base
title: A base
wire: noise
accounts: numbers
addresses: { gatekeeper.client: "${user}@${setting.server}" }
refusals: [close]
probe: alive
farewell: end
settings:
  server: { value: one, basis: observed }
  product: { value: 2, basis: assumed }
messages:
  end: { xml: "<end/>" }
  login: { xml: "<login product='${product}'/>", fields: { product: "${setting.product}" } }
)";

struct Loaded {
  std::map<std::string, Profile> profiles;
  std::string complaint;
};

Loaded load(const std::vector<std::string>& texts) {
  Problems problems;
  std::vector<Document> documents;
  for (const auto& text : texts) {
    documents.push_back(*parse_document("p.yaml", text, problems));
  }
  auto profiles = load_profiles(documents, problems);
  return {.profiles = std::move(profiles),
          .complaint = problems.empty() ? "" : problems[0].field + ": " + problems[0].message};
}

// Beside the profile's own file, which has no folder here.
TEST(TokenDictionary, IsSoughtBesideTheProfileAndMustBeReadable) {
  std::string named = kBase;
  named.replace(named.find("settings:\n"), 10,
                "settings:\n  token-dictionary: { value: no-such-file, basis: assumed }\n");
  EXPECT_EQ(load({named}).complaint,
            "settings/token-dictionary/value: no-such-file: cannot be read");
}

TEST(ExtendingProfile, HasWhatItsBaseHasButForWhatItSays) {
  const auto it =
      load({"profile: other\ntitle: Another\nextends: base\n"
            "settings: { server: { value: two, basis: observed } }\n"
            "messages: { end: { xml: \"<bye/>\" } }\n",
            kBase});
  ASSERT_EQ(it.complaint, "");
  const auto& other = it.profiles.at("other");
  EXPECT_EQ(other.settings.at("server").value, "two");
  EXPECT_EQ(other.settings.at("product").value, "2");
  EXPECT_EQ(other.forms.at("end").pattern.name, "bye");
  EXPECT_EQ(other.forms.at("login").pattern.name, "login");
  EXPECT_EQ(other.probe, "alive");
  EXPECT_EQ(other.wire, Wire::noise);
  EXPECT_TRUE(other.numbered_accounts);
  EXPECT_TRUE(other.is("base"));
  EXPECT_FALSE(it.profiles.at("base").is("other"));
  EXPECT_EQ(it.profiles.at("base").settings.at("server").value, "one");
}

TEST(ExtendingProfile, MayBeExtendedItself) {
  const auto it =
      load({kBase, "profile: a\ntitle: A\nextends: b\n", "profile: b\ntitle: B\nextends: base\n"});
  ASSERT_EQ(it.complaint, "");
  EXPECT_EQ(it.profiles.at("a").bases, (std::vector<std::string>{"b", "base"}));
}

struct Bad {
  const char* name;
  std::vector<std::string> texts;
  std::string complaint;
};
class RefusesProfile : public testing::TestWithParam<Bad> {};

TEST_P(RefusesProfile, AndSaysWhy) {
  EXPECT_EQ(load(GetParam().texts).complaint, GetParam().complaint);
}

INSTANTIATE_TEST_SUITE_P(
    Profiles, RefusesProfile,
    testing::Values(
        Bad{"UnknownBase",
            {kBase, "profile: a\ntitle: A\nextends: bases\n"},
            "extends: unknown profile 'bases'; did you mean 'base'?"},
        Bad{"Circle",
            {"profile: a\ntitle: A\nextends: b\n", "profile: b\ntitle: B\nextends: a\n"},
            "extends: the profiles extend each other in a circle"},
        Bad{"Itself",
            {"profile: a\ntitle: A\nextends: a\n"},
            "extends: the profiles extend each other in a circle"},
        Bad{"Twice", {kBase, kBase}, "profile: the profile 'base' stands twice"},
        Bad{"UnknownSetting",
            {kBase,
             "profile: a\ntitle: A\nextends: base\naddresses: { gatekeeper.client: "
             "\"${setting.sever}\" }\n"},
            "addresses/gatekeeper.client: unknown setting 'sever'; did you mean 'server'?"},
        Bad{"BearsOnAnUnknownMessage",
            {kBase,
             "profile: a\ntitle: A\nextends: base\nsettings: { x: { value: 1, basis: "
             "assumed, bears-on: [logon] } }\n"},
            "settings/x/bears-on: unknown message 'logon'; did you mean 'login'?"},
        Bad{"MirrorsAnUnknownMessage",
            {kBase,
             "profile: a\ntitle: A\nextends: base\nmessages: { mine: { xml: \"<mine/>\", mirrors: "
             "logon } }\n"},
            "messages/mine/mirrors: unknown message 'logon'; did you mean 'login'?"},
        Bad{"ServiceWithANameOfLinks",
            {kBase, "profile: a\ntitle: A\nextends: base\nservices: { up: gatekeeper.server }\n"},
            "services/up: a service cannot be called 'up'"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::model
