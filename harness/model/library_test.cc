// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/library.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "harness/base/text.h"
#include "harness/model/setting.h"

namespace parley::model {
namespace {

namespace fs = std::filesystem;

// The suites that the project ships, loaded once, and what is wrong with them.
struct Shipped {
  Problems problems;
  Library library;
};
const Shipped& shipped() {
  static const auto once = [] {
    Shipped out;
    out.library = load_library(fs::path(PARLEY_SOURCE_DIR) / "suites", out.problems);
    return out;
  }();
  return once;
}

// Whether it is a file of cases: beside a suite's requirements.
bool holds_cases(const fs::path& file) {
  const auto suite = file.parent_path().filename();
  return file.extension() == ".yaml" && suite != "profiles" && suite != "flows" &&
         !file.filename().string().starts_with("requirements");
}

// A copy of them without their cases, so that a test can break one file and what is loaded is
// little.
class Suites : public testing::Test {
 protected:
  void SetUp() override {
    copy([](const fs::path& file) { return !holds_cases(file); });
  }
  void TearDown() override { fs::remove_all(folder_); }

  void copy(const std::function<bool(const fs::path&)>& wanted) {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    const auto from = fs::path(PARLEY_SOURCE_DIR) / "suites";
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      const auto to = folder_ / fs::relative(entry.path(), from);
      if (entry.is_directory()) {
        fs::create_directories(to);
      } else if (wanted(entry.path())) {
        fs::copy_file(entry.path(), to);
      }
    }
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  // The first; of the profile alone where one is named.
  std::string complaint(const std::string& profile = {}) const {
    Problems problems;
    load_library(folder_, problems, profile);
    return problems.empty() ? "" : replace_all(to_string(problems[0]), folder_.string() + "/", "");
  }

