// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_server.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <utility>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/verify.h"
#include "harness/reference/whatsapp/misread.h"
#include "harness/reference/whatsapp/partner_tokens.h"

namespace parley::reference::whatsapp {
namespace {

using nlohmann::json;

constexpr int kUnknownMethod = -32601;
constexpr std::string_view kHost = "localhost";
constexpr std::string_view kJson = "application/json";
constexpr std::array<std::string_view, 7> kUserMethods{"enlist", "token",  "suspend", "restore",
                                                       "opt",    "rename", "upload"};
constexpr std::array<std::string_view, 8> kClientMethods{"connect",  "send",  "ping", "chatstate",
                                                         "presence", "close", "sync", "await"};

enum Status { kOk = 200, kFound = 302, kForbidden = 403, kNotFound = 404, kMethodNotAllowed = 405 };

std::unexpected<RpcError> invalid(std::string message) {
  return std::unexpected(RpcError{kInvalidParams, std::move(message)});
}

std::string text_of(const json& params, const char* name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_string() ? found->get<std::string>() : "";
}

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

std::string in_clear(const std::string& url) { return "http" + url.substr(sizeof "https" - 1); }

// ENL-007: the letters of an address's domain count without regard to case.
std::string normalised(std::string identifier) {
  for (auto at = identifier.rfind('@'); at < identifier.size(); ++at) {
    auto& c = identifier[at];
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return identifier;
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

// Of a server that implements nothing.
asio::awaitable<net::HttpAnswer> null_answer_of(NullMode mode, wire::HttpReceived, net::HttpPeer) {
  net::HttpAnswer out = refusal(kForbidden, "forbidden");
  if (mode == NullMode::accept_all) {
    out = answer_of(kOk, kJson, "{}");
  } else if (mode == NullMode::hang_up) {
    out.takeover = [](net::Stream&) -> asio::awaitable<void> { co_return; };
  } else if (mode == NullMode::silent) {
    out.takeover = [](net::Stream& stream) -> asio::awaitable<void> {
      (void)co_await stream.read(std::chrono::milliseconds(0));  // until the other side goes
    };
  }
  co_return out;
}

}  // namespace

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

json PartnerServer::endpoints_json() const {
  const auto& issuer = door().issuer;
  return {{"keys", issuer},
          {"partner", issuer},
          {"media", issuer},
          {"issuer", issuer},
          {"ca", certificate_.ca_path()}};
}

json PartnerServer::describe() const {
  return {{"name", "Parley reference third party"},
          {"version", "0.1.0"},
          {"party", "third-party.server"},
          {"features",
           {"published-keys", "key-rotation", "key-algorithms", "opt-in", "suspension",
            "email-identifiers", "renaming", "pushes", "user-authentication", "user-location",
            "media-hosting", "media-ranges"}},
          {"endpoints", endpoints_json()}};
}

net::HttpAnswer PartnerServer::answer(const PartnerDoor& door, const wire::HttpMessage& request,
                                      const net::HttpPeer& peer) {
  const auto& [method, target] = *request.request();
  const auto path = std::string_view(target).substr(0, target.find('?'));
  const auto& faults = door.faults;
  if (PartnerCalls::is_call(path)) {
    return door.calls->answer(
        request, peer, gatekeeper_,
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  }
  if (PartnerMedia::is_media(path)) {
    return media_.answer(request, faults);
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

RpcResult PartnerServer::handle(const std::string& method, const json& params) {
  if (method == "describe") {
    return describe();
  }
  if (method == "listen") {
    return handle_listen(params);
  }
  if (method == "gatekeeper") {
    return handle_gatekeeper(params);
  }
  if (method == "rotate") {
    return handle_rotate(params);
  }
  if (method == "reset" || std::ranges::count(kUserMethods, method) > 0) {
    return handle_user(method, params);
  }
  if (std::ranges::count(kClientMethods, method) > 0) {
    return std::unexpected(
        RpcError{kUnsupported, "a third party's server has no '" + method + "'"});
  }
  return std::unexpected(RpcError{kUnknownMethod, "there is no method '" + method + "'"});
}

RpcResult PartnerServer::handle_listen(const json& params) {
  std::vector<std::string> names;
  for (const auto& name : params.value("faults", json::array())) {
    names.push_back(name.is_string() ? name.get<std::string>() : "");
  }
  const auto faults = fault_set(names);
  if (!faults) {
    return invalid(faults.error().detail);
  }
  if (const auto listening = listen(*faults); !listening) {
    return invalid(listening.error().detail);
  }
  return json{{"endpoints", endpoints_json()}};
}

RpcResult PartnerServer::handle_gatekeeper(const json& params) {
  const auto secret = from_hex(text_of(params, "secret"));
  const auto name = text_of(params, "client_name");
  auto ca = name.empty() ? Result<std::string>("") : read_pem(text_of(params, "client_ca"));
  const auto proof = caller_proof_of(params);
  audience_ = text_of(params, "audience");
  if (audience_.empty() || !secret || !ca || !proof) {
    return invalid(
        "gatekeeper takes an audience, an authentication and a secret in hex, or a client_ca and a "
        "client_name");
  }
  gatekeeper_ = {.proof = *proof, .secret = SecretBytes(*secret), .certificate_name = name};
  gatekeeper_ca_ = std::move(*ca);
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto tls = tls_under(doors_[i]->faults);
    if (!tls) {
      return invalid(tls.error().detail);
    }
    servers_[i]->renew_tls(std::move(*tls));
  }
  if (params.contains("inside")) {
    if (const auto set = where_.set(text_of(params, "inside"), text_of(params, "outside")); !set) {
      return invalid(set.error().detail);
    }
  }
  return json::object();
}

RpcResult PartnerServer::handle_rotate(const json& params) {
  const auto done = keys_.rotate(text_of(params, "stage"), door().faults);
  return done ? RpcResult(json::object()) : invalid(done.error().detail);
}

RpcResult PartnerServer::handle_user(const std::string& method, const json& params) {
  const auto user = text_of(params, "user");
  const auto& faults = door().faults;
  if (user.empty()) {
    return invalid(method + " takes a user");
  }
  if (method == "enlist") {
    users_[user] = {.identifier = user};
    return json{{"wake", wakes_->line_of(user)}};
  }
  if (method == "token") {
    return handle_token(user, params);
  }
  const auto known = users_.find(user);
  if (known == users_.end()) {
    return method == "reset" ? RpcResult(json::object()) : invalid("there is no such user");
  }
  auto& account = known->second;
  if (method == "upload") {
    return handle_upload(params);
  }
  if (method == "reset") {
    if (!faults.has(Fault::wp_wake_leaver)) {
      wakes_->forget(user);
    }
    if (!faults.has(Fault::wp_token_of_leaver)) {
      users_.erase(known);
      where_.forget(user);
    }
  } else if (method == "opt") {
    account.opted_in = params.value("in", json()) == json(true);
  } else if (method == "rename") {
    const auto identifier = text_of(params, "identifier");
    if (!faults.has(Fault::wp_token_of_old_identifier)) {
      account.identifier =
          faults.has(Fault::wp_identifier_as_given) ? identifier : normalised(identifier);
    }
  } else {
    account.suspended = method == "suspend";
  }
  return json::object();
}

// IDP-001, ENL-002, ENL-010: the service vouches for its own users, as long as they want it to, it
// wants them and they are inside of the region.
bool PartnerServer::may_have_token(const std::string& name, const PartnerUser& user) const {
  const auto& faults = door().faults;
  return !where_.is_away(name) && (user.opted_in || faults.has(Fault::wp_token_without_consent)) &&
         (!user.suspended || faults.has(Fault::wp_token_of_suspended));
}

// As the user's client would: it has encrypted the file.
RpcResult PartnerServer::handle_upload(const json& params) {
  auto file = from_hex(text_of(params, "file"));
  if (!file || file->empty()) {
    return invalid("upload takes a file, octets in hex");
  }
  const auto& [issuer, faults, calls] = door();
  const auto& base = faults.has(Fault::wp_media_elsewhere) ? in_clear(issuer) : issuer;
  return json{{"url", base + media_.host(std::move(*file), faults)}};
}

RpcResult PartnerServer::handle_token(const std::string& user, const json& params) {
  const auto& faults = door().faults;
  const auto name = text_of(params, "algorithm");
  const auto algorithm = crypto::jose::algorithm_from(name);
  if (!name.empty() && !algorithm) {
    return std::unexpected(RpcError{kUnsupported, "there is no algorithm '" + name + "'"});
  }
  if (options_.null_mode != NullMode::none) {
    return options_.null_mode == NullMode::accept_all ? json{{"token", "token"}} : json::object();
  }
  const auto known = users_.find(user);
  const bool unknown = known == users_.end();
  if (!unknown) {
    where_.see(user, text_of(params, "address"), faults);
  }
  if (unknown ? !faults.has(Fault::wp_token_of_unknown) : !may_have_token(user, known->second)) {
    return json::object();
  }
  auto token = service_token({.subject = unknown ? user : known->second.identifier,
                              .issuer = door().issuer,
                              .audience = audience_,
                              .algorithm = algorithm},
                             keys_, faults, rng_);
  if (!token) {
    return std::unexpected(RpcError{kUnsupported, token.error().detail});
  }
  return json{{"token", std::move(*token)}};
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

asio::awaitable<void> run_partner(Options options, JsonRpcPeer* peer) {
  const auto executor = co_await asio::this_coro::executor;
  auto opened = PartnerServer::open(executor, options);
  if (!opened) {
    throw std::runtime_error(opened.error().detail);
  }
  PartnerServer& server = **opened;
  if (peer != nullptr) {
    server.on_wake([peer](const Wake& wake) {
      peer->notify("pushed", json{{"user", wake.user}, {"id", wake.id}});
    });
    RpcHandler handler = [&server](const std::string& method, const json& params) {
      return server.handle(method, params);
    };
    co_await peer->serve(std::move(handler));
  } else {
    const auto ca = server.describe()["endpoints"]["ca"].get<std::string>();
    fmt::print("{}, CA {}\n", server.door().issuer, ca);
    std::fflush(stdout);
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    boost::system::error_code ignored;
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await server.stop();
}

}  // namespace parley::reference::whatsapp
