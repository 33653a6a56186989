// SPDX-License-Identifier: GPL-3.0-or-later
// The gatekeeper's WebSockets: what it takes, and what its faults make of what it must not take.
#include "harness/reference/whatsapp/web.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/reference/whatsapp/gatekeeper_house.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using testkit::run_to_end;
using wire::WebSocketFrame;
using Masking = net::WebSocket::Masking;

net::WebSocketRequest right_request() {
  return {.host = "127.0.0.1", .path = std::string(kWebPath), .origin = std::string(kWebOrigin)};
}

// A ping's frame, whole, as it goes into frames of a WebSocket.
using Shape = std::vector<WebSocketFrame> (*)(Bytes frame);

std::vector<WebSocketFrame> whole(Bytes frame) { return {{.payload = std::move(frame)}}; }
std::vector<WebSocketFrame> as_text(Bytes frame) {
  return {{.opcode = 1, .payload = std::move(frame)}};
}
std::vector<WebSocketFrame> reserved(Bytes frame) {
  return {{.reserved = 1, .payload = std::move(frame)}};
}
std::vector<WebSocketFrame> split_ping(Bytes frame) {
  return {{.fin = false, .opcode = 9}, {.payload = std::move(frame)}};
}
std::vector<WebSocketFrame> fragments(Bytes frame) {
  return {{.fin = false, .payload = frame.substr(0, 2)}, {.opcode = 0, .payload = frame.substr(2)}};
}
std::vector<WebSocketFrame> messages(Bytes frame) {
  return {{.payload = frame.substr(0, 2)}, {.payload = frame.substr(2)}};
}

// What romeo hears over a WebSocket after a ping of that shape.
asio::awaitable<std::string> heard(std::vector<std::string> faults, net::WebSocketRequest request,
                                   Shape shape, Masking masking) {
  House house(co_await asio::this_coro::executor, std::move(faults));
  const auto url = house.keeper->describe()["endpoints"]["websocket"].get<std::string>();
  auto under = co_await net::Stream::connect(net::parse_websocket_address(url)->address, kPatience);
  auto web = net::WebSocket::make(std::move(*under), wire::WebSocketRole::client, Rng(1));
  auto* frames = web.get();
  const auto opened = co_await web->open(std::move(request), kPatience);
  std::string out = opened ? "" : opened.error().detail;
  if (opened) {
    Phone romeo;
    romeo.name = "romeo";
    romeo.stream = std::move(web);
    if (!co_await romeo.greet()) {
      co_await house.keeper->stop();
      co_return "no handshake";
    }
    romeo.finish(third_party(100, "rosaline"));
    co_await romeo.write(romeo.finish_frame);
    co_await romeo.until("<success");
    auto ping = shape(romeo.sealed(octets_of("<iq id='p1' type='get' xmlns='w:p'/>")));
    (void)co_await frames->write_frames(std::move(ping), masking);
    out = co_await romeo.until("<iq id='p1'") ? "pong" : romeo.ended ? "the end" : "nothing";
  }
  co_await house.keeper->stop();
  co_return out;
}

struct Row {
  const char* name;
  std::vector<std::string> faults;
  Shape shape;
  Masking masking;
  std::string heard;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class GatekeeperOverWebSocket : public testing::TestWithParam<Row> {};

TEST_P(GatekeeperOverWebSocket, TakesOnlyWhatItMust) {
  const auto& row = GetParam();
  EXPECT_EQ(run_to_end(heard(row.faults, right_request(), row.shape, row.masking)), row.heard);
}

INSTANTIATE_TEST_SUITE_P(
    All, GatekeeperOverWebSocket,
    testing::Values(
        Row{"Whole", {}, whole, Masking::by_role, "pong"},
        Row{"Fragments", {}, fragments, Masking::by_role, "pong"},
        Row{"FragmentsRefused",
            {"wg-web-refuses-fragments"},
            fragments,
            Masking::by_role,
            "the end"},
        Row{"Messages", {}, messages, Masking::by_role, "pong"},
        // The intro and the first frame come in one message.
        Row{"FramePerMessage",
            {"wg-web-frame-per-message"},
            whole,
            Masking::by_role,
            "no handshake"},
        Row{"Text", {}, as_text, Masking::by_role, "the end"},
        Row{"TextTaken", {"wg-web-accepts-text"}, as_text, Masking::by_role, "pong"},
        Row{"Unmasked", {}, whole, Masking::none, "the end"},
        Row{"UnmaskedTaken", {"wg-web-accepts-unmasked"}, whole, Masking::none, "pong"},
        Row{"Reserved", {}, reserved, Masking::by_role, "the end"},
        Row{"ReservedTaken", {"wg-web-accepts-odd-frames"}, reserved, Masking::by_role, "pong"},
        Row{"SplitPing", {}, split_ping, Masking::by_role, "the end"},
        Row{"SplitPingTaken",
            {"wg-web-accepts-odd-control"},
            split_ping,
            Masking::by_role,
            "pong"}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(GatekeepersWebSocket, OpensOneAtItsOwnPathForItsOwnOrigin) {
  auto path = right_request();
  path.path = "/";
  auto origin = right_request();
  origin.origin = "https://elsewhere.test";
  EXPECT_EQ(run_to_end(heard({}, path, whole, Masking::by_role)),
            "the upgrade was answered with 404 Not Found");
  EXPECT_EQ(run_to_end(heard({"wg-web-any-path"}, path, whole, Masking::by_role)), "pong");
  EXPECT_EQ(run_to_end(heard({}, origin, whole, Masking::by_role)),
            "the upgrade was answered with 403 Forbidden");
  EXPECT_EQ(run_to_end(heard({"wg-web-any-origin"}, origin, whole, Masking::by_role)), "pong");
}

}  // namespace
}  // namespace parley::reference::whatsapp
