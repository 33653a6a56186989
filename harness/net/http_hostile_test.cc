// SPDX-License-Identifier: GPL-3.0-or-later
// Peers that mean harm, on both sides of HTTP: what they do ends in a named fault within the
// deadline, and costs no more memory than the limits say.
#include <gtest/gtest.h>

#include "harness/net/http_ends.h"
#include "harness/testkit/heap_watch.h"

namespace parley::net {
namespace {

using testkit::HeapWatch;

constexpr std::size_t kMaxBody = 64 * 1024;
// A body of that size as it grows, a head, and buffers of connections and coroutines.
constexpr std::size_t kMaxHeap = 1024 * 1024;
constexpr int kManyPieces = 4'000;  // of 16 KiB: far beyond any limit

HttpFetchOptions bounded(std::chrono::milliseconds patience = kLong) {
  HttpFetchOptions out;
  out.patience = patience;
  out.limits.max_body_octets = kMaxBody;
  return out;
}

asio::awaitable<std::string> fetch_once(HttpClient& client, HttpUrl url, HttpFetchOptions options) {
  co_return shown(co_await client.fetch(http_request("GET", ""), std::move(url), options));
}

asio::awaitable<std::string> fetch_from(Script script, HttpFetchOptions options) {
  TlsContexts contexts;
  auto listener = listening(co_await asio::this_coro::executor);
  auto client = HttpClient::make(contexts, here);
  std::vector<Script> scripts{script};
  auto first = co_await (fetch_once(*client, url_to(listener->address()), std::move(options)) ||
                         play(*listener, std::move(scripts)));
  co_return first.index() == 0 ? std::get<0>(std::move(first)) : "the peer ended";
}

// `piece` again and again, until the client no longer takes it.
asio::awaitable<void> flood(Stream& stream, Bytes head, Bytes piece) {
  co_await hear(stream);
  auto written = co_await stream.write(std::move(head));
  for (int i = 0; i < kManyPieces && written; ++i) {
    written = co_await stream.write(piece);
  }
}
// One octet a millisecond, for ever.
asio::awaitable<void> drip(Stream& stream, Bytes octets) {
  co_await hear(stream);
  for (std::size_t i = 0;; ++i) {
    Bytes octet(1, i < octets.size() ? octets[i] : 'x');
    if (!co_await stream.write(std::move(octet))) {
      co_return;
    }
    (void)co_await stream.read(1ms);
  }
}

const Bytes kOk = "HTTP/1.1 200 OK\r\n";

asio::awaitable<void> endless_body(Stream& stream) {
  co_await flood(stream, kOk + "\r\n", Bytes(16'384, 'x'));
}
asio::awaitable<void> endless_chunks(Stream& stream) {
  co_await flood(stream, kOk + "Transfer-Encoding: chunked\r\n\r\n",
                 "4000\r\n" + Bytes(16'384, 'x') + "\r\n");
}
asio::awaitable<void> endless_extension(Stream& stream) {
  co_await flood(stream, kOk + "Transfer-Encoding: chunked\r\n\r\n1;", Bytes(16'384, 'x'));
}
asio::awaitable<void> endless_trailers(Stream& stream) {
  co_await flood(stream, kOk + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n");
}
asio::awaitable<void> ten_gibioctets(Stream& stream) {
  co_await flood(stream, kOk + "Content-Length: 10737418240\r\n\r\n", Bytes(16'384, 'x'));
}
asio::awaitable<void> many_headers(Stream& stream) {
  Bytes head = kOk;
  for (int i = 0; i < 100'000; ++i) {
    head += "A: b\r\n";
  }
  co_await flood(stream, std::move(head), "\r\n");
}
asio::awaitable<void> endless_line(Stream& stream) {
  co_await flood(stream, kOk + "A: ", Bytes(16'384, 'x'));
}
asio::awaitable<void> endless_interim(Stream& stream) {
  while (co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    (void)co_await stream.read(1ms);
  }
}
asio::awaitable<void> dripping_head(Stream& stream) { co_await drip(stream, kOk + "A: "); }
asio::awaitable<void> dripping_body(Stream& stream) { co_await drip(stream, kOk + "\r\n"); }
asio::awaitable<void> octet_by_octet(Stream& stream) {
  co_await hear(stream);
  for (const char octet : write(http_response(200, {}, "slowly"))) {
    (void)co_await stream.write(Bytes(1, octet));
    (void)co_await stream.read(1ms);
  }
}
asio::awaitable<void> too_short(Stream& stream) {
  co_await hear(stream);
  (void)co_await stream.write(kOk + "Content-Length: 9\r\n\r\nshort");
  stream.close();
}
asio::awaitable<void> never_closes(Stream& stream) {
  co_await hear(stream);
  (void)co_await stream.write(kOk + "\r\nall");
}
asio::awaitable<void> silence(Stream& stream) { co_await hear(stream); }
asio::awaitable<void> both_framings(Stream& stream) {
  co_await hear(stream);
  (void)co_await stream.write(
      write(http_response(200, {}, "a"), {.framing = wire::HttpFraming::length_then_chunked}));
}

struct Row {
  const char* name;
  Script script;
  std::chrono::milliseconds patience;
  std::string outcome;
};
class HostileServer : public testing::TestWithParam<Row> {};
TEST_P(HostileServer, CostsBoundedMemoryAndTime) {
  const HeapWatch watch;
  EXPECT_EQ(run_to_end(fetch_from(GetParam().script, bounded(GetParam().patience))),
            GetParam().outcome);
  EXPECT_LT(watch.peak_octets(), kMaxHeap);
}
const Row kRows[] = {
    {"endless_body", endless_body, kLong, "too large: a body of too many octets"},
    {"endless_chunks", endless_chunks, kLong, "too large: body limit exceeded"},
    {"endless_extension", endless_extension, kLong,
     "too large: chunk extensions of too many octets"},
    {"endless_trailers", endless_trailers, kLong, "too large: too many fields"},
    {"ten_gibioctets", ten_gibioctets, kLong, "too large: body limit exceeded"},
    {"endless_line", endless_line, kLong, "too large: a head of too many octets"},
    {"endless_interim", endless_interim, kShort, "timed out: the answer took too long"},
    {"dripping_head", dripping_head, kShort, "timed out: the answer took too long"},
    {"dripping_body", dripping_body, kShort, "timed out: the answer took too long"},
    {"octet_by_octet", octet_by_octet, kLong, "200 slowly"},
    {"too_short", too_short, kLong, "closed: the connection ended within a message"},
    {"never_closes", never_closes, kShort, "timed out: the answer took too long"},
    {"both_framings", both_framings, kLong, "malformed: bad Transfer-Encoding"},
};
INSTANTIATE_TEST_SUITE_P(All, HostileServer, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

// The script's own 600 KB head is in the heap with it.
TEST(HostileServer, SendsAHundredThousandHeaders) {
  EXPECT_EQ(run_to_end(fetch_from(many_headers, bounded())), "too large: too many fields");
}

TEST(HostileServer, IsWaitedForNoLongerThanIdlePatience) {
  auto options = bounded();
  options.idle_patience = kShort;
  EXPECT_EQ(run_to_end(fetch_from(silence, options)), "timed out: nothing came for too long");
}

// A client that sends `head` and then `piece` for as long as the server takes it, and what the
// server answered; "" where it gave up without a word.
struct Attack {
  const char* name;
  Bytes head;
  Bytes piece;
  std::string answer;  // the status line
};
asio::awaitable<std::string> attacks(HttpServer& server, Attack attack) {
  auto stream = co_await Stream::connect(server.address(), kLong);
  if (!stream) {
    throw std::runtime_error(stream.error().detail);
  }
  auto written = co_await (*stream)->write(std::move(attack.head));
  std::string answer;
  for (int i = 0; i < kManyPieces && written; ++i) {
    written = co_await (*stream)->write(attack.piece);
    const auto event = co_await (*stream)->read(1ms);
    if (const auto* octets = std::get_if<Bytes>(&event)) {
      answer += *octets;
    } else if (!std::holds_alternative<TimedOut>(event)) {
      break;
    }
  }
  co_return answer.substr(0, answer.find("\r\n"));
}
asio::awaitable<std::string> attacked(Attack attack) {
  TlsContexts contexts;
  auto server = serving(co_await asio::this_coro::executor, contexts,
                        {.limits = {.max_body_octets = kMaxBody},
                         .request_patience = 100ms,
                         .idle_patience = kLong,
                         .drain_patience = kShort});
  co_return co_await (server->run() && then_stop(attacks(*server, std::move(attack)), *server));
}

class HostileClient : public testing::TestWithParam<Attack> {};
TEST_P(HostileClient, CostsBoundedMemoryAndTime) {
  const HeapWatch watch;
  EXPECT_EQ(run_to_end(attacked(GetParam())), GetParam().answer);
  EXPECT_LT(watch.peak_octets(), kMaxHeap);
}
const Bytes kPost = "POST / HTTP/1.1\r\nHost: a\r\n";
const Attack kAttacks[] = {
    {"drips_a_head", "GET / HTTP/1.1\r\n", "A", "HTTP/1.1 408 Request Timeout"},
    {"drips_headers", "GET / HTTP/1.1\r\n", "A:\r\n", "HTTP/1.1 408 Request Timeout"},
    {"drips_a_body", kPost + "Content-Length: 60000\r\n\r\n", "A", "HTTP/1.1 408 Request Timeout"},
    {"floods_a_head", "GET / HTTP/1.1\r\nA: ", Bytes(16'384, 'a'),
     "HTTP/1.1 431 Request Header Fields Too Large"},
    {"floods_headers", "GET / HTTP/1.1\r\n",
     []() {
       Bytes many;
       for (int i = 0; i < 1'000; ++i) {
         many += "A: b\r\n";
       }
       return many;
     }(),
     "HTTP/1.1 431 Request Header Fields Too Large"},
    {"floods_chunks", kPost + "Transfer-Encoding: chunked\r\n\r\n",
     "4000\r\n" + Bytes(16'384, 'x') + "\r\n", "HTTP/1.1 413 Content Too Large"},
    {"claims_ten_gibioctets", kPost + "Content-Length: 10737418240\r\n\r\n", Bytes(16'384, 'x'),
     "HTTP/1.1 413 Content Too Large"},
};
INSTANTIATE_TEST_SUITE_P(All, HostileClient, testing::ValuesIn(kAttacks),
                         [](const auto& row) { return row.param.name; });

// A peer that asks and never reads must not make the server keep its answers.
asio::awaitable<HttpAnswer> large(wire::HttpReceived /*request*/, HttpPeer /*peer*/) {
  HttpAnswer out{.message = http_response(200, {}, Bytes(kMaxBody, 'x'))};
  co_return out;
}
asio::awaitable<std::string> asks_and_never_reads(HttpServer& server) {
  auto stream = co_await Stream::connect(server.address(), kLong);
  Bytes many;
  for (int i = 0; i < 2'000; ++i) {
    many += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  while (co_await (*stream)->write(many)) {
  }
  co_return "given up";
}
asio::awaitable<std::string> unread() {
  TlsContexts contexts;
  auto server =
      serving(co_await asio::this_coro::executor, contexts, {.write_patience = kShort}, large);
  co_return co_await (server->run() && then_stop(asks_and_never_reads(*server), *server));
}
TEST(HostileClient, NeverReads) {
  const HeapWatch watch;
  EXPECT_EQ(run_to_end(unread()), "given up");
  EXPECT_LT(watch.peak_octets(), kMaxHeap);
}

}  // namespace
}  // namespace parley::net
