// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/upgrade.h"

#include <gtest/gtest.h>

#include "harness/engine/played_run.h"
#include "harness/engine/web_monitor.h"

namespace parley::engine {
namespace {

const model::Profile& whatsapp() { return library().profiles.at("whatsapp"); }

// Each frame's first octet and payload.
std::string frames(const model::WebSocketEdit& edit) {
  std::string out;
  for (const auto& frame : web_frames(edit, "message")) {
    out += to_hex(wire::write(frame).substr(0, 1)) + " " +
           (frame.payload.size() > 20 ? std::to_string(frame.payload.size())
                                      : printable(frame.payload)) +
           (frame.claimed ? " of " + std::to_string(*frame.claimed) : "") + "; ";
  }
  return out;
}

TEST(WebFrames, AreAsTheChangeSays) {
  EXPECT_EQ(frames({}), "82 message; ");
  EXPECT_EQ(frames({.opcode = "text"}), "81 message; ");
  EXPECT_EQ(frames({.opcode = "continuation"}), "80 message; ");
  EXPECT_EQ(frames({.opcode = "reserved"}), "83 message; ");
  EXPECT_EQ(frames({.fragment_octets = 3}), "02 mes; 00 sag; 80 e; ");
  EXPECT_EQ(frames({.fragment_octets = 4, .control = "ping"}), "02 mess; 89 parley; 80 age; ");
  EXPECT_EQ(frames({.control = "pong"}), "8a parley; 82 message; ");
  EXPECT_EQ(frames({.control = "long-ping"}), "89 126; 82 message; ");
  EXPECT_EQ(frames({.control = "split-ping"}), "09 parley; 82 message; ");
  EXPECT_EQ(frames({.control = "unknown"}), "8b ; 82 message; ");
  EXPECT_EQ(frames({.control = "close"}), "88 \\x03\\xE8; 82 message; ");
  EXPECT_EQ(frames({.control = "bad-close"}), "88 x; 82 message; ");
  EXPECT_EQ(frames({.reserved = 4}), "c2 message; ");
  EXPECT_EQ(frames({.length = "9223372036854775808"}), "82 message of 9223372036854775808; ");
}

TEST(WebWay, AsksForWhatTheProfileAndTheDeclarationSay) {
  const auto way = web_way(whatsapp(), "wss://127.0.0.1:443/ws/chat", {});
  ASSERT_TRUE(way) << way.error();
  EXPECT_TRUE(way->tls);
  EXPECT_EQ(way->web->host, "127.0.0.1:443");
  EXPECT_EQ(way->web->path, "/ws/chat");
  EXPECT_EQ(way->web->origin, "https://web.whatsapp.com");
  EXPECT_FALSE(web_way(whatsapp(), "", {}));
}

TEST(WebWay, AsksForWhatAChangeSays) {
  model::ConnectionEdit edit;
  edit.upgrade = {{"path", "/"}, {"origin", "null"}, {"host", "x"}};
  const auto way = web_way(whatsapp(), "ws://127.0.0.1:80/ws/chat", edit);
  ASSERT_TRUE(way) << way.error();
  EXPECT_FALSE(way->tls);
  EXPECT_EQ(way->web->host + way->web->path + way->web->origin, "x/null");
}

// What both monitors find in events; a word is a kind, with the text behind a colon.
std::string found(const std::vector<Event>& events) {
  const CaseRun run("begin", "", model::Party::third_party_client);
  const auto tracker = run.tracker();
  const RunRecord record{.name = "plain", .values = {}, .events = events};
  const std::set<std::string> none;
  const Watched watched{.run = run.cast,
                        .tracker = tracker,
                        .record = record,
                        .sut = model::Party::third_party_client,
                        .seen = tracker.seen(),
                        .sent = tracker.sent(),
                        .ephemerals = none};
  const auto ping = ping_answered(watched);
  const auto close = close_answered(watched);
  return (ping ? ping->monitor : "") + (close ? close->monitor : "");
}
Event control_frame(std::string text, Bytes octets = "") {
  return {.kind = Event::Kind::control,
          .link = "user",
          .octets = std::move(octets),
          .text = std::move(text)};
}
Event of(Event::Kind kind, std::string link = "user") {
  return {.kind = kind, .link = std::move(link)};
}

TEST(WebMonitors, FindAPingWithoutAPong) {
  using enum Event::Kind;
  const auto ping = control_frame("sent Ping", "a");
  EXPECT_EQ(found({ping, of(received), of(closed)}), "websocket-ping");
  EXPECT_EQ(found({ping, control_frame("got Pong", "b"), of(received), of(failed)}),
            "websocket-ping");
  EXPECT_EQ(found({ping, control_frame("got Pong", "a"), of(received), of(closed)}), "");
  EXPECT_EQ(found({ping, control_frame("sent Ping", "b"), control_frame("got Pong", "b"),
                   of(received), of(closed)}),
            "");
  // It may not have come that far.
  EXPECT_EQ(found({ping, of(closed)}), "");
  EXPECT_EQ(found({ping, of(received), of(ended)}), "");
  EXPECT_EQ(found({ping, of(received, "other"), of(closed, "other")}), "");
}

TEST(WebMonitors, FindACloseThatIsNotAnswered) {
  using enum Event::Kind;
  const auto close = control_frame("sent Close", wire::close_payload(1000));
  EXPECT_EQ(found({close, of(failed)}), "websocket-close");
  EXPECT_EQ(found({close, of(closed)}), "websocket-close");
  EXPECT_EQ(found({close, control_frame("got Close"), of(closed)}), "");
  EXPECT_EQ(found({control_frame("got Close"), close, of(closed)}), "");
  // We were the ones who failed the connection.
  EXPECT_EQ(found({control_frame("sent Close", wire::close_payload(1002)), of(failed)}), "");
  EXPECT_EQ(found({close}), "");
}

}  // namespace
}  // namespace parley::engine
