// SPDX-License-Identifier: GPL-3.0-or-later
// An HTTP/1.1 server on a loopback port (RFC 9110, RFC 9112), plain or under TLS, with client
// certificates where asked for. Requests of one connection are answered in their order, one at a
// time: a pipelining peer waits. Everything a peer does costs bounded memory and time. One
// io_context thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/net/stream.h"
#include "harness/wire/http_reader.h"

namespace parley::net {

struct HttpPeer {
  std::optional<TlsSession> tls{};  // with the subject of its certificate, if it showed one
};

struct HttpAnswer {
  enum class Then { keep, close, reset };
  wire::HttpMessage message;
  wire::HttpForm form{};  // how it is written; to a HEAD never with its body by default
  Then then = Then::keep;
  // Where it is there, it writes to the connection in place of all that; closed afterwards.
  // Stopping the server closes the connection under it.
  std::function<asio::awaitable<void>(Stream&)> takeover{};
};

// Answers a request. What it throws run() throws again; the peer gets 500. Called for whole and
// unambiguous requests alone; other oddities are its to judge (a missing Host is one).
using HttpHandler = std::function<asio::awaitable<HttpAnswer>(wire::HttpReceived, HttpPeer)>;

struct HttpServerOptions {
  std::uint16_t port = 0;  // 0: the system chooses
  std::optional<TlsServerOptions> tls{};
  wire::HttpLimits limits{};
  std::chrono::milliseconds request_patience{10'000};  // from a request's first octet to its last
  std::chrono::milliseconds idle_patience{30'000};     // for the next request
  std::chrono::milliseconds write_patience{10'000};    // for the peer to take an answer
  // For a peer that is refused to read why and to close, while what it sends is thrown away.
  std::chrono::milliseconds drain_patience{1'000};
  std::size_t max_connections = 64;  // more wait to be accepted
  // What a careless server takes the octets of each read for.
  std::function<Bytes(Bytes)> misread{};
};

class HttpServer {
 public:
  // `contexts` outlives it. Errors: io.
  static Result<std::unique_ptr<HttpServer>> open(asio::any_io_executor executor,
                                                  TlsContexts& contexts, HttpServerOptions options,
                                                  HttpHandler handler);
  virtual ~HttpServer() = default;

  virtual Address address() const = 0;
  // Serves until stop(), or until it is cancelled, and returns once no connection is left. Once.
  // Throws what a handler threw first.
  virtual asio::awaitable<void> run() = 0;
  // No connection is accepted any more and none read from; a request that is being answered still
  // gets its answer.
  virtual void stop() = 0;
  virtual std::size_t connections() const = 0;
  // Of connections that are accepted from now on.
  virtual void renew_tls(std::optional<TlsServerOptions> tls) = 0;
};

}  // namespace parley::net
