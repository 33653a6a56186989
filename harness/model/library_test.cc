// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/library.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>

#include "harness/model/copied_suites.h"
#include "harness/model/setting.h"
#include "harness/model/shipped_suites.h"

namespace parley::model {
namespace {

TEST_F(Suites, AreFreeOfProblems) {
  EXPECT_TRUE(shipped_suites().problems.empty()) << to_string(shipped_suites().problems.front());
}

TEST_F(Suites, JudgeEveryRequirementOrSayWhyNot) {
  const auto& library = shipped_suites().library;
  std::set<std::string> judged;
  for (const auto& one : library.cases) {
    judged.insert(one.requirement);
  }
  for (const auto& [id, requirement] : library.requirements) {
    EXPECT_TRUE(judged.contains(id) || !requirement.monitor.empty() ||
                !requirement.not_tested.empty())
        << id;
  }
}

// What only a monitor or the change of a case reads is read too.
TEST_F(Suites, LetWhatMonitorsAndChangesReadBeSet) {
  for (const auto* bound : {"push-retries-most", "jwks-octets-beyond", "jwks-headers-beyond"}) {
    auto library = shipped_suites().library;
    EXPECT_EQ(give_settings(library, "whatsapp", {{bound, "7"}}), "") << bound;
    EXPECT_NE(give_settings(library, "whatsapp", {{bound, "-7"}}), "") << bound;
  }
}

TEST_F(Suites, HoldAtLeast120CasesAndAsManyNegativeAsPositive) {
  const auto& library = shipped_suites().library;
  std::size_t negative = 0;
  for (const auto& one : library.cases) {
    negative += one.negative() ? 1 : 0;
  }
  EXPECT_GE(library.cases.size(), 120U);
  EXPECT_GE(negative * 2, library.cases.size());
}

TEST_F(Suites, BindEveryCaseToAPartyThatItsRequirementBinds) {
  const auto& library = shipped_suites().library;
  for (const auto& one : library.cases) {
    const auto& binds = library.requirements.at(one.requirement).binds;
    EXPECT_TRUE(std::ranges::count(binds, one.party) > 0) << one.id << " " << one.requirement;
  }
}

TEST_F(Suites, AreLoadedForOneProfileWithoutWhatOthersHave) {
  copy([](const std::filesystem::path& file) {
    return !holds_cases(file) || file.filename() == "server-binary.yaml";
  });
  write("stanza/broken.yaml",
        "case: broken\ntitle: A case with a wrong key\nprofile: xmpp\nflwo: x\n");
  Problems problems;
  const auto library = load_library(folder_, problems, "messenger");
  const auto broken = (folder_ / "stanza/broken.yaml").string();
  EXPECT_EQ(std::ranges::count(problems, broken, &Problem::file), 0);
  EXPECT_NE(library.find_case("stanza/server-binary-ping@messenger"), nullptr);
  for (const auto& one : library.cases) {
    EXPECT_NE(one.profile, "xmpp") << one.id;
  }
  EXPECT_NE(complaint("xmpp"), "");
  EXPECT_NE(complaint("xmp").find("broken.yaml"), std::string::npos);
}

TEST_F(Suites, AreReadWhereAFileNamesNoProfileThatIsKnown) {
  write("stanza/broken.yaml", "case: broken\ntitle: A case\nprofile: xmp\nflow: connect\n");
  EXPECT_NE(complaint("whatsapp").find("broken.yaml"), std::string::npos);
}

TEST_F(Suites, TakeFilesOfCasesThatLieBesideThem) {
  const auto file = std::filesystem::path(testing::TempDir()) / "beside.yaml";
  std::ofstream(file) << "case: beside\ntitle: A case beside the suites\nprofile: xmpp\n"
                         "party: gatekeeper.server\nflow: connect\nverifies: XST-053\n"
                         "change: { step: auth, layer: bytes, mutate: { by: xml, seed: 7 } }\n"
                         "expect: survives\n";
  Problems problems;
  const auto library = load_library(folder_, problems, "xmpp", {file.string()});
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  const auto* one = library.find_case("own/beside");
  ASSERT_NE(one, nullptr);
  EXPECT_FALSE(one->negative()) << "who takes everything survives";
  EXPECT_EQ(std::get<BytesEdit>(one->change->edit).mutate->seed, 7);
  std::filesystem::create_directory(folder_ / "more");
  std::filesystem::rename(file, folder_ / "more/beside.yaml");
  const auto of_folder = load_library(folder_, problems, "xmpp", {(folder_ / "more").string()});
  EXPECT_NE(of_folder.find_case("own/beside"), nullptr);
  load_library(folder_, problems, "xmpp", {file.string()});
  EXPECT_FALSE(problems.empty());
}

TEST_F(Suites, KnowARequirementThatEveryProfileHasToLiveThrough) {
  for (const auto& [name, profile] : shipped_suites().library.profiles) {
    EXPECT_TRUE(shipped_suites().library.requirements.contains(profile.survival)) << name;
    const auto* watch = shipped_suites().library.flow(name, profile.bystander);
    ASSERT_NE(watch, nullptr) << name;
    EXPECT_TRUE(watch->actors.contains("bystander")) << name;
    EXPECT_TRUE(std::ranges::any_of(watch->steps, &Step::fence)) << name;
  }
}

TEST_F(Suites, GiveAMirroredCaseOnceMoreWithTheClientsOfBothSidesExchanged) {
  const auto& library = shipped_suites().library;
  const auto* one = library.find_case("encryption/client-turns");
  const auto* mirror = library.find_case("encryption/client-turns@gatekeeper.client");
  ASSERT_TRUE(one != nullptr && mirror != nullptr);
  EXPECT_EQ(mirror->mirrors, one->id);
  EXPECT_EQ(mirror->party, Party::gatekeeper_client);
  const auto& flow = *library.flow("whatsapp", mirror->flow);
  EXPECT_EQ(flow.actors.at("alice"), Party::gatekeeper_client);
  EXPECT_EQ(flow.actors.at("bob"), Party::third_party_client);
  std::set<std::string> said;
  for (const auto& step : flow.steps) {
    said.insert(step.form);
  }
  EXPECT_TRUE(said.contains("client-finish-native"));
  EXPECT_FALSE(said.contains("client-finish"));
  const auto& profile = library.profiles.at("whatsapp");
  EXPECT_NE(library.flow("whatsapp", profile.probe_of(mirror->party)), nullptr);
}

}  // namespace
}  // namespace parley::model
