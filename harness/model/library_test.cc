// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/library.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "harness/base/text.h"

namespace parley::model {
namespace {

namespace fs = std::filesystem;

// The suites that the project ships, copied so that a test can break one file.
class Suites : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::copy(fs::path(PARLEY_SOURCE_DIR) / "suites", folder_, fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  std::string complaint() const {
    Problems problems;
    load_library(folder_, problems);
    return problems.empty() ? "" : replace_all(to_string(problems[0]), folder_.string() + "/", "");
  }

  fs::path folder_;
};

TEST_F(Suites, AreFreeOfProblems) { EXPECT_EQ(complaint(), ""); }

TEST_F(Suites, JudgeEveryRequirementOrSayWhyNot) {
  Problems problems;
  const auto library = load_library(folder_, problems);
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

TEST_F(Suites, HoldAtLeast120CasesAndAsManyNegativeAsPositive) {
  Problems problems;
  const auto library = load_library(folder_, problems);
  std::size_t negative = 0;
  for (const auto& one : library.cases) {
    negative += one.negative() ? 1 : 0;
  }
  EXPECT_GE(library.cases.size(), 120U);
  EXPECT_GE(negative * 2, library.cases.size());
}

TEST_F(Suites, BindEveryCaseToAPartyThatItsRequirementBinds) {
  Problems problems;
  const auto library = load_library(folder_, problems);
  for (const auto& one : library.cases) {
    const auto& binds = library.requirements.at(one.requirement).binds;
    EXPECT_TRUE(std::ranges::count(binds, one.party) > 0) << one.id << " " << one.requirement;
  }
}

TEST_F(Suites, ComplainOfAnUnknownStepWithPlaceAndNearestName) {
  write("stanza/broken.yaml",
        "case: broken\ntitle: A case with a wrong step\nprofile: xmpp\nparty: gatekeeper.server\n"
        "flow: connect\nverifies: XTR-001\nchange: { step: aut, drop: true }\nexpect: refused\n");
  const auto text = complaint();
  EXPECT_TRUE(text.starts_with(
      "stanza/broken.yaml:7:11: change/step: unknown step 'aut'; did you mean 'auth'"))
      << text;
}

TEST_F(Suites, ComplainOfAKeyThatTheSchemaDoesNotKnow) {
  write("stanza/broken.yaml", "case: broken\ntitle: A case with a wrong key\nflwo: connect\n");
  const auto text = complaint();
  EXPECT_TRUE(text.starts_with("stanza/broken.yaml:3:")) << text;
  EXPECT_NE(text.find("unknown key 'flwo'; did you mean 'flow'"), std::string::npos) << text;
}

TEST_F(Suites, ComplainOfAnUnknownMessageWhereTheFlowNamesIt) {
  write("stanza/flows/broken.yaml",
        "flow: broken\nprofile: xmpp\ntitle: A flow with a wrong message\n"
        "actors: { user: third-party.client, server: gatekeeper.server }\nsteps:\n"
        "  - { id: ping, sends: user -> server, message: iq-pong }\n");
  const auto text = complaint();
  EXPECT_TRUE(text.starts_with("stanza/flows/broken.yaml:6:")) << text;
  EXPECT_NE(text.find("unknown message 'iq-pong'; did you mean 'iq-ping'"), std::string::npos)
      << text;
}

TEST_F(Suites, RefuseADeclarationWithAnUnknownProfile) {
  Problems problems;
  const auto library = load_library(folder_, problems);
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: xmp\nparty: gatekeeper.server\nendpoints: { starttls: "
        "'127.0.0.1:1' }\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems[0].message.find("did you mean 'xmpp'"), std::string::npos)
      << problems[0].message;
}

}  // namespace
}  // namespace parley::model
