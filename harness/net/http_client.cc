// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/http_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/net/deadline.h"

namespace parley::net {
namespace {

using std::chrono::milliseconds;
using wire::HttpMessage;
using Clock = std::chrono::steady_clock;
using Failure = HttpFetchFailure;

// What two fetches must have in common to share a connection.
using Kinship = std::tuple<HttpUrl::Scheme, std::string, std::uint16_t, std::string, std::string,
                           bool, TlsVersion, TlsVersion, std::string>;

struct Connection {
  std::unique_ptr<Stream> stream;
  std::optional<TlsSession> tls{};
  Kinship kinship{};
};

// One request and all that bounds it. Lives in fetch().
struct Job {
  HttpMessage request;
  HttpUrl url;
  HttpFetchOptions options;
  Clock::time_point until;
  bool answered = false;  // by an octet at least

  milliseconds left() const {
    const auto rest = std::chrono::ceil<milliseconds>(until - Clock::now());
    return std::max(rest, milliseconds(1));
  }
  milliseconds next_wait() const { return std::min(left(), options.idle_patience); }
  bool over() const { return Clock::now() >= until; }
  Failure failure(HttpFault fault, std::string detail) const {
    return {.fault = fault, .detail = std::move(detail), .url = url};
  }
  Failure timed_out() const {
    return failure(HttpFault::timed_out,
                   over() ? "the answer took too long" : "nothing came for too long");
  }
};

// RFC 9110 section 9.2.2.
bool may_repeat(const HttpMessage& request) {
  static constexpr std::string_view kIdempotent[] = {"GET",   "HEAD", "OPTIONS",
                                                     "TRACE", "PUT",  "DELETE"};
  return std::ranges::find(kIdempotent, request.request()->method) != std::end(kIdempotent);
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

HttpFault fault_of(Errc code) {
  return code == Errc::too_large   ? HttpFault::too_large
         : code == Errc::truncated ? HttpFault::closed
                                   : HttpFault::malformed;
}

HttpFault fault_of(CertificateFault fault) {
  switch (fault) {
    case CertificateFault::none:
      return HttpFault::tls;
    case CertificateFault::untrusted:
    case CertificateFault::other_purpose:
      return HttpFault::untrusted;
    case CertificateFault::expired:
      return HttpFault::expired;
    case CertificateFault::other_name:
      return HttpFault::name_mismatch;
  }
  return HttpFault::tls;
}

// The request that follows a redirect with `status` (RFC 9110 section 15.4).
enum class Origin { same, other };
HttpMessage redirected(HttpMessage request, int status, Origin origin) {
  auto& line = std::get<wire::HttpRequestLine>(request.start);
  const bool becomes_get =
      status == 303 ? line.method != "HEAD" : status < 303 && line.method == "POST";
  if (becomes_get) {
    line.method = "GET";
    request.body.clear();
    request.trailers.clear();
  }
  std::erase_if(request.headers, [&](const wire::HttpField& field) {
    const auto is = [&](std::string_view name) { return wire::same_name(field.name, name); };
    return is("Host") || (origin == Origin::other && (is("Authorization") || is("Cookie"))) ||
           (becomes_get && (is("Content-Length") || is("Content-Type") || is("Transfer-Encoding")));
  });
  return request;
}

class PoolingClient final : public HttpClient {
 public:
  PoolingClient(TlsContexts& contexts, HttpRoute route, std::size_t max_idle)
      : contexts_(contexts), route_(std::move(route)), max_idle_(max_idle) {}

  asio::awaitable<HttpOutcome> fetch(HttpMessage request, HttpUrl url,
                                     HttpFetchOptions options) override {
    Job job{.request = std::move(request),
            .url = std::move(url),
            .options = std::move(options),
            .until = {},
            .answered = false};
    job.until = Clock::now() + job.options.patience;
    for (int redirects = 0;; ++redirects) {
      auto outcome = co_await exchange(job);
      if (!outcome) {
        co_return outcome;
      }
      outcome->redirects = redirects;
      const auto& answer = outcome->answer.message;
      const int status = answer.response()->status;
      if (job.options.redirects.most == 0 || !is_redirect(status) ||
          wire::find_field(answer.headers, "Location") == nullptr) {
        co_return outcome;
      }
      auto refused = follow(job, answer, redirects);
      if (refused) {
        co_return std::unexpected(std::move(*refused));
      }
    }
  }

  std::size_t idle_connections() const override { return idle_.size(); }

 private:
  // Makes `job` that of the redirect; or says why not.
  static std::optional<Failure> follow(Job& job, const HttpMessage& answer, int redirects) {
    if (redirects == job.options.redirects.most) {
      return job.failure(HttpFault::redirect_refused,
                         fmt::format("more than {} redirects", redirects));
    }
    auto next = resolve(job.url, wire::value_of(answer.headers, "Location"));
    if (!next) {
      return job.failure(HttpFault::bad_url, "Location: " + next.error().detail);
    }
    if (next->scheme != job.url.scheme &&
        job.options.redirects.schemes == HttpRedirects::Schemes::same) {
      return job.failure(HttpFault::redirect_refused, "a redirect to another scheme");
    }
    job.request = redirected(std::move(job.request), answer.response()->status,
                             same_origin(job.url, *next) ? Origin::same : Origin::other);
    job.url = std::move(*next);
    return std::nullopt;
  }

  asio::awaitable<HttpOutcome> exchange(Job& job) {
    const auto address = route_(job.url);
    if (!address) {
      co_return std::unexpected(job.failure(HttpFault::address_refused, address.error().detail));
    }
    const auto& tls = job.options.tls;
    const Kinship kinship{job.url.scheme,      job.url.host,    job.url.port,
                          to_string(*address), tls.ca_pem,      tls.verify,
                          tls.min_version,     tls.max_version, tls.chain_pem + tls.key_pem};
    while (true) {
      auto spare = kept(kinship);
      const bool was_kept = spare.has_value();
      if (!was_kept) {
        auto made = co_await opened(job, *address);
        if (!made) {
          co_return std::unexpected(std::move(made.error()));
        }
        spare = std::move(*made);
      }
      spare->kinship = kinship;
      job.answered = false;
      auto outcome = co_await ask(job, std::move(*spare));
      const bool dead = !outcome && outcome.error().fault == HttpFault::closed && !job.answered;
      if (!dead || !was_kept || job.options.body || !may_repeat(job.request)) {
        co_return outcome;
      }
    }
  }

  // A connection that waits for its next request; one where something came meanwhile is dead, or
  // would answer what was not asked.
  std::optional<Connection> kept(const Kinship& kinship) {
    while (true) {
      const auto at = std::ranges::find(idle_, kinship, &Connection::kinship);
      if (at == idle_.end()) {
        return std::nullopt;
      }
      Connection out = std::move(*at);
      idle_.erase(at);
      if (out.stream->silent()) {
        return out;
      }
      out.stream->close();
    }
  }

  asio::awaitable<std::expected<Connection, Failure>> opened(Job& job, Address to) {
    auto stream = co_await Stream::connect(std::move(to), job.left());
    if (!stream) {
      co_return std::unexpected(job.over()
                                    ? job.timed_out()
                                    : job.failure(HttpFault::unreachable, stream.error().detail));
    }
    Connection out{.stream = std::move(*stream)};
    if (job.url.scheme == HttpUrl::Scheme::https) {
      auto options = job.options.tls;
      options.host = job.url.host;
      auto session = co_await out.stream->start_tls(contexts_, std::move(options), job.left());
      if (!session) {
        co_return std::unexpected(
            job.over()
                ? job.timed_out()
                : job.failure(fault_of(out.stream->certificate_fault()), session.error().detail));
      }
      out.tls = std::move(*session);
    }
    co_return out;
  }

  asio::awaitable<HttpOutcome> ask(Job& job, Connection connection) {
    auto& request = job.request;
    std::get<wire::HttpRequestLine>(request.start).target = job.url.target;
    if (wire::find_field(request.headers, "Host") == nullptr) {
      request.headers.insert(request.headers.begin(), {"Host", authority_of(job.url)});
    }
    // A server may answer before it has read everything: what became of the writing decides
    // nothing.
    const bool whole = co_await send(job, *connection.stream);
    wire::HttpReader reader(wire::HttpRole::response, job.options.limits);
    reader.expect(request.request()->method);
    auto outcome = co_await answer_of(job, connection, reader);
    if (outcome) {
      outcome->tls = connection.tls;
    }
    if (outcome && whole && reader.idle() &&
        !wire::lists_token(request.headers, "Connection", "close")) {
      keep(std::move(connection));
    } else {
      connection.stream->close();
    }
    co_return outcome;
  }

  // Whether all of the request was written.
  static asio::awaitable<bool> send(Job& job, Stream& stream) {
    auto form = job.options.form;
    if (job.options.body) {
      form.framing = wire::HttpFraming::verbatim;  // the body comes behind it
    }
    auto octets = wire::write(job.request, form);
    while (!octets.empty()) {
      const auto written = co_await with_deadline(stream.write(std::move(octets)), job.next_wait());
      if (!written || !*written || job.over()) {
        co_return false;
      }
      octets = job.options.body ? job.options.body() : Bytes();
    }
    co_return true;
  }

  static asio::awaitable<HttpOutcome> answer_of(Job& job, Connection& connection,
                                                wire::HttpReader& reader) {
    while (!job.over()) {
      const auto event = co_await connection.stream->read(job.next_wait());
      std::vector<wire::HttpItem> items;
      if (const auto* octets = std::get_if<Bytes>(&event)) {
        job.answered = true;
        items = reader.feed(*octets);
      } else if (std::holds_alternative<Closed>(event)) {
        items = reader.end();
      } else if (const auto* failed = std::get_if<Failed>(&event)) {
        const bool tls = failed->cause == Failed::Cause::tls;
        co_return std::unexpected(
            job.failure(tls ? HttpFault::tls : HttpFault::closed, failed->reason));
      } else {
        co_return std::unexpected(job.timed_out());
      }
      if (job.options.taker && !give(job, reader, items)) {
        co_return std::unexpected(
            job.failure(HttpFault::too_large, "no more of the body is wanted"));
      }
      auto outcome = outcome_of(job, std::move(items));
      if (outcome) {
        co_return std::move(*outcome);
      }
    }
    co_return std::unexpected(job.timed_out());
  }

  // Gives away what has come of a body; whether more is wanted.
  static bool give(const Job& job, wire::HttpReader& reader, std::vector<wire::HttpItem>& items) {
    const auto taken = [&](const HttpMessage& head, Bytes piece) {
      return piece.empty() || job.options.taker(head, std::move(piece));
    };
    for (auto& item : items) {
      auto* received = std::get_if<wire::HttpReceived>(&item);
      if (received != nullptr &&
          !taken(received->message, std::exchange(received->message.body, {}))) {
        return false;
      }
    }
    const auto* head = reader.begun();
    return head == nullptr || taken(*head, reader.take_body());
  }

  // Nothing yet, the answer, or what is wrong with it. Octets behind the answer are its oddity.
  static std::optional<HttpOutcome> outcome_of(const Job& job, std::vector<wire::HttpItem> items) {
    std::optional<HttpOutcome> out;
    for (auto& item : items) {
      if (auto* failure = std::get_if<wire::HttpFailure>(&item)) {
        if (out) {
          std::ranges::copy(failure->oddities, std::back_inserter((*out)->answer.oddities));
        } else {
          Failure wrong = job.failure(fault_of(failure->error.code), failure->error.detail);
          wrong.oddities = std::move(failure->oddities);
          out = std::unexpected(std::move(wrong));
        }
        break;
      }
      auto& received = std::get<wire::HttpReceived>(item);
      const int status = received.message.response()->status;
      if (status >= 200 || status == 101) {
        out = HttpFetched{.answer = std::move(received), .url = job.url};
      }
    }
    return out;
  }

  void keep(Connection connection) {
    idle_.push_back(std::move(connection));
    if (idle_.size() > max_idle_) {
      idle_.front().stream->close();
      idle_.erase(idle_.begin());
    }
  }

  TlsContexts& contexts_;
  HttpRoute route_;
  std::size_t max_idle_;
  std::vector<Connection> idle_;  // the longest idle first
};

}  // namespace

std::string_view to_string(HttpFault fault) {
  switch (fault) {
    case HttpFault::bad_url:
      return "bad URL";
    case HttpFault::address_refused:
      return "address refused";
    case HttpFault::unreachable:
      return "unreachable";
    case HttpFault::tls:
      return "TLS";
    case HttpFault::untrusted:
      return "untrusted certificate";
    case HttpFault::name_mismatch:
      return "name mismatch";
    case HttpFault::expired:
      return "certificate expired or not yet valid";
    case HttpFault::timed_out:
      return "timed out";
    case HttpFault::closed:
      return "closed";
    case HttpFault::malformed:
      return "malformed";
    case HttpFault::too_large:
      return "too large";
    case HttpFault::redirect_refused:
      return "redirect refused";
  }
  return "?";
}

Result<Address> loopback_route(const HttpUrl& url) {
  const bool loopback = url.host == "localhost" || url.host == "::1" || url.host == "127.0.0.1";
  if (!loopback) {
    return fail(Errc::refused, "'" + url.host + "' is not a loopback address");
  }
  return Address{.host = url.host, .port = url.port};
}

std::unique_ptr<HttpClient> HttpClient::make(TlsContexts& contexts, HttpRoute route,
                                             std::size_t max_idle) {
  return std::make_unique<PoolingClient>(contexts, std::move(route), max_idle);
}

}  // namespace parley::net