  fs::path folder_;
};

TEST_F(Suites, AreFreeOfProblems) {
  EXPECT_TRUE(shipped().problems.empty()) << to_string(shipped().problems.front());
}

TEST_F(Suites, JudgeEveryRequirementOrSayWhyNot) {
  const auto& library = shipped().library;
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
    auto library = shipped().library;
    EXPECT_EQ(give_settings(library, "whatsapp", {{bound, "7"}}), "") << bound;
    EXPECT_NE(give_settings(library, "whatsapp", {{bound, "-7"}}), "") << bound;
  }
}

TEST_F(Suites, HoldAtLeast120CasesAndAsManyNegativeAsPositive) {
  const auto& library = shipped().library;
  std::size_t negative = 0;
  for (const auto& one : library.cases) {
    negative += one.negative() ? 1 : 0;
  }
  EXPECT_GE(library.cases.size(), 120U);
  EXPECT_GE(negative * 2, library.cases.size());
}

TEST_F(Suites, BindEveryCaseToAPartyThatItsRequirementBinds) {
  const auto& library = shipped().library;
  for (const auto& one : library.cases) {
    const auto& binds = library.requirements.at(one.requirement).binds;
    EXPECT_TRUE(std::ranges::count(binds, one.party) > 0) << one.id << " " << one.requirement;
  }
}

class WholeSuites : public Suites {
 protected:
  void SetUp() override {
    copy([](const fs::path&) { return true; });
  }
};

TEST_F(WholeSuites, AreLoadedForOneProfileWithoutWhatOthersHave) {
  write("stanza/broken.yaml",
        "case: broken\ntitle: A case with a wrong key\nprofile: xmpp\nflwo: x\n");
  Problems problems;
  const auto library = load_library(folder_, problems, "messenger");
  EXPECT_TRUE(problems.empty());
  EXPECT_NE(library.find_case("stanza/server-binary-ping@messenger"), nullptr);
  for (const auto& one : library.cases) {
    EXPECT_NE(one.profile, "xmpp") << one.id;
  }
  EXPECT_NE(complaint("xmpp"), "");
  EXPECT_EQ(complaint("xmp"), complaint());
}

TEST_F(Suites, AreReadWhereAFileNamesNoProfileThatIsKnown) {
  write("stanza/broken.yaml", "case: broken\ntitle: A case\nprofile: xmp\nflow: connect\n");
  EXPECT_NE(complaint("whatsapp").find("broken.yaml"), std::string::npos);
}

TEST_F(Suites, ComplainOfAnUnknownStepWithPlaceAndNearestName) {
  write("stanza/broken.yaml",
        "case: broken\ntitle: A case with a wrong step\nprofile: xmpp\nparty: gatekeeper.server\n"
        "flow: connect\nverifies: XTR-001\nchange: { step: aut, drop: true }\nexpect: refused\n");
  const auto text = complaint("xmpp");
  EXPECT_TRUE(text.starts_with(
      "stanza/broken.yaml:7:11: change/step: unknown step 'aut'; did you mean 'auth'"))
      << text;
}

TEST_F(Suites, ComplainOfAKeyThatTheSchemaDoesNotKnow) {
  write("stanza/broken.yaml", "case: broken\ntitle: A case with a wrong key\nflwo: connect\n");
  const auto text = complaint();
  EXPECT_TRUE(text.starts_with("stanza/broken.yaml:3:")) << text;
  EXPECT_NE(text.find("unknown key 'flwo'; did you mean 'flip', 'flow'"), std::string::npos)
      << text;
}

struct BadCase {
  std::string text;  // what follows the head of a case
  std::string complaint;
};

std::string hundred_rows() {
  std::string out;
  for (int i = 0; i < 100; ++i) {
    out += "r" + std::to_string(i) + ": { n: " + std::to_string(i) + " }, ";
  }
  return out;
}

TEST_F(Suites, ComplainOfACaseThatSaysNothingOrTheWrongThing) {
  const std::vector<BadCase> rows{
      {"change: { step: auth, layer: stanza }\n", "says nothing that layer 'stanza' can do"},
      {"change: { step: auth, layer: stanza, set: {} }\n", "says nothing that layer 'stanza'"},
      {"change: { step: auth, layer: bytes, set: { '@to': x } }\n",
       "change/set: the key 'set' belongs to layer 'stanza', not to layer 'bytes'"},
      {"change: { step: auth, layer: stream, join: 2, pause-ms: 9 }\n",
       "change/pause-ms: a pause without segments to stand between"},
      {"change: { step: auth, layer: bytes, find: x }\n", "says nothing that layer 'bytes'"},
      {"change: { step: auth }\n", "says nothing that can be done to the flow"},
      {"change: { step: auth, layer: token, forge: alg-nonee }\n", "did you mean 'alg-none'"},
      {"change: { step: auth, layer: encryption, forge: mac-zero }\n", "did you mean 'mac-zeros'"},
      {"change: { step: auth, layer: encryption, padding: 3 }\n", "belongs to layer 'content'"},
      {"change: { step: auth, layer: content, padding: 3 }\n",
       "nothing is sealed in flow 'connect'"},
      {"change: { step: auth, drop: true, before: auth }\n", "says more than one thing"},
      {"change: { step: auth, layer: connection, certificate: expird }\n",
       "unknown certificate 'expird'; did you mean 'expired'"},
      {"change: { step: auth, layer: connection, tls-max: '${value}' }\nvary: { new: '1.4' }\n",
       "vary/new: unknown tls-max '1.4'"},
      {"change: { step: auth, layer: bytes, flip: '${octet}' }\n",
       "change/flip: '${octet}' is no number"},
      {"change: { step: auth, layer: frame, counter: '${value}' }\nvary: { far: 9x }\n",
       "vary/far: '9x' is no number"},
      {"change: { step: auth, layer: bytes, at: 3, find: x, replace: y }\n",
       "change/at: 'at' says where 'replace' stands, without 'find'"},
      {"expect: survives\n",
       "expect: 'survives' is about octets that are sent whole; change some: layer: bytes"},
      {"change: { step: auth, layer: stream, segment: 1 }\nexpect: survives\n",
       "expect: 'survives' is about octets that are sent whole"},
      {"change: { step: auth, layer: bytes, take: 3, replace: y }\n",
       "change/take: 'take' without 'at' takes nothing"},
      {"change: { step: auth, layer: bytes, mutate: { by: xmll, seed: 1 } }\n",
       "change/mutate/by: unknown mutator 'xmll'; did you mean 'xml'"},
      {"change: { step: auth, layer: bytes, mutate: { by: xml, seed: '${value}' } }\n"
       "vary: { far: x }\n",
       "vary/far: 'x' is no seed"},
      {"change: { step: auth, layer: stanza, mutate: { by: xml, seed: 1 } }\n",
       "change/mutate: the key 'mutate' belongs to layer 'bytes'"},
      {"expect: { refused: { condition: [not-authorised] } }\n",
       "expect/refused/condition/0: unknown condition 'not-authorised'; did you mean "
       "'not-authorized'"},
      {"needs: [produkt=2]\n", "needs/0: unknown setting 'produkt'"},
      {"change: { step: auth, layer: bytes, replace: '" + std::string(200'000, 'x') + "' }\n" +
           "vary: { " + hundred_rows() + "}\n",
       "vary: the cases have more than 16777216 octets once each row"},
      {"expect: {}\n", "expect: is empty"},
      {"expect: refusd\n", "expect: is none of: completes, refused, ignored"},
      {"expect: { any-of: [ignored, {}] }\n", "expect/any-of/1: Missing required property"},
      {"cases: [{ case: a, title: A case in a list }]\nexpect: refused\n",
       "no case reads 'expect' beside 'cases'"}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool list = rows[i].text.starts_with("cases");
    const auto name = "broken-" + std::to_string(i);
    write("stanza/" + name + ".yaml",
          std::string(list ? "" : "case: " + name + "\ntitle: A case that is broken\n") +
              "profile: xmpp\nparty: gatekeeper.server\nflow: connect\nverifies: XTR-001\n" +
              rows[i].text);
  }
  Problems problems;
  load_library(folder_, problems, "xmpp");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto file = (folder_ / "stanza" / ("broken-" + std::to_string(i) + ".yaml")).string();
    const auto first = std::ranges::find(problems, file, &Problem::file);
    const auto text = first == problems.end() ? "" : to_string(*first);
    EXPECT_NE(text.find(rows[i].complaint), std::string::npos) << rows[i].text << text;
  }
}

