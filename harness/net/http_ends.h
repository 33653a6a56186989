// SPDX-License-Identifier: GPL-3.0-or-later
// Both ends of HTTP on the loopback interface, right and wrong, for the tests beside it.
#pragma once

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <ctime>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/certificate.h"
#include "harness/net/http_client.h"
#include "harness/net/http_server.h"
#include "harness/testkit/run_to_end.h"

namespace parley::net {

using namespace std::chrono_literals;
using asio::experimental::awaitable_operators::operator&&;
using asio::experimental::awaitable_operators::operator||;
using testkit::run_to_end;
using wire::http_request;
using wire::http_response;
using wire::HttpMessage;

inline constexpr auto kLong = std::chrono::milliseconds(10'000);  // never waited for in full
inline constexpr auto kShort = std::chrono::milliseconds(30);
inline constexpr const char* kHost = "partner.test";

inline std::string shown(const HttpOutcome& outcome) {
  if (!outcome) {
    return fmt::format("{}: {}", to_string(outcome.error().fault), outcome.error().detail);
  }
  const auto& message = outcome->answer.message;
  return fmt::format("{} {}", message.response()->status, message.body);
}

// Everything leads to this machine, the port is the URL's.
inline Result<Address> here(const HttpUrl& url) {
  return Address{.host = "127.0.0.1", .port = url.port};
}

inline HttpUrl url_to(const Address& address, HttpUrl::Scheme scheme = HttpUrl::Scheme::http,
                      std::string target = "/") {
  return {.scheme = scheme, .host = kHost, .port = address.port, .target = std::move(target)};
}

// A connection's other end as a test plays it.
using Script = asio::awaitable<void> (*)(Stream&);

// Plays one connection after the other, and keeps them all open.
inline asio::awaitable<void> play(Listener& listener, std::vector<Script> scripts) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (const Script script : scripts) {
    streams.push_back(co_await listener.accept(std::chrono::milliseconds(0)));
    if (streams.back() == nullptr) {
      co_return;  // the test is over before the client comes again
    }
    co_await script(*streams.back());
  }
  (void)co_await listener.accept(std::chrono::milliseconds(0));  // until the test ends
}

inline std::unique_ptr<Listener> listening(const asio::any_io_executor& executor) {
  auto out = Listener::open(executor);
  if (!out) {
    throw std::runtime_error(out.error().detail);
  }
  return std::move(*out);
}

// Reads one request, or what there is of it.
inline asio::awaitable<void> hear(Stream& stream) { (void)co_await stream.read(kLong); }

struct Certificates {
  TlsClientOptions client;
  TlsServerOptions server;
};
// Made for today: OpenSSL verifies against the real clock.
inline Certificates certificates(crypto::LeafKind kind = crypto::LeafKind::valid) {
  const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
  const auto leaf = authority->issue(kHost, kind);
  return {.client = {.ca_pem = authority->pem(), .host = kHost},
          .server = {.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem}};
}

// Method, target, body, and the subject of the peer's certificate.
inline asio::awaitable<HttpAnswer> echo(wire::HttpReceived request, HttpPeer peer) {
  const auto& line = *request.message.request();
  HttpAnswer out{.message = http_response(
                     200, {{"Content-Type", "text/plain"}},
                     fmt::format("{} {} {}{}", line.method, line.target, request.message.body,
                                 peer.tls ? peer.tls->peer_subject : ""))};
  co_return out;
}

inline std::unique_ptr<HttpServer> serving(const asio::any_io_executor& executor,
                                           TlsContexts& contexts, HttpServerOptions options,
                                           HttpHandler handler = echo) {
  auto out = HttpServer::open(executor, contexts, std::move(options), std::move(handler));
  if (!out) {
    throw std::runtime_error(out.error().detail);
  }
  return std::move(*out);
}

template <class T>
asio::awaitable<T> then_stop(asio::awaitable<T> task, HttpServer& server) {
  T out = co_await std::move(task);
  server.stop();
  co_return out;
}

}  // namespace parley::net
