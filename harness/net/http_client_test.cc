// SPDX-License-Identifier: GPL-3.0-or-later
// Real sockets on the loopback interface.
#include "harness/net/http_client.h"

#include <gtest/gtest.h>

#include "harness/net/http_ends.h"

namespace parley::net {
namespace {

using Strings = std::vector<std::string>;
using crypto::LeafKind;
using wire::HttpFields;

// Fetches with one client, one after the other; then how many connections it keeps.
asio::awaitable<Strings> fetched(HttpClient& client, std::vector<HttpMessage> requests, HttpUrl url,
                                 HttpFetchOptions options) {
  Strings out;
  for (const auto& request : requests) {
    auto outcome = co_await client.fetch(request, url, options);
    out.push_back(shown(outcome));
  }
  out.push_back(fmt::format("{} kept", client.idle_connections()));
  co_return out;
}

asio::awaitable<Strings> from_server(std::vector<HttpMessage> requests, HttpServerOptions serve,
                                     HttpFetchOptions options, HttpHandler handler = echo) {
  const auto executor = co_await asio::this_coro::executor;
  TlsContexts contexts;
  const auto scheme = serve.tls ? HttpUrl::Scheme::https : HttpUrl::Scheme::http;
  auto server = serving(executor, contexts, std::move(serve), std::move(handler));
  auto client = HttpClient::make(contexts, here);
  auto url = url_to(server->address(), scheme, "/a");
  co_return co_await (
      server->run() &&
      then_stop(fetched(*client, std::move(requests), url, std::move(options)), *server));
}

asio::awaitable<Strings> from_peer(std::vector<HttpMessage> requests, std::vector<Script> scripts,
                                   HttpFetchOptions options = {}) {
  TlsContexts contexts;
  auto listener = listening(co_await asio::this_coro::executor);
  auto client = HttpClient::make(contexts, here);
  auto url = url_to(listener->address());
  auto first = co_await (fetched(*client, std::move(requests), url, std::move(options)) ||
                         play(*listener, std::move(scripts)));
  co_return first.index() == 0 ? std::get<0>(std::move(first)) : Strings{"the peer ended"};
}

TEST(HttpClient, FetchesOverOneConnection) {
  EXPECT_EQ(run_to_end(from_server({http_request("GET", ""), http_request("POST", "", {}, "b"),
                                    http_request("HEAD", "")},
                                   {}, {})),
            (Strings{"200 GET /a ", "200 POST /a b", "200 ", "1 kept"}));
}

TEST(HttpClient, FetchesOverTls) {
  const auto made = certificates();
  EXPECT_EQ(run_to_end(from_server({http_request("GET", ""), http_request("GET", "")},
                                   {.tls = made.server}, {.tls = made.client})),
            (Strings{"200 GET /a ", "200 GET /a ", "1 kept"}));
}

struct WrongLeaf {
  const char* name;
  LeafKind kind;
  HttpFault fault;
};
class NamesTheFault : public testing::TestWithParam<WrongLeaf> {};
TEST_P(NamesTheFault, OfACertificate) {
  const auto made = certificates(GetParam().kind);
  const auto got = run_to_end(
      from_server({http_request("GET", "")}, {.tls = made.server}, {.tls = made.client}));
  EXPECT_TRUE(got.front().starts_with(std::string(to_string(GetParam().fault)) + ": TLS: "))
      << got.front();
  EXPECT_EQ(got.back(), "0 kept");
}
INSTANTIATE_TEST_SUITE_P(
    All, NamesTheFault,
    testing::Values(WrongLeaf{"expired", LeafKind::expired, HttpFault::expired},
                    WrongLeaf{"not_yet_valid", LeafKind::not_yet_valid, HttpFault::expired},
                    WrongLeaf{"other_host", LeafKind::other_host, HttpFault::name_mismatch},
                    WrongLeaf{"self_signed", LeafKind::self_signed, HttpFault::untrusted},
                    WrongLeaf{"unknown_ca", LeafKind::unknown_ca, HttpFault::untrusted}),
    [](const auto& row) { return row.param.name; });

TEST(HttpClient, TakesNoOldTls) {
  auto made = certificates();
  made.server.min_version = TlsVersion::tls1_1;
  made.server.max_version = TlsVersion::tls1_1;
  const auto got = run_to_end(
      from_server({http_request("GET", "")}, {.tls = made.server}, {.tls = made.client}));
  EXPECT_TRUE(got.front().starts_with("TLS: ")) << got.front();
}

TEST(HttpClient, ShowsItsCertificate) {
  auto made = certificates();
  const auto authority = crypto::CertificateAuthority::make(Rng(2), std::time(nullptr));
  made.server.client_ca_pem = authority->pem();
  const auto none = run_to_end(
      from_server({http_request("GET", "")}, {.tls = made.server}, {.tls = made.client}));
  EXPECT_TRUE(none.front().starts_with("TLS: ")) << none.front();
  for (const auto kind : {LeafKind::valid, LeafKind::unknown_ca}) {
    const auto leaf = authority->issue("gatekeeper.test", kind);
    made.client.chain_pem = leaf->chain_pem;
    made.client.key_pem = leaf->key_pem;
    const auto got = run_to_end(
        from_server({http_request("GET", "")}, {.tls = made.server}, {.tls = made.client}));
    EXPECT_EQ(got.front() == "200 GET /a /CN=gatekeeper.test", kind == LeafKind::valid)
        << got.front();
  }
}

// Method, target and what is wrong with the peer's certificate.
asio::awaitable<HttpAnswer> fault_of_caller(wire::HttpReceived /*request*/, HttpPeer peer) {
  const bool shown = peer.tls && !peer.tls->peer_subject.empty();
  HttpAnswer out{.message = http_response(
                     200, {}, shown ? std::string(to_string(peer.tls->peer_fault)) : "none")};
  co_return out;
}

asio::awaitable<std::string> caller_as_seen(Certificates made, crypto::LeafKind kind) {
  const auto executor = co_await asio::this_coro::executor;
  const auto authority = crypto::CertificateAuthority::make(Rng(2), std::time(nullptr));
  TlsContexts contexts;
  made.server.client_ca_pem = authority->pem();
  made.server.client_check = TlsServerOptions::ClientCheck::reported;
  const auto server = serving(executor, contexts, {}, fault_of_caller);
  server->renew_tls(made.server);
  const auto client = HttpClient::make(contexts, here);
  HttpFetchOptions options{.tls = made.client};
  const auto leaf = authority->issue("gatekeeper.test", kind);
  options.tls.chain_pem = leaf->chain_pem;
  options.tls.key_pem = leaf->key_pem;
  auto task = then_stop(client->fetch(http_request("GET", "/"),
                                      url_to(server->address(), HttpUrl::Scheme::https), options),
                        *server);
  auto got = co_await (std::move(task) && server->run());
  co_return shown(got);
}

TEST(HttpServer, ReportsWhatIsWrongWithACallersCertificate) {
  const std::vector<std::pair<LeafKind, std::string>> rows{
      {LeafKind::valid, "valid"},           {LeafKind::client_only, "valid"},
      {LeafKind::both_purposes, "valid"},   {LeafKind::server_only, "other-purpose"},
      {LeafKind::expired, "expired"},       {LeafKind::not_yet_valid, "expired"},
      {LeafKind::self_signed, "untrusted"}, {LeafKind::unknown_ca, "untrusted"}};
  for (const auto& [kind, fault] : rows) {
    EXPECT_EQ(run_to_end(caller_as_seen(certificates(), kind)), "200 " + fault);
  }
}

// Redirects to what the query says, and answers elsewhere.
asio::awaitable<HttpAnswer> redirecting(wire::HttpReceived request, HttpPeer peer) {
  const auto& headers = request.message.headers;
  const auto to = wire::value_of(headers, "To");
  if (to.empty() || request.message.request()->target == "/end") {
    auto out = co_await echo(request, peer);
    out.message.body += wire::value_of(headers, "Authorization");
    co_return out;
  }
  HttpAnswer out{
      .message = http_response(std::stoi(wire::value_of(headers, "Status")), {{"Location", to}})};
  co_return out;
}

Strings redirect(std::string method, std::string status, std::string to, int most) {
  HttpMessage request = http_request(
      std::move(method), "",
      {{"To", std::move(to)}, {"Status", std::move(status)}, {"Authorization", "secret"}}, "body");
  HttpFetchOptions options;
  options.redirects.most = most;
  return run_to_end(from_server({std::move(request)}, {}, std::move(options), redirecting));
}

TEST(HttpClientRedirect, IsFollowedAsFarAsAllowed) {
  EXPECT_EQ(redirect("GET", "302", "/end", 0).front(), "302 ");
  EXPECT_EQ(redirect("PUT", "307", "/end", 1).front(), "200 PUT /end bodysecret");
  EXPECT_EQ(redirect("POST", "302", "end", 1).front(), "200 GET /end secret");
  EXPECT_EQ(redirect("PUT", "303", "/end", 1).front(), "200 GET /end secret");
  EXPECT_EQ(redirect("PUT", "302", "/end", 1).front(), "200 PUT /end bodysecret");
  EXPECT_EQ(redirect("GET", "302", "/a", 3).front(), "redirect refused: more than 3 redirects");
  EXPECT_EQ(redirect("GET", "302", "https://partner.test/end", 3).front(),
            "redirect refused: a redirect to another scheme");
  EXPECT_TRUE(redirect("GET", "302", "gopher://a", 3).front().starts_with("bad URL: "));
}

// The other origin is the same server by another name, which the route may know or not.
asio::awaitable<std::string> to_another_name(std::string name) {
  const auto executor = co_await asio::this_coro::executor;
  TlsContexts contexts;
  auto server = serving(executor, contexts, {}, redirecting);
  auto client = HttpClient::make(contexts, [](const HttpUrl& url) -> Result<Address> {
    if (url.host == "internal.test") {
      return fail(Errc::refused, "an internal address");
    }
    return here(url);
  });
  auto to = fmt::format("http://{}:{}/end", name, server->address().port);
  std::vector<HttpMessage> requests{
      http_request("GET", "", {{"To", to}, {"Status", "301"}, {"authorization", "secret"}})};
  HttpFetchOptions options;
  options.redirects.most = 1;
  auto got =
      co_await (server->run() && then_stop(fetched(*client, std::move(requests),
                                                   url_to(server->address()), std::move(options)),
                                           *server));
  co_return got.front();
}

TEST(HttpClientRedirect, TakesNoSecretElsewhereAndAsksTheRoute) {
  EXPECT_EQ(run_to_end(to_another_name(kHost)), "200 GET /end secret");
  EXPECT_EQ(run_to_end(to_another_name("other.test")), "200 GET /end ");
  EXPECT_EQ(run_to_end(to_another_name("internal.test")), "address refused: an internal address");
}

asio::awaitable<void> say(Stream& stream, Bytes octets) {
  co_await hear(stream);
  (void)co_await stream.write(std::move(octets));
}
const HttpMessage kGet = http_request("GET", "/");

asio::awaitable<void> answers(Stream& stream) { co_await say(stream, write(http_response(200))); }
asio::awaitable<void> answers_and_closes(Stream& stream) {
  co_await answers(stream);
  stream.close();
}
asio::awaitable<void> answers_twice(Stream& stream) {
  co_await say(stream, write(http_response(200)) + write(http_response(201)));
}
// The second answer comes with the question to it.
asio::awaitable<void> answers_and_hangs_up_on_the_next(Stream& stream) {
  co_await answers(stream);
  co_await hear(stream);
  stream.reset();
}

TEST(HttpClientPool, LeavesAConnectionThatMayNotStay) {
  EXPECT_EQ(run_to_end(from_peer({kGet, kGet}, {answers_and_closes, answers})),
            (Strings{"200 ", "200 ", "1 kept"}));
  EXPECT_EQ(run_to_end(from_peer({kGet, kGet}, {answers_twice, answers})),
            (Strings{"200 ", "200 ", "1 kept"}));
}

TEST(HttpClientPool, RepeatsOnlyWhatMayBeRepeated) {
  EXPECT_EQ(run_to_end(from_peer({kGet, kGet}, {answers_and_hangs_up_on_the_next, answers})),
            (Strings{"200 ", "200 ", "1 kept"}));
  const auto posted = run_to_end(
      from_peer({kGet, http_request("POST", "/")}, {answers_and_hangs_up_on_the_next, answers}));
  EXPECT_TRUE(posted.at(1).starts_with("closed: ")) << posted.at(1);
}

asio::awaitable<std::string> fetch_from_nobody() {
  TlsContexts contexts;
  auto listener = listening(co_await asio::this_coro::executor);
  auto client = HttpClient::make(contexts, loopback_route);
  auto url = url_to(listener->address());
  listener->close();
  HttpFetchOptions options;
  auto refused = co_await client->fetch(kGet, url, options);
  url.host = "127.0.0.1";
  auto nobody = co_await client->fetch(kGet, url, options);
  co_return shown(refused) + "; " + shown(nobody);
}

TEST(HttpClient, SaysThatNobodyListensOrMayBeAsked) {
  EXPECT_EQ(run_to_end(fetch_from_nobody()),
            "address refused: 'partner.test' is not a loopback address; "
            "unreachable: Connection refused");
}

asio::awaitable<void> continues_first(Stream& stream) {
  co_await say(stream, write(http_response(100)) + write(http_response(200, {}, "x")));
}
asio::awaitable<void> ends_with_its_body(Stream& stream) {
  co_await say(stream, "HTTP/1.1 200 OK\r\n\r\nall of it");
  stream.close();
}

TEST(HttpClient, ReadsEveryKindOfAnswer) {
  EXPECT_EQ(run_to_end(from_peer({kGet}, {continues_first})), (Strings{"200 x", "1 kept"}));
  EXPECT_EQ(run_to_end(from_peer({kGet}, {ends_with_its_body})),
            (Strings{"200 all of it", "0 kept"}));
}

// --- bodies in pieces ---

constexpr std::size_t kPieces = 300;
constexpr std::size_t kPieceOctets = 10'000;

// A request that brings as many pieces as that, all but the last of them whole.
HttpFetchOptions in_pieces(std::size_t& given) {
  HttpFetchOptions out;
  out.body = [&given] { return given++ < kPieces ? Bytes(kPieceOctets, 'x') : Bytes(); };
  return out;
}

asio::awaitable<HttpAnswer> answered(HttpMessage message) {
  co_return HttpAnswer{.message = std::move(message)};
}

TEST(HttpClient, SendsABodyInPieces) {
  std::size_t given = 0;
  const HttpHandler counts = [](const wire::HttpReceived& request, const HttpPeer&) {
    return answered(http_response(200, {}, std::to_string(request.message.body.size())));
  };
  HttpServerOptions serve;
  serve.limits.max_body_octets = kPieces * kPieceOctets;
  const auto request =
      http_request("POST", "", {{"Content-Length", std::to_string(kPieces * kPieceOctets)}});
  EXPECT_EQ(run_to_end(from_server({request}, serve, in_pieces(given), counts)),
            (Strings{"200 3000000", "1 kept"}));
  EXPECT_EQ(given, kPieces + 1);
}

TEST(HttpClient, ReadsAnAnswerThatComesBeforeTheLastPiece) {
  std::size_t given = 0;
  HttpServerOptions serve;
  serve.limits.max_body_octets = kPieceOctets;
  const auto request =
      http_request("POST", "", {{"Content-Length", std::to_string(kPieces * kPieceOctets)}});
  const auto got = run_to_end(from_server({request}, serve, in_pieces(given)));
  EXPECT_EQ(got, (Strings{"413 ", "0 kept"}));
}

HttpHandler large(const HttpFields& headers) {
  return [headers](const wire::HttpReceived&, const HttpPeer&) {
    return answered(http_response(200, headers, Bytes(kPieceOctets * 10, 'y')));
  };
}

TEST(HttpClient, GivesAnAnswersBodyAwayInPieces) {
  for (const HttpFields& headers : {HttpFields{}, HttpFields{{"Transfer-Encoding", "chunked"}},
                                    HttpFields{{"Connection", "close"}}}) {
    std::size_t got = 0;
    std::size_t largest = 0;
    HttpFetchOptions options;
    options.taker = [&](const HttpMessage& head, const Bytes& piece) {
      EXPECT_EQ(head.response()->status, 200);
      got += piece.size();
      largest = std::max(largest, piece.size());
      return true;
    };
    const auto outcome =
        run_to_end(from_server({http_request("GET", "")}, {}, options, large(headers)));
    EXPECT_EQ(outcome.front(), "200 ");
    EXPECT_EQ(got, kPieceOctets * 10);
    EXPECT_LE(largest, 16U * 1024);
  }
}

TEST(HttpClient, EndsWhenNoMoreOfABodyIsWanted) {
  HttpFetchOptions options;
  options.taker = [](const HttpMessage&, const Bytes&) { return false; };
  EXPECT_EQ(run_to_end(from_server({http_request("GET", "")}, {}, options, large({}))),
            (Strings{"too large: no more of the body is wanted", "0 kept"}));
}

}  // namespace
}  // namespace parley::net