TEST_F(Suites, TakeFilesOfCasesThatLieBesideThem) {
  const auto file = fs::path(testing::TempDir()) / "beside.yaml";
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
  fs::remove(file);
  load_library(folder_, problems, "xmpp", {file.string()});
  EXPECT_FALSE(problems.empty());
}

TEST_F(Suites, KnowARequirementThatEveryProfileHasToLiveThrough) {
  for (const auto& [name, profile] : shipped().library.profiles) {
    EXPECT_TRUE(shipped().library.requirements.contains(profile.survival)) << name;
    const auto* watch = shipped().library.flow(name, profile.bystander);
    ASSERT_NE(watch, nullptr) << name;
    EXPECT_TRUE(watch->actors.contains("bystander")) << name;
    EXPECT_TRUE(std::ranges::any_of(watch->steps, &Step::fence)) << name;
  }
}

TEST_F(WholeSuites, ComplainOfPartiesThatAreNotJudgedTogetherOrDoNotAct) {
  const auto with = [this](const std::string& party, const std::string& flow) {
    write("server/partner-two.yaml",
          "case: partner-two\ntitle: A case of a test\nprofile: whatsapp\nverifies: SRV-004\n"
          "together: third-party.client\nparty: " +
              party + "\nflow: " + flow + "\n");
    return complaint();
  };
  EXPECT_EQ(with("third-party.server", "partner-woken"), "");
  EXPECT_NE(with("gatekeeper.server", "partner-woken")
                .find("gatekeeper.server is not judged together with third-party.client"),
            std::string::npos);
  EXPECT_NE(with("third-party.server", "partner-alive")
                .find("no actor of flow 'partner-alive' is a third-party.client"),
            std::string::npos);
}

TEST_F(Suites, GiveAMirroredCaseOnceMoreWithTheClientsOfBothSidesExchanged) {
  const auto& library = shipped().library;
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

TEST_F(Suites, ComplainOfAMirrorThatCannotBe) {
  const std::string head = "case: wrong\ntitle: A wrong case\nprofile: whatsapp\n";
  const std::string mirror = "mirror: gatekeeper.client\n";
  struct Wrong {
    std::string rest;
    std::string said;
  };
  for (const auto& [rest, said] :
       {Wrong{"party: third-party.client\nflow: signal-turns\nverifies: ENC-020\n",
              "ENC-020 does not bind gatekeeper.client"},
        Wrong{"party: gatekeeper.server\nflow: noise-session\nverifies: TRN-018\n",
              "the mirror of a case of gatekeeper.server is none of gatekeeper.client"},
        Wrong{"party: third-party.client\nflow: consent-block-other\nverifies: TRN-018\n",
              "has accounts of a kind that one side has"}}) {
    write("encryption/client-wrong.yaml", head + rest + mirror);
    const auto came = complaint("whatsapp");
    EXPECT_NE(came.find("client-wrong.yaml"), std::string::npos) << came;
    EXPECT_NE(came.find(said), std::string::npos) << came;
  }
}

TEST_F(Suites, ComplainOfAnUnknownMessageWhereTheFlowNamesIt) {
  write("stanza/flows/broken.yaml",
        "flow: broken\nprofile: xmpp\ntitle: A flow with a wrong message\n"
        "actors: { user: third-party.client, server: gatekeeper.server }\nsteps:\n"
        "  - { id: ping, sends: user -> server, message: iq-pong }\n");
  const auto text = complaint("xmpp");
  EXPECT_TRUE(text.starts_with("stanza/flows/broken.yaml:6:")) << text;
  EXPECT_NE(text.find("unknown message 'iq-pong'; did you mean 'iq-ping'"), std::string::npos)
      << text;
}

TEST_F(Suites, ComplainOfAKindOfAccountThatTheProfileLacksAndOfWhoIsNoActor) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"user: second-partnr",
       "unknown kind of account 'second-partnr'; did you mean 'second-partner'"},
      {"carol: second-partner", "there is no actor 'carol'"}};
  for (const auto& [accounts, wanted] : rows) {
    write("stanza/flows/broken.yaml",
          "flow: broken\nprofile: whatsapp\ntitle: A flow with a wrong account\n"
          "actors: { user: third-party.client, server: gatekeeper.server }\naccounts: { " +
              accounts +
              " }\nsteps:\n  - { id: ping, sends: user -> server, message: keepalive }\n");
    const auto text = complaint("whatsapp");
    EXPECT_NE(text.find(wanted), std::string::npos) << text;
  }
}

