// SPDX-License-Identifier: GPL-3.0-or-later
// Real sockets on the loopback interface; the client is raw octets.
#include "harness/net/http_server.h"

#include <gtest/gtest.h>

#include "harness/net/http_ends.h"

namespace parley::net {
namespace {

// Everything that comes until the server ends it, or `patience` passes without an octet.
asio::awaitable<std::string> rest_of(Stream& stream, std::chrono::milliseconds patience) {
  std::string out;
  while (true) {
    const auto event = co_await stream.read(patience);
    if (const auto* octets = std::get_if<Bytes>(&event)) {
      out += *octets;
      continue;
    }
    co_return out + (std::holds_alternative<Closed>(event)     ? "|closed"
                     : std::holds_alternative<TimedOut>(event) ? "|open"
                                                               : "|failed");
  }
}

asio::awaitable<std::unique_ptr<Stream>> connected_to(HttpServer& server) {
  auto stream = co_await Stream::connect(server.address(), kLong);
  if (!stream) {
    throw std::runtime_error(stream.error().detail);
  }
  co_return std::move(*stream);
}

asio::awaitable<std::string> said(HttpServer& server, Bytes octets) {
  auto stream = co_await connected_to(server);
  (void)co_await stream->write(std::move(octets));
  co_return co_await rest_of(*stream, kLong);
}

// What the server says to `octets`, whose last request should close the connection.
asio::awaitable<std::string> asked(Bytes octets, HttpServerOptions options,
                                   HttpHandler handler = echo) {
  TlsContexts contexts;
  auto server =
      serving(co_await asio::this_coro::executor, contexts, std::move(options), std::move(handler));
  co_return co_await (server->run() && then_stop(said(*server, std::move(octets)), *server));
}

const Bytes kClosing = "GET /z HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const Bytes kPost = "POST /p HTTP/1.1\r\nHost: a\r\n";

Bytes answer(const Bytes& body, const Bytes& connection = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" +
         (connection.empty() ? "" : "Connection: " + connection + "\r\n") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
Bytes refusal(const Bytes& status) {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  EXPECT_EQ(
      run_to_end(asked("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + kPost +
                           "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + kClosing,
                       {})),
      answer("GET /1 ") + answer("POST /p hi") + answer("GET /z ", "close") + "|closed");
}

TEST(HttpServer, KeepsAnOldConnectionOnlyWhenAskedTo) {
  EXPECT_EQ(run_to_end(asked("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                             "GET /2 HTTP/1.0\r\n\r\n",
                             {})),
            answer("GET /1 ", "keep-alive") + answer("GET /2 ", "close") + "|closed");
}

TEST(HttpServer, GivesTheHeadAlone) {
  EXPECT_EQ(run_to_end(asked("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n" + kClosing, {})),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\n" +
                answer("GET /z ", "close") + "|closed");
}

asio::awaitable<std::string> says_more_when_told(HttpServer& server) {
  auto stream = co_await connected_to(server);
  (void)co_await stream->write(kPost +
                               "Expect: 100-continue\r\nContent-Length: 2\r\n"
                               "Connection: close\r\n\r\n");
  const auto event = co_await stream->read(kLong);
  const auto* octets = std::get_if<Bytes>(&event);
  std::string out = octets == nullptr ? "nothing" : *octets;
  (void)co_await stream->write("hi");
  co_return out + co_await rest_of(*stream, kLong);
}
asio::awaitable<std::string> wait_for_continue() {
  TlsContexts contexts;
  auto server = serving(co_await asio::this_coro::executor, contexts, {});
  co_return co_await (server->run() && then_stop(says_more_when_told(*server), *server));
}
TEST(HttpServer, TellsThePeerToGoOn) {
  EXPECT_EQ(run_to_end(wait_for_continue()),
            "HTTP/1.1 100 Continue\r\n\r\n" + answer("POST /p hi", "close") + "|closed");
}

asio::awaitable<HttpAnswer> never_asked(wire::HttpReceived /*request*/, HttpPeer /*peer*/) {
  throw std::logic_error("the handler is asked");
  co_return HttpAnswer{};
}

struct Refused {
  const char* name;
  Bytes octets;
  Bytes status;
};
class HttpServerRefuses : public testing::TestWithParam<Refused> {};
TEST_P(HttpServerRefuses, AndItsHandlerIsNotAsked) {
  HttpServerOptions options{.limits = {.max_head_octets = 2'000, .max_body_octets = 100},
                            .request_patience = kShort,
                            .idle_patience = kLong,
                            .drain_patience = kShort};
  // The peer stays: the answer comes, and then the end.
  EXPECT_EQ(run_to_end(asked(GetParam().octets, std::move(options), never_asked)),
            refusal(GetParam().status) + "|closed");
}
const Refused kRefused[] = {
    {"no_http", "\x16\x03\x01 TLS\r\n\r\n", "400 Bad Request"},
    {"http_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported"},
    {"large_head", "GET /" + Bytes(100'000, 'a'), "431 Request Header Fields Too Large"},
    {"large_body", kPost + "Content-Length: 101\r\n\r\n" + Bytes(101, 'a'),
     "413 Content Too Large"},
    {"smuggling_by_both",
     kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kClosing,
     "400 Bad Request"},
    {"smuggling_by_two_lengths",
     kPost + "Content-Length: 0\r\nContent-Length: 49\r\n\r\n" + kClosing, "400 Bad Request"},
    {"smuggling_by_an_obscure_encoding",
     kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + kClosing, "400 Bad Request"},
    {"smuggling_by_a_space", kPost + "Content-Length : 49\r\n\r\n" + kClosing, "400 Bad Request"},
    {"unfinished_head", "GET / HTTP/1.1\r\nHost: a\r\n", "408 Request Timeout"},
    {"unfinished_body", kPost + "Content-Length: 5\r\n\r\nhi", "408 Request Timeout"},
};
INSTANTIATE_TEST_SUITE_P(All, HttpServerRefuses, testing::ValuesIn(kRefused),
                         [](const auto& tested) { return tested.param.name; });

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
  EXPECT_EQ(run_to_end(asked("", {.idle_patience = kShort})), "|closed");
}

asio::awaitable<HttpAnswer> misbehaves(wire::HttpReceived request, HttpPeer /*peer*/) {
  HttpAnswer out{.message = http_response(200, {}, "body")};
  const auto& target = request.message.request()->target;
  if (target == "/form") {
    out.form = {.content_length = "9"};
    out.then = HttpAnswer::Then::close;
  } else if (target == "/reset") {
    out.then = HttpAnswer::Then::reset;
  } else {
    out.takeover = [](Stream& stream) -> asio::awaitable<void> {
      (void)co_await stream.write("not HTTP");
    };
  }
  co_return out;
}
TEST(HttpServer, AnswersWronglyWhenTold) {
  EXPECT_EQ(run_to_end(asked("GET /form HTTP/1.0\r\n\r\n", {}, misbehaves)),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nbody|closed");
  EXPECT_EQ(run_to_end(asked("GET /raw HTTP/1.0\r\n\r\n", {}, misbehaves)), "not HTTP|closed");
  const auto reset = run_to_end(asked("GET /reset HTTP/1.1\r\n\r\n", {}, misbehaves));
  EXPECT_TRUE(reset.ends_with("|failed")) << reset;
}

TEST(HttpServer, ThrowsWhatItsHandlerThrew) {
  EXPECT_THROW((void)run_to_end(asked(kClosing, {.drain_patience = kShort}, never_asked)),
               std::logic_error);
}

// An idle connection and one whose answer is under way, when the server is stopped.
struct Stopping {
  HttpServer* server = nullptr;
  std::unique_ptr<Stream> idle{};
};
asio::awaitable<HttpAnswer> stop_and_answer(Stopping* stopping) {
  stopping->server->stop();
  HttpAnswer out{.message = http_response(200, {}, "last")};
  co_return out;
}
asio::awaitable<std::string> stopped() {
  TlsContexts contexts;
  Stopping stopping;
  auto server = serving(co_await asio::this_coro::executor, contexts, {},
                        [&](wire::HttpReceived, HttpPeer) { return stop_and_answer(&stopping); });
  stopping.server = server.get();
  auto idle = co_await (server->run() && [](HttpServer& at) -> asio::awaitable<std::string> {
    auto silent = co_await connected_to(at);
    auto asking = co_await connected_to(at);
    (void)co_await asking->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    auto out = co_await rest_of(*asking, kLong);
    out += " " + co_await rest_of(*silent, kLong);
    auto late = co_await Stream::connect(at.address(), kLong);
    co_return out + (late ? " accepted" : " refused");
  }(*server));
  co_return idle + fmt::format(" {} left", server->connections());
}
TEST(HttpServerStop, EndsWhatIsIdleAndFinishesWhatIsAsked) {
  EXPECT_EQ(run_to_end(stopped()),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast|closed |closed "
            "refused 0 left");
}

asio::awaitable<std::string> ask_once(HttpServer& server, std::unique_ptr<Stream>& stream) {
  stream = co_await connected_to(server);
  (void)co_await stream->write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto event = co_await stream->read(kLong);
  co_return std::holds_alternative<Bytes>(event) ? "answered" : "not answered";
}
asio::awaitable<std::string> run_cancelled() {
  TlsContexts contexts;
  auto server = serving(co_await asio::this_coro::executor, contexts, {});
  std::unique_ptr<Stream> stream;
  auto first = co_await (server->run() || ask_once(*server, stream));
  auto out = first.index() == 1 ? std::get<1>(first) : "ended first";
  out += fmt::format(", {} left, ", server->connections());
  co_return out + co_await rest_of(*stream, kLong);
}
TEST(HttpServerStop, IsDoneWhenItsRunIsCancelled) {
  EXPECT_EQ(run_to_end(run_cancelled()), "answered, 0 left, |closed");
}

asio::awaitable<std::string> third_waits(HttpServer& server) {
  auto first = co_await connected_to(server);
  auto second = co_await connected_to(server);
  auto third = co_await connected_to(server);
  (void)co_await third->write(kClosing);
  auto out = co_await rest_of(*third, kShort);
  out += fmt::format(" {} ", server.connections());
  first->close();
  co_return out + co_await rest_of(*third, kLong);
}
asio::awaitable<std::string> two_at_a_time() {
  TlsContexts contexts;
  auto server = serving(co_await asio::this_coro::executor, contexts, {.max_connections = 2});
  co_return co_await (server->run() && then_stop(third_waits(*server), *server));
}
TEST(HttpServer, AcceptsNoMoreConnectionsThanAllowed) {
  EXPECT_EQ(run_to_end(two_at_a_time()), "|open 2 " + answer("GET /z ", "close") + "|closed");
}

TEST(HttpServer, FailsWhereThePortIsTaken) {
  boost::asio::io_context context;
  TlsContexts contexts;
  auto first = HttpServer::open(context.get_executor(), contexts, {}, echo);
  ASSERT_TRUE(first) << first.error();
  auto second =
      HttpServer::open(context.get_executor(), contexts, {.port = (*first)->address().port}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::io);
}

}  // namespace
}  // namespace parley::net
