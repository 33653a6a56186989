// SPDX-License-Identifier: GPL-3.0-or-later
// Real sockets on the loopback interface. The independent implementation is Boost.Beast's.
#include "harness/net/websocket.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <ctime>

#include "harness/crypto/certificate.h"
#include "harness/net/deadline.h"
#include "harness/testkit/run_to_end.h"

namespace parley::net {
namespace {

using namespace std::chrono_literals;
using asio::experimental::awaitable_operators::operator&&;
using testkit::run_to_end;
using wire::WebSocketFrame;
using wire::WebSocketRole;

constexpr auto kLong = 10s;  // never waited for in full
constexpr auto kShort = 20ms;

std::string shown(const Event& event) {
  if (const auto* bytes = std::get_if<Bytes>(&event)) {
    return *bytes;
  }
  if (const auto* failed = std::get_if<Failed>(&event)) {
    return "failed: " + failed->reason;
  }
  return std::holds_alternative<Closed>(event) ? "closed" : "timed out";
}
std::string shown(const Result<void>& result) { return result ? "open" : result.error().detail; }

WebSocketRequest request() {
  return {.host = "127.0.0.1:1", .path = "/ws/chat", .origin = "https://phone.test"};
}
WebSocketOffer offer() {
  return {.hosts = {"127.0.0.1:1"}, .path = "/ws/chat", .origin = "https://phone.test"};
}

// A connection; the far end of it is `peer`.
struct Ends {
  std::unique_ptr<Stream> own;
  std::unique_ptr<Stream> peer;
};
asio::awaitable<Ends> connected() {
  auto listener = Listener::open(co_await asio::this_coro::executor);
  if (!listener) {
    throw std::runtime_error(listener.error().detail);
  }
  auto [own, peer] =
      co_await (Stream::connect((*listener)->address(), kLong) && (*listener)->accept(kLong));
  if (!own || peer == nullptr) {
    throw std::runtime_error("no connection on the loopback interface");
  }
  co_return Ends{.own = std::move(*own), .peer = std::move(peer)};
}

// Both ends speak it, and note the control frames.
struct Sockets {
  std::unique_ptr<WebSocket> client;
  std::unique_ptr<WebSocket> server;
  std::string opened{};
  std::shared_ptr<std::string> controls = std::make_shared<std::string>();
};
asio::awaitable<Sockets> upgraded(Ends ends, WebSocketManners manners = {}) {
  Sockets out;
  WebSocketManners noting;
  noting.on_control = [all = out.controls](WebSocketSide side,
                                           const wire::WebSocketControl& control) {
    static const std::map<wire::WebSocketOpcode, std::string> kNames{
        {wire::WebSocketOpcode::ping, "ping"},
        {wire::WebSocketOpcode::pong, "pong"},
        {wire::WebSocketOpcode::close, "close"}};
    *all += (side == WebSocketSide::ours ? "sent " : "got ") + kNames.at(control.kind) + " ";
  };
  out.client = WebSocket::make(std::move(ends.own), WebSocketRole::client, Rng(1), noting);
  out.server = WebSocket::make(std::move(ends.peer), WebSocketRole::server, Rng(2), manners);
  const auto [opened, accepted] =
      co_await (out.client->open(request(), kLong) && out.server->accept(offer(), kLong));
  out.opened = shown(opened) + ", " + shown(accepted);
  co_return out;
}

asio::awaitable<std::string> talk(bool under_tls) {
  Ends ends = co_await connected();
  TlsContexts contexts;
  if (under_tls) {
    const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
    const auto leaf = authority->issue("phone.test", crypto::LeafKind::valid);
    TlsClientOptions trust{.ca_pem = authority->pem(), .host = "phone.test"};
    TlsServerOptions show{.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem};
    (void)co_await (ends.own->start_tls(contexts, std::move(trust), kLong) &&
                    ends.peer->start_tls(contexts, std::move(show), kLong));
  }
  auto both = co_await upgraded(std::move(ends));
  Bytes large(100'000, 'y');
  (void)co_await both.client->write("question");
  std::string out = both.opened + "\n" + shown(co_await both.server->read(kLong)) + "\n";
  (void)co_await both.server->write("answer");
  (void)co_await (both.server->write(large) && both.client->write(large));
  out += shown(co_await both.client->read(kLong)) + "\n";
  out += std::to_string(shown(co_await both.client->read(kLong)).size()) + "\n";
  out += std::to_string(shown(co_await both.server->read(kLong)).size()) + "\n";
  both.client->close_saying("last");
  out += shown(co_await both.server->read(kLong)) + "\n";
  out += shown(co_await both.server->read(kLong)) + "\n";
  out += std::string(both.server->secure() ? "secure" : "clear");
  co_return out;
}

TEST(WebSocket, CarriesMessagesBothWaysAndItsCloseFrame) {
  EXPECT_EQ(run_to_end(talk(false)),
            "open, open\nquestion\nanswer\n100000\n100000\nlast\nclosed\nclear");
}

TEST(WebSocket, RunsUnderTls) {
  EXPECT_EQ(run_to_end(talk(true)),
            "open, open\nquestion\nanswer\n100000\n100000\nlast\nclosed\nsecure");
}

asio::awaitable<std::string> ping_and_close(WebSocketManners manners) {
  auto both = co_await upgraded(co_await connected(), std::move(manners));
  std::vector<WebSocketFrame> frames{{.fin = false, .payload = "one "},
                                     {.opcode = 9, .payload = "?"},
                                     {.opcode = 0, .payload = "message"}};
  (void)co_await both.client->write_frames(std::move(frames), WebSocket::Masking::by_role);
  std::string out = shown(co_await both.server->read(kLong)) + ", ";
  std::vector<WebSocketFrame> close(2);
  close[0] = {.opcode = 8, .payload = wire::close_payload(1000)};
  close[1].payload = "after";
  (void)co_await both.client->write_frames(std::move(close), WebSocket::Masking::by_role);
  out += shown(co_await both.server->read(kLong)) + ", ";
  both.server->reset();
  out += shown(co_await both.client->read(kLong)) + ": " + *both.controls;
  co_return out;
}

TEST(WebSocket, AnswersPingAndClose) {
  EXPECT_EQ(run_to_end(ping_and_close({})),
            "one message, closed, closed: sent ping sent close got pong got close ");
}

TEST(WebSocket, NeglectsWhatItIsTold) {
  using enum WebSocketManners::Neglect;
  EXPECT_EQ(run_to_end(ping_and_close({.neglected = {pings, close}})),
            "one message, after, failed: Connection reset by peer: sent ping sent close ");
}

// A server of ours against octets behind a right upgrade.
asio::awaitable<std::string> heard(Bytes octets, WebSocketManners manners) {
  auto both = co_await upgraded(co_await connected(), std::move(manners));
  std::string out;
  Ends raw = co_await connected();
  auto server = WebSocket::make(std::move(raw.peer), WebSocketRole::server, Rng(3), manners);
  Bytes all = both.server->heads().request + octets;
  (void)co_await (raw.own->write(std::move(all)) && server->accept(offer(), kLong));
  out += shown(co_await server->read(kLong));
  server->close();
  // The Close frame that says why: of a server, without a mask.
  Bytes answer;
  for (;;) {
    const Event event = co_await raw.own->read(kLong);
    if (!std::holds_alternative<Bytes>(event)) {
      break;
    }
    answer += std::get<Bytes>(event);
  }
  co_return out + " " + to_hex(answer.substr(answer.find("\r\n\r\n") + 4));
}

Bytes of(WebSocketFrame frame) {
  frame.mask = wire::WebSocketMask{1, 2, 3, 4};
  return wire::write(frame);
}

struct Hostile {
  const char* name;
  Bytes octets;
  std::string heard;
};
void PrintTo(const Hostile& row, std::ostream* out) { *out << row.name; }
class HearsOfHostilePeers : public testing::TestWithParam<Hostile> {};

TEST_P(HearsOfHostilePeers, AnEventAndTellsThem) {
  const WebSocketManners manners{.limits = {.max_message_octets = 100, .max_fragments = 10},
                                 .message_patience = kShort};
  EXPECT_EQ(run_to_end(heard(GetParam().octets, manners)), GetParam().heard);
}

Bytes times(int count, const Bytes& octets) {
  Bytes out;
  for (int i = 0; i < count; ++i) {
    out += octets;
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    All, HearsOfHostilePeers,
    testing::Values(
        Hostile{"Unmasked", wire::write({.payload = "x"}),
                "failed: WebSocket: a client's frame without a mask 880203ea"},
        Hostile{"Text", of({.opcode = 1, .payload = "x"}),
                "failed: WebSocket: a text message 880203eb"},
        Hostile{"Claims2To63", of({.claimed = std::uint64_t{1} << 63}),
                "failed: WebSocket: a length that is not in its shortest form 880203ea"},
        Hostile{"Claims2To62", of({.claimed = std::uint64_t{1} << 62}),
                "failed: WebSocket: a message that is too large 880203f1"},
        Hostile{"FragmentsForEver",
                of({.fin = false, .payload = "x"}) +
                    times(50, of({.fin = false, .opcode = 0, .payload = ""})),
                "failed: WebSocket: a message that is too large 880203f1"},
        Hostile{"HalfAMessage", of({.fin = false, .payload = "x"}),
                "failed: WebSocket: a message that is never finished 880203ea"},
        Hostile{"HalfAFrame", of({.payload = "message"}).substr(0, 8),
                "failed: WebSocket: a message that is never finished 880203ea"},
        Hostile{"HalfAMessageAndPings",
                of({.fin = false, .payload = "x"}) + times(3, of({.opcode = 9})),
                "failed: WebSocket: a message that is never finished 8a008a008a00880203ea"},
        Hostile{"NothingButPongs", times(10'002, of({.opcode = 10})),
                "failed: WebSocket: nothing but empty messages and control frames 880203ea"},
        Hostile{"BadClose", of({.opcode = 8, .payload = "x"}),
                "failed: WebSocket: a Close frame with a wrong payload 880203ea"},
        Hostile{"Close", of({.opcode = 8, .payload = wire::close_payload(1001)}),
                "closed 880203e9"}),
    [](const auto& instance) { return std::string(instance.param.name); });

asio::awaitable<std::string> end_without_close() {
  auto both = co_await upgraded(co_await connected());
  both.client->reset();
  co_return shown(co_await both.server->read(kLong));
}
TEST(WebSocketRead, SeesAnEndWithoutACloseFrameAsFailed) {
  EXPECT_EQ(run_to_end(end_without_close()), "failed: Connection reset by peer");
}

asio::awaitable<std::string> silence() {
  auto both = co_await upgraded(co_await connected());
  std::string out = shown(co_await both.server->read(kShort)) + ", ";
  (void)co_await both.client->write("late");
  co_return out + shown(co_await both.server->read(kLong));
}
TEST(WebSocketRead, TimesOutAndLosesNothing) {
  EXPECT_EQ(run_to_end(silence()), "timed out, late");
}

// What a server of ours says to a request.
asio::awaitable<std::string> answered(Bytes asked, std::chrono::milliseconds timeout) {
  Ends raw = co_await connected();
  auto server = WebSocket::make(std::move(raw.peer), WebSocketRole::server, Rng(3));
  const auto [ignored, accepted] =
      co_await (raw.own->write(std::move(asked)) && server->accept(offer(), timeout));
  co_return server->heads().answer.substr(0, 12) + ": " + shown(accepted);
}

constexpr std::string_view kRight =
    "GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUpgrade: WebSocket\r\n"
    "Connection: keep-alive, Upgrade\r\nOrigin: https://phone.test\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

Bytes with(std::string_view what, std::string_view by) {
  Bytes out(kRight);
  const auto at = out.find(what);
  return at == Bytes::npos ? "not there" : out.replace(at, what.size(), by);
}

TEST(WebSocketAccept, GivesTheAnswerOfTheRfcsExample) {
  const auto head = run_to_end([](Bytes asked) -> asio::awaitable<Bytes> {
    Ends ends = co_await connected();
    auto server = WebSocket::make(std::move(ends.peer), WebSocketRole::server, Rng(3));
    (void)co_await (ends.own->write(std::move(asked)) && server->accept(offer(), kLong));
    co_return server->heads().answer;
  }(Bytes(kRight)));
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), Bytes::npos)
      << head;
}

TEST(WebSocketAccept, RefusesWhatIsNotOffered) {
  const std::pair<Bytes, std::string> kRows[] = {
      {Bytes(kRight), "HTTP/1.1 101: open"},
      {with("/ws/chat", "/other"),
       "HTTP/1.1 404: the peer asked for the path '/other' and not for '/ws/chat'"},
      {with("https://phone.test", "https://other.test"),
       "HTTP/1.1 403: the peer's Origin is 'https://other.test' and not 'https://phone.test'"},
      {with("Origin: https://phone.test\r\n", ""),
       "HTTP/1.1 403: the peer's Origin is '' and not 'https://phone.test'"},
      {with("127.0.0.1:1", "other:1"), "HTTP/1.1 400: the peer asked for the host 'other:1'"},
      {with("Host: 127.0.0.1:1\r\n", ""),
       "HTTP/1.1 400: the peer did not ask for a WebSocket as RFC 6455 has it"},
      {with("GET", "PUT"), "HTTP/1.1 400: the peer did not ask for a WebSocket as RFC 6455 has it"},
      {with("WebSocket", "h2c"),
       "HTTP/1.1 400: the peer did not ask for a WebSocket as RFC 6455 has it"},
      {with("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
       "HTTP/1.1 400: the peer did not ask for a WebSocket as RFC 6455 has it"},
      {with("Version: 13", "Version: 8"),
       "HTTP/1.1 426: the peer asked for another version than 13"},
      {"\x16\x03\x01 this is TLS\r\n\r\n", "HTTP/1.1 400: the upgrade is not HTTP: bad method"},
      {"GET /" + Bytes(20'000, 'a'),
       "HTTP/1.1 400: the upgrade is not HTTP: header limit exceeded"},
  };
  for (const auto& [asked, answer] : kRows) {
    EXPECT_EQ(run_to_end(answered(asked, kLong)), answer) << asked.substr(0, 300);
  }
  EXPECT_EQ(run_to_end(answered("GET / HTTP/1.1\r\n", kShort)), ": timed out");
}

// Three writes at once, before the peer reads; the second gives up while it waits for its turn.
asio::awaitable<std::string> give_up_in_the_line() {
  auto both = co_await upgraded(co_await connected());
  const auto executor = co_await asio::this_coro::executor;
  constexpr std::size_t kMoreThanBuffers = 16 * 1024 * 1024;
  std::string ends;
  const auto note = [&ends](std::exception_ptr error, Result<void> done) {
    ends += error ? "threw " : shown(done) + " ";
  };
  asio::co_spawn(executor, both.client->write(Bytes(kMoreThanBuffers, 'x')), note);
  const auto second = co_await with_deadline(both.client->write("second"), kShort);
  asio::co_spawn(executor, both.client->write("third"), note);
  std::string read = second ? "written, " : "given up, ";
  read += std::to_string(shown(co_await both.server->read(kLong)).size()) + ", ";
  read += shown(co_await both.server->read(kLong)) + ", ";
  while (ends.size() < 10) {
    co_await asio::post(asio::use_awaitable);
  }
  co_return read + ends;
}

TEST(WebSocket, GoesOnWithTheWritesBehindOneThatGaveUp) {
  EXPECT_EQ(run_to_end(give_up_in_the_line()), "given up, 16777216, third, open open ");
}

// What a client of ours makes of an answer.
asio::awaitable<std::string> made_of(WebSocketOffer answer) {
  Ends raw = co_await connected();
  auto client = WebSocket::make(std::move(raw.own), WebSocketRole::client, Rng(3));
  auto server = WebSocket::make(std::move(raw.peer), WebSocketRole::server, Rng(3));
  const auto [opened, ignored] =
      co_await (client->open(request(), kLong) && server->accept(std::move(answer), kLong));
  co_return shown(opened);
}

TEST(WebSocketOpen, RefusesWrongAnswers) {
  EXPECT_EQ(run_to_end(made_of({})), "open");
  EXPECT_EQ(run_to_end(made_of({.path = "/other"})), "the upgrade was answered with 404 Not Found");
  EXPECT_EQ(run_to_end(made_of({.status = "200 OK"})), "the upgrade was answered with 200 OK");
  EXPECT_EQ(run_to_end(made_of({.accept = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="})),
            "the answer's Sec-WebSocket-Accept does not belong to our key");
  EXPECT_EQ(run_to_end(made_of({.protocol = "chat"})),
            "the answer names the subprotocol 'chat' that was not asked for");
  EXPECT_EQ(run_to_end(made_of({.upgrade = "h2c"})),
            "the answer does not name the upgrade to WebSocket");
}

namespace beast = boost::beast;
using BeastSocket = beast::websocket::stream<asio::ip::tcp::socket>;

asio::awaitable<Event> read_and_close(Stream& stream) {
  Event event = co_await stream.read(kLong);
  stream.close();
  co_return event;
}

asio::awaitable<std::string> beast_client_talks() {
  const auto executor = co_await asio::this_coro::executor;
  auto listener = *Listener::open(executor);
  BeastSocket beast(executor);
  const asio::ip::tcp::endpoint to(asio::ip::address_v4::loopback(), listener->address().port);
  auto under = co_await (beast.next_layer().async_connect(to, asio::use_awaitable) &&
                         listener->accept(kLong));
  auto own = WebSocket::make(std::move(under), WebSocketRole::server, Rng(5));
  WebSocketOffer any{.path = "/ws/chat"};
  auto accepted = (co_await (beast.async_handshake("127.0.0.1", "/ws/chat", asio::use_awaitable) &&
                             own->accept(std::move(any), kLong)));
  beast.binary(true);
  co_await beast.async_write(asio::buffer(Bytes("question")), asio::use_awaitable);
  std::string out = shown(accepted) + ", " + shown(co_await own->read(kLong)) + ", ";
  (void)co_await own->write(Bytes(70'000, 'a'));
  beast::flat_buffer answer;
  out += std::to_string(co_await beast.async_read(answer, asio::use_awaitable)) + ", ";
  auto last =
      co_await (beast.async_close(beast::websocket::close_code::normal, asio::use_awaitable) &&
                read_and_close(*own));
  co_return out + shown(last);
}

asio::awaitable<std::string> beast_server_talks() {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::acceptor acceptor(executor, {asio::ip::address_v4::loopback(), 0});
  const Address to{.host = "127.0.0.1", .port = acceptor.local_endpoint().port()};
  auto [socket, under] =
      co_await (acceptor.async_accept(asio::use_awaitable) && Stream::connect(to, kLong));
  BeastSocket beast(std::move(socket));
  auto own = WebSocket::make(std::move(*under), WebSocketRole::client, Rng(5));
  auto opened = co_await (beast.async_accept(asio::use_awaitable) && own->open(request(), kLong));
  std::vector<WebSocketFrame> frames{{.fin = false, .payload = Bytes(200, 'a')},
                                     {.opcode = 9, .payload = "?"},
                                     {.opcode = 0, .payload = Bytes(66'000, 'b')}};
  (void)co_await own->write_frames(std::move(frames), WebSocket::Masking::by_role);
  beast::flat_buffer question;
  std::string out = shown(opened) + ", " +
                    std::to_string(co_await beast.async_read(question, asio::use_awaitable)) + ", ";
  beast.binary(true);
  co_await beast.async_write(asio::buffer(Bytes("answer")), asio::use_awaitable);
  out += shown(co_await own->read(kLong)) + ", ";
  own->close();
  boost::system::error_code error;
  co_await beast.async_read(question, asio::redirect_error(asio::use_awaitable, error));
  co_return out + std::to_string(beast.reason().code);
}

TEST(WebSocketWithBeast, AnswersItsClient) {
  EXPECT_EQ(run_to_end(beast_client_talks()), "open, question, 70000, closed");
}
TEST(WebSocketWithBeast, IsAnsweredByItsServer) {
  EXPECT_EQ(run_to_end(beast_server_talks()), "open, 66200, answer, 1000");
}

TEST(ParseWebSocketAddress, TakesSchemeAddressAndPath) {
  const auto full = parse_websocket_address("wss://127.0.0.1:8443/ws/chat?v=1");
  ASSERT_TRUE(full) << full.error();
  EXPECT_EQ(full->scheme, WebSocketAddress::Scheme::wss);
  EXPECT_EQ(to_string(full->address), "127.0.0.1:8443");
  EXPECT_EQ(full->path, "/ws/chat?v=1");
  const auto bare = parse_websocket_address("ws://127.0.0.1:8080");
  ASSERT_TRUE(bare) << bare.error();
  EXPECT_EQ(bare->scheme, WebSocketAddress::Scheme::ws);
  EXPECT_EQ(bare->path, "/");
  for (const auto* wrong : {"http://127.0.0.1:80/", "127.0.0.1:80", "ws://127.0.0.1/", "ws://:80/",
                            "ws://127.0.0.1:80/a b", "ws://127.0.0.1:80/#a", "wss:/127.0.0.1:80"}) {
    EXPECT_FALSE(parse_websocket_address(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace parley::net