TEST_F(Suites, ComplainOfASecondConnectionBesideTheFirst) {
  write("stanza/flows/broken.yaml",
        "flow: broken\nprofile: whatsapp\ntitle: A flow with two connections of one actor\n"
        "actors: { user: third-party.client, server: gatekeeper.server }\nsteps:\n"
        "  - use: noise-connect\n"
        "  - { id: again, use: noise-connect }\n");
  const auto text = complaint("whatsapp");
  EXPECT_TRUE(text.starts_with("stanza/flows/broken.yaml:5:")) << text;
  EXPECT_NE(text.find("'user' connects in 'again/dial' while it is connected"), std::string::npos)
      << text;
}

TEST_F(Suites, ReadHowAServiceAnswersAndWhatIsNotToComeTooSoon) {
  write("stanza/flows/served.yaml",
        "flow: served\nprofile: whatsapp\ntitle: A service answers as it is told\n"
        "actors: { server: gatekeeper.server, partner: third-party.server }\nsteps:\n"
        "  - { id: keys, answers: partner -> server, to: jwks-get, asked: { path: /a },"
        " message: jwks, with: { keys: '{}' } }\n"
        "  - { id: ask, sends: server -> partner, message: jwks-get,"
        " not-before: { step: keys, ms: 200 } }\n");
  write("stanza/flows/used.yaml",
        "flow: used\nprofile: whatsapp\ntitle: A flow that uses such a one\n"
        "actors: { server: gatekeeper.server, partner: third-party.server }\nsteps:\n"
        "  - { id: first, use: served }\n");
  Problems problems;
  const auto library = load_library(folder_, problems, "whatsapp");
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  const auto& steps = library.flow("whatsapp", "used")->steps;
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].kind, Step::Kind::answers);
  EXPECT_EQ(steps[0].from + " " + steps[0].to, "partner server");
  EXPECT_EQ(steps[0].asked + " " + steps[0].form, "jwks-get jwks");
  EXPECT_EQ(steps[0].asked_with, (Fields{{"path", {"/a"}}}));
  EXPECT_EQ(steps[1].not_before, "first/keys");
  EXPECT_EQ(steps[1].not_before_by, std::chrono::milliseconds(200));
}

TEST_F(Suites, ComplainOfAnswersAndOrdersThatCannotBe) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"answers: partner -> server, to: jwk-get, message: jwks",
       "unknown message 'jwk-get'; did you mean 'jwks-get'"},
      {"sends: server -> partner, message: jwks-get, not-before: { step: ask, ms: 1 }",
       "no step 'ask' stands before it"},
      {"closes: partner -> server, service: partners",
       "unknown service 'partners'; did you mean 'partner'"}};
  for (const auto& [step, wanted] : rows) {
    write("stanza/flows/broken.yaml",
          "flow: broken\nprofile: whatsapp\ntitle: A flow with a wrong step\n"
          "actors: { server: gatekeeper.server, partner: third-party.server }\nsteps:\n"
          "  - { id: ask, " +
              step + " }\n");
    const auto text = complaint("whatsapp");
    EXPECT_NE(text.find(wanted), std::string::npos) << text;
  }
}

