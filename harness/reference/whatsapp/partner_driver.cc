// SPDX-License-Identifier: GPL-3.0-or-later
// The driver's methods of the reference third party's server.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "harness/reference/whatsapp/media_file.h"
#include "harness/reference/whatsapp/partner_server.h"
#include "harness/reference/whatsapp/partner_tokens.h"

namespace parley::reference::whatsapp {
namespace {

using nlohmann::json;

constexpr int kUnknownMethod = -32601;
constexpr std::size_t kTokenOctets = 16;
constexpr std::array<std::string_view, 7> kUserMethods{"enlist", "token",  "suspend", "restore",
                                                       "opt",    "rename", "upload"};
constexpr std::array<std::string_view, 8> kClientMethods{"connect",  "send",  "ping", "chatstate",
                                                         "presence", "close", "sync", "await"};

std::unexpected<RpcError> invalid(std::string message) {
  return std::unexpected(RpcError{kInvalidParams, std::move(message)});
}

std::string text_of(const json& params, const char* name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_string() ? found->get<std::string>() : "";
}

// ENL-007: the letters of an address's domain count without regard to case.
std::string normalised(std::string identifier) {
  for (auto at = identifier.rfind('@'); at < identifier.size(); ++at) {
    auto& c = identifier[at];
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return identifier;
}

}  // namespace

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
            "media-hosting", "media-ranges", "media-large"}},
          {"endpoints", endpoints_json()}};
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
    users_[user] = {.identifier = user, .upload_token = to_hex(rng_.octets(kTokenOctets))};
    return told_of(user, users_[user]);
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

// What means something to the user's own client.
json PartnerServer::told_of(const std::string& user, const PartnerUser& account) const {
  return {{"wake", wakes_->line_of(user)},
          {"media",
           {{"upload", door().issuer + std::string(kUploadPath)},
            {"upload_token", account.upload_token},
            {"ca", certificate_.ca_path()}}}};
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
  const auto times = params.value("times", json(1U));
  if (!times.is_number_unsigned() || times.get<std::uint64_t>() == 0 ||
      times.get<std::uint64_t>() > kMostMediaFileOctets / file->size() + 1) {
    return invalid("times is how often the octets come one after the other");
  }
  const auto& [issuer, faults, calls] = door();
  const auto& base = faults.has(Fault::wp_media_elsewhere) ? in_clear(issuer) : issuer;
  return json{{"url", base + media_.host(std::move(*file), faults, times.get<std::uint64_t>())}};
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
