// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/report/reading.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/model/case_loader.h"
#include "harness/model/shipped_suites.h"
#include "harness/report/golden.h"
#include "harness/report/terminal.h"

namespace parley::report {
namespace {

// What golden/noise-transcript.json was recorded of, whatever the suites say now.
constexpr const char* kFlow = R"(
flow: ladder
profile: whatsapp
title: A keepalive, and a second one
actors: { user: third-party.client, server: gatekeeper.server }
steps:
  - { id: dial, connect: user -> server, with: { endpoint: tcp } }
  - { id: intro, sends: user -> server, message: intro }
  - { id: hello, sends: user -> server, message: client-hello }
  - { id: server-hello, sends: server -> user, message: server-hello }
  - { id: finish, sends: user -> server, message: client-finish, with: { account: "${user.user}", token: "${user.password}" } }
  - { id: success, sends: server -> user, message: success }
  - { id: ping, sends: user -> server, message: keepalive, with: { to: s.whatsapp.net } }
  - { id: pong, sends: server -> user, message: iq-result, with: { id: "${ping.id}" } }
fence:
  - { id: ping-again, sends: user -> server, message: keepalive, with: { to: s.whatsapp.net } }
  - { id: pong-again, sends: server -> user, message: iq-result, with: { id: "${ping-again.id}" } }
)";
constexpr const char* kCase = R"(
case: server-noise-clear
title: A stanza that is not encrypted is not acted on
profile: whatsapp
party: gatekeeper.server
verifies: TRN-018
flow: ladder
change: { step: ping, layer: frame, replace: '\x00\x00\x04\x00\xF8\x01\x19' }
expect: ignored
)";

// Likewise golden/sealed-transcript.json, of a client that publishes ten keys.
constexpr const char* kSealedFlow = R"(
flow: sealed-ladder
profile: whatsapp
content: signal
title: A message that cannot be read and one that can, and an answer
actors: { user: third-party.client, bob: gatekeeper.client, server: gatekeeper.server }
steps:
  - { id: begin, does: connect, at: user }
  - { id: dial, connect: user -> server, with: { endpoint: tcp } }
  - { id: intro, sends: user -> server, message: intro }
  - { id: hello, sends: user -> server, message: client-hello }
  - { id: server-hello, sends: server -> user, message: server-hello, with: { state: valid, hashing: [whatsapp, "*"] } }
  - { id: finish, sends: user -> server, message: client-finish, with: { account: "${user.user}", token: "${user.password}" } }
  - { id: success, sends: server -> user, message: success }
  - { id: upload, sends: user -> server, message: prekey-upload-any, with: { kind: "\x05" } }
  - { id: delivered, sends: server -> user, message: message, with: { from: "${bob.bare}" } }
fence:
  - { id: again, sends: server -> user, message: message, with: { from: "${bob.bare}" } }
  - { id: shown-again, shows: received, at: user, with: { from: "${bob.bare}", text: "${again.text}" } }
  - { id: reply, does: send, at: user, with: { to: "${bob.bare}", text: "reply for ${bob.user}" } }
  - { id: replied, sends: user -> server, message: message-sealed, with: { enc: msg, to: "${bob.bare}", text: "reply for ${bob.user}" } }
)";
constexpr const char* kSealedCase = R"(
case: client-sealed-ladder
title: A first message of keys that were agreed otherwise is not shown
profile: whatsapp
party: third-party.client
verifies: ENC-008
flow: sealed-ladder
change: { step: delivered, layer: encryption, forge: x3dh-info }
expect: ignored
)";

struct Recorded {
  model::Library library;
  model::Case one;
  engine::Transcript transcript;
};

struct Sources {
  const char* flow = kFlow;
  const char* one = kCase;
  std::string suite = "transport";
  std::string transcript = "noise-transcript.json";
};

Recorded recorded(const Sources& sources = {}) {
  model::Problems problems;
  const auto one = *model::parse_document("case.yaml", sources.one, problems);
  Recorded out{
      .library = {}, .one = model::cases_of(one, sources.suite, problems).at(0), .transcript = {}};
  out.library = model::shipped_with({sources.flow}, "whatsapp", out.one.flow);
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  std::ifstream file(PARLEY_SOURCE_DIR "/harness/report/golden/" + sources.transcript);
  out.transcript = *engine::transcript_from(nlohmann::json::parse(file));
  return out;
}

TEST(Reading, StandsBeneathTheOctetsAsInTheGoldenFile) {
  const auto it = recorded();
  const auto reading = reading_of(it.one, it.library, it.transcript);
  EXPECT_EQ(golden::complaint("noise-ladder.txt", ladder(it.transcript, reading)), "");
}

TEST(Reading, SaysWhyAFrameCannotBeRead) {
  auto it = recorded();
  std::size_t last = 0;
  auto& events = it.transcript.runs[0].events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    last = events[i].kind == engine::Event::Kind::received ? i : last;
  }
  events[last].octets.back() ^= 1;
  const auto reading = reading_of(it.one, it.library, it.transcript);
  ASSERT_EQ(reading.runs[0].count(last), 1U);
  EXPECT_TRUE(reading.runs[0].at(last)[0].starts_with("cannot be read: not-authentic"))
      << reading.runs[0].at(last)[0];
}

// The octets, the protobuf and the text of a message side by side.
TEST(Reading, OpensWhatIsSealed) {
  const auto it = recorded({.flow = kSealedFlow,
                            .one = kSealedCase,
                            .suite = "encryption",
                            .transcript = "sealed-transcript.json"});
  const auto reading = reading_of(it.one, it.library, it.transcript);
  const auto shown = ladder(it.transcript, reading);
  EXPECT_NE(shown.find("reply for "), std::string::npos);
  EXPECT_EQ(golden::complaint("sealed-ladder.txt", shown), "");
}

TEST(Reading, ShowsNoToken) {
  const auto it = recorded();
  const auto reading = reading_of(it.one, it.library, it.transcript);
  const auto secret = it.transcript.runs[0].values.at("user.password");
  EXPECT_EQ(ladder(it.transcript, reading, Octets::full).find(secret), std::string::npos);
}

TEST(Reading, LeavesOutRunsThatTheCaseDoesNotHave) {
  auto it = recorded();
  it.transcript.runs[0].name = "none of it";
  const auto reading = reading_of(it.one, it.library, it.transcript);
  EXPECT_TRUE(reading.runs[0].empty());
  EXPECT_TRUE(reading.binary);
}

TEST(Reading, AddsNothingToTextThatCanBeRead) {
  auto it = recorded();
  it.one.profile = "xmpp";
  it.one.flow = "unknown";
  const auto reading = reading_of(it.one, it.library, it.transcript);
  EXPECT_FALSE(reading.binary);
  EXPECT_TRUE(reading.runs[0].empty());
}

}  // namespace
}  // namespace parley::report
