// SPDX-License-Identifier: GPL-3.0-or-later
// What the tracker makes of a step's message and of the change to it.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/engine/played_run.h"
#include "harness/engine/tracker.h"

namespace parley::engine {
namespace {

using model::Party;

struct Composed {
  const char* name;
  std::string change;
  std::string octets;  // of the changed message
  bool then_end;
  std::size_t segment_octets;
  int pause_ms = 0;
};
class Composes : public testing::TestWithParam<Composed> {};

constexpr const char* kHonest =
    "<message type='chat' id='${message.id}' to='bob@x/r'><body>a-canary</body></message>";

TEST_P(Composes, TheChangedMessageAndLeavesTheRestHonest) {
  const CaseRun run("relay", "change: { step: message, " + GetParam().change + " }\n",
                    Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  auto& tracker = player.tracker();
  const auto message = tracker.compose(run.step("message"));
  ASSERT_TRUE(message) << message.error();
  EXPECT_EQ(message->octets, evaluate(GetParam().octets, tracker.scope(), "row"));
  EXPECT_EQ(message->then_end, GetParam().then_end);
  EXPECT_EQ(message->stream.segment_octets, GetParam().segment_octets);
  EXPECT_EQ(message->stream.pause, std::chrono::milliseconds(GetParam().pause_ms));
  const auto ping = tracker.compose(run.step("ping"));
  ASSERT_TRUE(ping) << ping.error();
  const auto* honest = "<iq type='get' id='${ping.id}' to='x'><ping xmlns='urn:xmpp:ping'/></iq>";
  EXPECT_EQ(ping->octets, evaluate(honest, tracker.scope(), "row"));
}

INSTANTIATE_TEST_SUITE_P(
    Layers, Composes,
    testing::Values(
        Composed{"stanza", "layer: stanza, set: { '@to': '${domain}' }, remove: body",
                 "<message type='chat' id='${message.id}' to='x'/>", false, 0},
        Composed{"bytes", "layer: bytes, replace: '${message.text}\\xC0'", "a-canary\xC0", false,
                 0},
        Composed{"bytes_cut", "layer: bytes, cut-after: <body>",
                 "<message type='chat' id='${message.id}' to='bob@x/r'><body>", true, 0},
        Composed{"stream", "layer: stream, segment: 3", kHonest, false, 3},
        Composed{"drip", "layer: stream, segment: 1, pause-ms: 20", kHonest, false, 1, 20},
        Composed{"stall", "layer: stream, stall-after: 13", "<message type", false, 0},
        Composed{"stall_beyond", "layer: stream, stall-after: 99999", kHonest, false, 0},
        Composed{"connection", "layer: connection, end: fin", kHonest, true, 0}),
    [](const auto& tested) { return tested.param.name; });

TEST(Tracker, SaysWhyAChangeDoesNotApply) {
  const CaseRun run("relay", "change: { step: message, layer: stanza, remove: subject }\n",
                    Party::gatekeeper_server);
  Player player(run);
  player.preamble();
  const auto message = player.tracker().compose(run.step("message"));
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, Errc::not_found);
}

}  // namespace
}  // namespace parley::engine
