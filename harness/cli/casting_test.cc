// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/casting.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/sut/script_folder.h"

namespace parley::cli {
namespace {

const model::Library& shipped() {
  static const auto library = [] {
    model::Problems problems;
    return model::load_library(PARLEY_SUITES_FOLDER, problems);
  }();
  return library;
}

class CastingOf : public testing::Test {
 protected:
  CastingOf() {
    const std::string drives = "driver: { command: [./driver] }\n";
    write("server.yaml", "whatsapp", "gatekeeper.server", drives);
    write("client.yaml", "whatsapp", "third-party.client", drives);
    write("partner.yaml", "whatsapp", "third-party.server", drives);
    write("other.yaml", "xmpp", "third-party.client", drives);
  }

  void write(const std::string& file, const std::string& profile, const std::string& party,
             const std::string& rest) const {
    folder_.write(file, "parley: 1\nname: " + file + "\nprofile: " + profile + "\nparty: " + party +
                            "\n" + rest);
  }
  // Of these declarations; what it says on the standard error is kept.
  std::optional<Casting> cast(const std::vector<std::string>& files) {
    for (const auto& file : files) {
      arguments_.sut_files.push_back(folder_.file(file));
    }
    testing::internal::CaptureStderr();
    auto out = casting_of(arguments_, shipped());
    said_ = testing::internal::GetCapturedStderr();
    return out;
  }
  void expect_refusal(const std::vector<std::string>& files, const std::string& part) {
    EXPECT_FALSE(cast(files));
    EXPECT_NE(said_.find(part), std::string::npos) << said_;
  }

  sut::ScriptFolder folder_;
  RunArguments arguments_;
  std::string said_;
};

TEST_F(CastingOf, NothingIsTheReference) {
  const auto casting = cast({});
  ASSERT_TRUE(casting);
  EXPECT_TRUE(casting->declarations.empty());
  EXPECT_EQ(casting->name, "embedded reference");
}

TEST_F(CastingOf, OneDeclarationIsOneSut) {
  const auto casting = cast({"client.yaml"});
  ASSERT_TRUE(casting) << said_;
  EXPECT_TRUE(casting->declarations.contains(model::Party::third_party_client));
  EXPECT_TRUE(casting->suts.empty());
  EXPECT_EQ(casting->name, "client.yaml");
}

TEST_F(CastingOf, AServerAndAClientAreTwoSutsInWhateverOrder) {
  const auto casting = cast({"client.yaml", "server.yaml"});
  ASSERT_TRUE(casting) << said_;
  EXPECT_EQ(casting->declarations.size(), 2U);
  EXPECT_EQ(casting->suts.size(), 2U);
  EXPECT_NE(casting->name.find("client.yaml (third-party.client)"), std::string::npos)
      << casting->name;
}

TEST_F(CastingOf, AThirdPartysServerAndItsClientAreTwoSuts) {
  const auto casting = cast({"client.yaml", "partner.yaml"});
  ASSERT_TRUE(casting) << said_;
  EXPECT_EQ(casting->suts,
            (std::vector{model::Party::third_party_server, model::Party::third_party_client}));
}

TEST_F(CastingOf, RefusesTwoServersAndMoreThanTwo) {
  expect_refusal({"server.yaml", "partner.yaml"}, "or of a third-party.server and its");
  arguments_.sut_files.clear();
  expect_refusal({"server.yaml", "partner.yaml", "client.yaml"}, "two declarations are those");
}

TEST_F(CastingOf, RefusesTwoThatDoNotGoTogether) {
  expect_refusal({"client.yaml", "client.yaml"}, "those of a gatekeeper.server and a third");
}

TEST_F(CastingOf, RefusesTwoProfiles) {
  expect_refusal({"server.yaml", "other.yaml"}, "they do not speak with each other");
}

TEST_F(CastingOf, RefusesAnOptionThatSaysSomethingElse) {
  arguments_.given = {"--profile"};
  arguments_.profile = "xmpp";
  expect_refusal({"client.yaml"}, "--profile says 'xmpp'");
}

TEST_F(CastingOf, RefusesADeclarationThatIsWrong) {
  write("wrong.yaml", "whatsapp", "third-party.client", "");
  expect_refusal({"wrong.yaml"}, "a client needs a driver");
}

std::vector<const model::Case*> all_of(const std::string& profile) {
  std::vector<const model::Case*> out;
  for (const auto& one : shipped().cases) {
    if (one.profile == profile) {
      out.push_back(&one);
    }
  }
  return out;
}

TEST(KeepCastable, KeepsAllForOneSutAndThoseWithoutAChangeForTwo) {
  auto cases = all_of("whatsapp");
  const auto all = cases.size();
  keep_castable(cases, {}, shipped());
  EXPECT_EQ(cases.size(), all);
  const Casting two{.declarations = {},
                    .suts = {model::Party::gatekeeper_server, model::Party::third_party_client}};
  keep_castable(cases, two, shipped());
  ASSERT_FALSE(cases.empty());
  EXPECT_LT(cases.size(), all);
  for (const auto* one : cases) {
    EXPECT_FALSE(one->change) << one->id;
  }
}

TEST(KeepCastable, KeepsTheCasesOfBothForAThirdPartysServerAndItsClient) {
  auto cases = all_of("whatsapp");
  const Casting two{.declarations = {},
                    .suts = {model::Party::third_party_server, model::Party::third_party_client}};
  keep_castable(cases, two, shipped());
  ASSERT_FALSE(cases.empty());
  for (const auto* one : cases) {
    EXPECT_EQ(one->suts(), two.suts) << one->id;
  }
}

TEST(KeepCastable, SaysWhyNoneIsLeft) {
  auto cases = all_of("xmpp");
  const Casting two{.declarations = {},
                    .suts = {model::Party::gatekeeper_server, model::Party::third_party_client}};
  testing::internal::CaptureStderr();
  keep_castable(cases, two, shipped());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("cannot carry out what is selected"),
            std::string::npos);
  EXPECT_TRUE(cases.empty());
}

}  // namespace
}  // namespace parley::cli
