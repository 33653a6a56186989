// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/verify.h"
#include "harness/reference/whatsapp/misread.h"

namespace parley::reference::whatsapp {
namespace {

using nlohmann::json;

constexpr std::string_view kHost = "localhost";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kMostUploadOctets = 16 * 1024 * 1024;
enum Status {
  kOk = 200,
  kCreated = 201,
  kFound = 302,
  kUnauthorized = 401,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405
};

Rng true_rng() {
  std::random_device device;
  return Rng((static_cast<std::uint64_t>(device()) << 32U) | device());
}

net::HttpAnswer answer_of(int status, std::string_view type, std::string body) {
  return {.message =
              wire::http_response(status, {{"Content-Type", std::string(type)}}, std::move(body))};
}

net::HttpAnswer refusal(int status, const std::string& error) {
  return answer_of(status, kJson, json{{"error", error}}.dump());
}

crypto::LeafKind leaf_under(const FaultSet& faults) {
  return faults.has(Fault::wp_certificate_self_signed)  ? crypto::LeafKind::self_signed
         : faults.has(Fault::wp_certificate_expired)    ? crypto::LeafKind::expired
         : faults.has(Fault::wp_certificate_other_host) ? crypto::LeafKind::other_host
         : faults.has(Fault::wp_certificate_unknown_ca) ? crypto::LeafKind::unknown_ca
                                                        : crypto::LeafKind::valid;
}

json discovery_of(const PartnerDoor& door) {
  const auto& faults = door.faults;
  json out{{"issuer", door.issuer},
           {"jwks_uri", door.issuer + std::string(kJwksPath)},
           {"id_token_signing_alg_values_supported", {"ES256", "RS256"}}};
  if (faults.has(Fault::wp_discovery_issuer_slash)) {
    out["issuer"] = door.issuer + "/";
  } else if (faults.has(Fault::wp_discovery_issuer_other)) {
    out["issuer"] = "https://another.parley.test";
  } else if (faults.has(Fault::wp_discovery_issuer_clear)) {
    out["issuer"] = in_clear(door.issuer);
  }
  if (faults.has(Fault::wp_discovery_keys_in_clear)) {
    out["jwks_uri"] = in_clear(out["jwks_uri"]);
  } else if (faults.has(Fault::wp_discovery_without_keys)) {
    out.erase("jwks_uri");
  }
  return out;
}

asio::awaitable<net::HttpAnswer> answer_at(PartnerServer* server,
                                           std::shared_ptr<const PartnerDoor> door,
                                           wire::HttpReceived request, net::HttpPeer peer) {
  co_return server->answer(*door, request.message, peer);
}

// Until the other side goes.
net::HttpAnswer says_nothing() {
  auto out = refusal(kForbidden, "forbidden");
  out.takeover = [](net::Stream& stream) -> asio::awaitable<void> {
    (void)co_await stream.read(std::chrono::milliseconds(0));
  };
  return out;
}

// Of a server that implements nothing.
asio::awaitable<net::HttpAnswer> null_answer_of(NullMode mode, wire::HttpReceived, net::HttpPeer) {
  net::HttpAnswer out = refusal(kForbidden, "forbidden");
  if (mode == NullMode::accept_all) {
    out = answer_of(kOk, kJson, "{}");
  } else if (mode == NullMode::hang_up) {
    out.takeover = [](net::Stream&) -> asio::awaitable<void> { co_return; };
  } else if (mode == NullMode::silent) {
    out = says_nothing();
  }
  co_return out;
}

}  // namespace

std::string in_clear(const std::string& url) { return "http" + url.substr(sizeof "https" - 1); }

PartnerServer::PartnerServer(asio::any_io_executor executor, Options options, Rng rng,
                             ServiceKeys keys)
    : executor_(executor),
      options_(std::move(options)),
      rng_(std::move(rng)),
      keys_(std::move(keys)),
      idle_(executor, asio::steady_timer::time_point::max()),
      media_(rng_.child("media")) {}

PartnerServer::~PartnerServer() = default;

Result<std::unique_ptr<PartnerServer>> PartnerServer::open(asio::any_io_executor executor,
                                                           const Options& options) {
  Rng rng = true_rng();
  auto keys = ServiceKeys::make(rng.child("keys"));
  const auto faults = fault_set(options.faults);
  auto certificate =
      CertificateFolder::make(rng.child("https"), std::string(kHost), options.state_dir);
  if (!keys || !faults || !certificate) {
    return std::unexpected(!keys ? keys.error() : !faults ? faults.error() : certificate.error());
  }
  std::unique_ptr<PartnerServer> out(
      new PartnerServer(std::move(executor), options, std::move(rng), std::move(*keys)));
  out->certificate_ = std::move(*certificate);
  auto wakes = WakeSender::open(out->executor_, out->rng_.child("wakes"));
  if (!wakes) {
    return std::unexpected(wakes.error());
  }
  out->wakes_ = std::move(*wakes);
  if (const auto listening = out->listen(*faults, options.port); !listening) {
    return std::unexpected(listening.error());
  }
  return out;
}

Result<std::optional<net::TlsServerOptions>> PartnerServer::tls_under(
    const FaultSet& faults) const {
  using Check = net::TlsServerOptions::ClientCheck;
  if (faults.has(Fault::wp_serves_in_clear)) {
    return std::nullopt;
  }
  const auto leaf = certificate_.issue(leaf_under(faults));
  if (!leaf) {
    return std::unexpected(leaf.error());
  }
  net::TlsServerOptions out{.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem};
  out.min_version = faults.has(Fault::wp_tls_1_0)   ? net::TlsVersion::tls1_0
                    : faults.has(Fault::wp_tls_1_1) ? net::TlsVersion::tls1_1
                                                    : net::TlsVersion::tls1_2;
  // What is published there is everybody's: only who calls must show a certificate.
  out.client_ca_pem = gatekeeper_ca_;
  out.client_check =
      faults.has(Fault::wp_may_refuse_in_handshake) ? Check::required : Check::reported;
  return std::optional(std::move(out));
}

Result<void> PartnerServer::listen(const FaultSet& faults, std::uint16_t port) {
  auto tls = tls_under(faults);
  if (!tls) {
    return std::unexpected(tls.error());
  }
  net::HttpServerOptions options{.port = port, .tls = std::move(*tls)};
  options.limits.max_body_octets = kMostUploadOctets;
  const auto door = std::make_shared<PartnerDoor>();
  net::HttpHandler handler = std::bind_front(answer_at, this, door);
  if (options_.null_mode != NullMode::none) {
    handler = std::bind_front(null_answer_of, options_.null_mode);
  }
  auto careless = faults;
  if (options_.null_mode == NullMode::accept_all) {
    careless.add(kPartnerMisreads.last_length);
  }
  options.misread = misread_under(careless, kPartnerMisreads);
  auto server = net::HttpServer::open(executor_, tls_, std::move(options), std::move(handler));
  if (!server) {
    return std::unexpected(server.error());
  }
  *door = {.issuer = fmt::format("https://{}:{}", kHost, (*server)->address().port),
           .faults = faults};
  door->calls = std::make_shared<PartnerCalls>(called_service(*door), faults);
  doors_.push_back(door);
  servers_.push_back(std::move(*server));
  ++running_;
  asio::co_spawn(executor_, servers_.back()->run(), [this](std::exception_ptr) {
    if (--running_ == 0) {
      idle_.cancel();
    }
  });
  return {};
}

asio::awaitable<void> PartnerServer::stop() {
  for (const auto& server : servers_) {
    server->stop();
  }
  while (running_ > 0) {
    boost::system::error_code cancelled;
    co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

net::HttpAnswer PartnerServer::answer(const PartnerDoor& door, const wire::HttpMessage& request,
                                      const net::HttpPeer& peer) {
  const auto& [method, target] = *request.request();
  const auto path = std::string_view(target).substr(0, target.find('?'));
  const auto& faults = door.faults;
  if (door.calls->deaf()) {
    return says_nothing();
  }
  if (PartnerCalls::is_call(path)) {
    return door.calls->answer(
        request, peer, gatekeeper_,
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  }
  if (PartnerMedia::is_media(path)) {
    return media_.answer(request, faults);
  }
  if (path == kUploadPath) {
    return take_upload(door, request);
  }
  if (path != kDiscoveryPath && path != kJwksPath) {
    return refusal(kNotFound, "not-found");
  }
  if (method != "GET" && method != "HEAD") {
    auto out = refusal(kMethodNotAllowed, "method-not-allowed");
    out.message.headers.push_back({"Allow", "GET, HEAD"});  // RFC 9110 section 15.5.6
    return out;
  }
  if (path == kDiscoveryPath) {
    const bool page = faults.has(Fault::wp_discovery_media_type);
    return answer_of(kOk, page ? "text/html" : kJson, discovery_of(door).dump());
  }
  if (faults.has(Fault::wp_jwks_missing)) {
    return refusal(kNotFound, "not-found");
  }
  if (faults.has(Fault::wp_jwks_redirected)) {
    auto out = refusal(kFound, "found");
    out.message.headers.push_back({"Location", in_clear(door.issuer) + "/keys"});
    return out;
  }
  const auto set = keys_.published(faults);
  const auto type = faults.has(Fault::wp_jwks_media_type) ? "text/html"
                    : faults.has(Fault::wp_may_name_set_type)
                        ? "application/JWK-Set+json; charset=utf-8"
                        : kJson;
  return set ? answer_of(kOk, type, *set) : refusal(500, set.error().detail);
}

// MED-007: from its own users' clients, which have encrypted it (MED-006).
net::HttpAnswer PartnerServer::take_upload(const PartnerDoor& door,
                                           const wire::HttpMessage& request) {
  if (request.request()->method != "POST") {
    auto out = refusal(kMethodNotAllowed, "method-not-allowed");
    out.message.headers.push_back({"Allow", "POST"});
    return out;
  }
  const auto credential = wire::value_of(request.headers, "authorization");
  const bool known = std::ranges::any_of(users_, [&](const auto& one) {
    return credential == std::string(kBearer) + one.second.upload_token;
  });
  if (!known) {
    auto out = refusal(kUnauthorized, "unauthorized");
    out.message.headers.push_back({"WWW-Authenticate", "Bearer"});
    return out;
  }
  const auto& base =
      door.faults.has(Fault::wp_media_elsewhere) ? in_clear(door.issuer) : door.issuer;
  return answer_of(kCreated, kJson,
                   json{{"url", base + media_.host(request.body, door.faults)}}.dump());
}

std::optional<CalledUser> PartnerServer::called(const std::string& identifier) const {
  const auto found = std::ranges::find_if(
      users_, [&](const auto& one) { return one.second.identifier == identifier; });
  return found == users_.end() ? std::nullopt
                               : std::optional(CalledUser{.user = found->first,
                                                          .opted_in = found->second.opted_in,
                                                          .suspended = found->second.suspended,
                                                          .away = where_.is_away(found->first)});
}

// SRV-008: as any gatekeeper would find it, with the keys that are published now.
std::optional<std::string> PartnerServer::subject_of(const std::string& token,
                                                     const std::string& issuer) const {
  const auto set = keys_.published(FaultSet());
  const auto read = set ? crypto::jose::read_jwks(*set)
                        : Result<crypto::jose::Jwks>(std::unexpected(set.error()));
  const auto ring = read ? crypto::jose::KeyRing::make(read->keys)
                         : Result<crypto::jose::KeyRing>(std::unexpected(read.error()));
  if (!ring) {
    return std::nullopt;
  }
  crypto::jose::Policy policy;
  policy.algorithms.push_back(crypto::jose::Algorithm::eddsa);
  policy.issuer = issuer;
  policy.audience = audience_;
  const auto verified = crypto::jose::verify(
      token, *ring, policy,
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  return verified ? std::optional(verified->subject) : std::nullopt;
}

}  // namespace parley::reference::whatsapp
