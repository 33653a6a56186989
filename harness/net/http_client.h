// SPDX-License-Identifier: GPL-3.0-or-later
// An HTTP/1.1 client over TCP and TLS (RFC 9110, RFC 9112; TLS 1.2 or newer with verified name and
// CA unless the options say otherwise). What a server does is an answer or a fault with a name; it
// costs bounded memory and time. Where a URL leads is the caller's to say, on every redirect anew.
// One io_context thread; fetches may be under way side by side. The client outlives them.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/net/http_url.h"
#include "harness/net/stream.h"
#include "harness/wire/http_reader.h"

namespace parley::net {

enum class HttpFault {
  bad_url,           // also a Location
  address_refused,   // the route says so
  unreachable,       // nobody listens there
  tls,               // a handshake without agreement, a refusal of our certificate
  untrusted,         // the certificate's CA is not ours
  name_mismatch,     // the certificate is for another host
  expired,           // or not yet valid
  timed_out,         // overall or idle, says the detail
  closed,            // the connection ended before the answer did
  malformed,         // no HTTP, or framing that is ambiguous
  too_large,         // head, body or what else the limits bound
  redirect_refused,  // one more than allowed, or to another scheme
};
std::string_view to_string(HttpFault fault);  // "name mismatch"

struct HttpFetchFailure {
  HttpFault fault;
  std::string detail;             // English, no trailing full stop, no secrets
  HttpUrl url{};                  // of the request that failed
  wire::HttpOddities oddities{};  // of the answer, as far as it came
};

struct HttpFetched {
  wire::HttpReceived answer;  // what its content type is and says is the caller's to judge
  HttpUrl url;                // that it came from
  int redirects = 0;
  std::optional<TlsSession> tls{};
};
using HttpOutcome = std::expected<HttpFetched, HttpFetchFailure>;

struct HttpRedirects {
  enum class Schemes { same, any };
  int most = 0;  // 0: none is followed, the answer is returned as it came
  Schemes schemes = Schemes::same;
};

struct HttpFetchOptions {
  std::chrono::milliseconds patience{10'000};      // for all of it, redirects included
  std::chrono::milliseconds idle_patience{5'000};  // for the next octet
  wire::HttpLimits limits{};
  HttpRedirects redirects{};
  TlsClientOptions tls{};  // its host is the URL's
  wire::HttpForm form{};   // how the request is written
  // Of a request whose body is too large to be held: its body piece by piece, until it gives none.
  // How long it is the request's Content-Length says. Such a request is not repeated.
  std::function<Bytes()> body{};
  // Takes the body of an answer too large to be held, piece by piece; fetch() returns it without.
  // False when no more of it is wanted: the fetch ends as too_large.
  std::function<bool(const wire::HttpMessage& head, Bytes piece)> taker{};
};

// Where a URL's host is. An error refuses the address: its detail says why.
using HttpRoute = std::function<Result<Address>(const HttpUrl&)>;
// For URLs of loopback addresses and "localhost".
Result<Address> loopback_route(const HttpUrl& url);

class HttpClient {
 public:
  // Keeps up to `max_idle` connections for the next fetch of the same origin, address and TLS
  // options.
  static std::unique_ptr<HttpClient> make(TlsContexts& contexts, HttpRoute route,
                                          std::size_t max_idle = 8);
  virtual ~HttpClient() = default;

  // The target of `request` is the URL's; a Host is put in front where it has none. A request that
  // may be repeated (RFC 9110 section 9.2.2) is, once, when a kept connection turns out to be dead.
  // A redirect to another origin takes no Authorization and no Cookie along.
  virtual asio::awaitable<HttpOutcome> fetch(wire::HttpMessage request, HttpUrl url,
                                             HttpFetchOptions options) = 0;
  virtual std::size_t idle_connections() const = 0;
};

}  // namespace parley::net