TEST_F(Suites, TakeTheTimeThatAStepHasFromASetting) {
  const std::string flow =
      "flow: slow\nprofile: whatsapp\ntitle: A flow with a step that takes its time\n"
      "actors: { user: third-party.client, server: gatekeeper.server }\nsteps:\n"
      "  - { id: dial, connect: user -> server, within: '${setting.key-fetch-seconds-most}',"
      " with: { endpoint: tcp } }\n"
      "  - { id: left, closes: user -> server, within: 7 }\n";
  write("stanza/flows/slow.yaml", flow);
  Problems problems;
  auto library = load_library(folder_, problems, "whatsapp");
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  EXPECT_EQ(give_settings(library, "whatsapp", {{"key-fetch-seconds-most", "33"}}), "");
  EXPECT_NE(give_settings(library, "whatsapp", {{"key-fetch-seconds-most", "121"}}), "");
  EXPECT_NE(give_settings(library, "whatsapp", {{"key-fetch-seconds-most", "0"}}), "");
  const auto& steps = library.flow("whatsapp", "slow")->steps;
  const auto& profile = library.profiles.at("whatsapp");
  EXPECT_EQ(within_of(steps.front(), profile), std::chrono::seconds(33));
  EXPECT_EQ(within_of(steps.back(), profile), std::chrono::seconds(7));
  write("stanza/flows/slow.yaml", replace_all(flow, "key-fetch", "key-fatch"));
  const auto text = complaint("whatsapp");
  EXPECT_NE(text.find("did you mean 'key-fetch-seconds-most'"), std::string::npos) << text;
  write("stanza/flows/slow.yaml", replace_all(flow, "within: 7", "within: soon"));
  EXPECT_NE(complaint("whatsapp").find("/within"), std::string::npos) << complaint("whatsapp");
}

TEST_F(Suites, KeepWhichValuesADriverGetsAsNumbersAndBooleans) {
  write("stanza/flows/typed.yaml",
        "flow: typed\nprofile: whatsapp\ntitle: A flow with a number for a driver\n"
        "actors: { user: third-party.client, server: gatekeeper.server }\nsteps:\n"
        "  - { id: begin, does: connect, at: user, with: { a: 5, b: true, c: '5', d: word } }\n");
  Problems problems;
  const auto library = load_library(folder_, problems, "whatsapp");
  const auto& step = library.flow("whatsapp", "typed")->steps.front();
  EXPECT_EQ(step.unquoted, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(step.with, (Fields{{"a", {"5"}}, {"b", {"true"}}, {"c", {"5"}}, {"d", {"word"}}}));
}

TEST_F(Suites, RefuseADeclarationThatIsEmptyOrHasAnUnknownFeature) {
  Problems problems;
  const auto& library = shipped().library;
  write("sut.yaml", "# nothing\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].mend, "'parley init' writes one");
  problems.clear();
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: xmpp\nparty: gatekeeper.server\n"
        "endpoints: { starttls: '127.0.0.1:1' }\nfeatures: [starttls, xep-198]\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 6U);
  EXPECT_NE(problems[0].message.find("did you mean 'xep-0198'"), std::string::npos)
      << problems[0].message;
}

TEST_F(Suites, TakeADeclarationOfAServerThatHasFilesGotElsewhere) {
  Problems problems;
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: xmpp\nparty: gatekeeper.server\nendpoints: { starttls: "
        "'127.0.0.1:1', media: 'https://localhost:2', download: 'https://localhost:3' }\n");
  const auto declaration = load_declaration(folder_ / "sut.yaml", shipped().library, problems);
  ASSERT_TRUE(declaration) << to_string(problems.front());
  EXPECT_EQ(declaration->endpoints.at("download"), "https://localhost:3");
}

TEST_F(Suites, RefuseADeclarationWithAFeatureOfAnotherProfile) {
  Problems problems;
  const auto& library = shipped().library;
  write("sut.yaml",
        "parley: 1\nname: x\nprofile: whatsapp\nparty: gatekeeper.server\n"
        "endpoints: { tcp: '127.0.0.1:1' }\nfeatures: [noise-xx, sasl-plain]\n");
  EXPECT_FALSE(load_declaration(folder_ / "sut.yaml", library, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 6U);
  EXPECT_NE(problems[0].message.find("'sasl-plain'"), std::string::npos) << problems[0].message;
}

TEST_F(Suites, RefuseADeclarationWithAnUnknownProfile) {
  Problems problems;
  const auto& library = shipped().library;
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
