// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/flow_loader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/model/copied_suites.h"
#include "harness/model/setting.h"

namespace parley::model {
namespace {

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

}  // namespace
}  // namespace parley::model
