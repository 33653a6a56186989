// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/model/case_references.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/base/text.h"
#include "harness/model/copied_suites.h"

namespace parley::model {
namespace {

TEST_F(Suites, ComplainOfAnUnknownStepWithPlaceAndNearestName) {
  write("stanza/broken.yaml",
        "case: broken\ntitle: A case with a wrong step\nprofile: xmpp\nparty: gatekeeper.server\n"
        "flow: connect\nverifies: XTR-001\nchange: { step: aut, drop: true }\nexpect: refused\n");
  const auto text = complaint("xmpp");
  EXPECT_TRUE(text.starts_with(
      "stanza/broken.yaml:7:11: change/step: unknown step 'aut'; did you mean 'auth'"))
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

TEST_F(Suites, ComplainOfPartiesThatAreNotJudgedTogetherOrDoNotAct) {
  const auto with = [this](const std::string& party, const std::string& flow) {
    write("server/partner-two.yaml",
          "case: partner-two\ntitle: A case of a test\nprofile: whatsapp\nverifies: SRV-004\n"
          "together: third-party.client\nparty: " +
              party + "\nflow: " + flow + "\n");
    return complaint("whatsapp");
  };
  EXPECT_EQ(with("third-party.server", "partner-woken"), "");
  EXPECT_NE(with("gatekeeper.server", "partner-woken")
                .find("gatekeeper.server is not judged together with third-party.client"),
            std::string::npos);
  EXPECT_NE(with("third-party.server", "partner-alive")
                .find("no actor of flow 'partner-alive' is a third-party.client"),
            std::string::npos);
}

}  // namespace
}  // namespace parley::model
