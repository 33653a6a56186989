// SPDX-License-Identifier: GPL-3.0-or-later
// What the gatekeeper's driver is asked (harness/sut/DRIVER.md), and the program around it.
#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "harness/reference/whatsapp/gatekeeper.h"
#include "harness/reference/whatsapp/web.h"

namespace parley::reference::whatsapp {
namespace {

using nlohmann::json;

constexpr int kUnknownMethod = -32601;
constexpr std::string_view kClientMethods[] = {"connect",  "send",  "ping",
                                               "presence", "close", "sync"};

std::unexpected<RpcError> invalid(std::string message) {
  return std::unexpected(RpcError{kInvalidParams, std::move(message)});
}

// Errors: kInvalidParams for what is not a list of known faults.
std::expected<FaultSet, RpcError> faults_of(const json& params) {
  const auto found = params.find("faults");
  if (found == params.end()) {
    return FaultSet();
  }
  std::vector<std::string> names;
  if (!found->is_array()) {
    return invalid("faults is a list of names");
  }
  for (const json& name : *found) {
    if (!name.is_string()) {
      return invalid("faults is a list of names");
    }
    names.push_back(name.get<std::string>());
  }
  auto faults = fault_set(names);
  if (!faults) {
    return invalid(faults.error().detail);
  }
  return *faults;
}

std::optional<std::string> text_of(const json& params, const char* name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                     : std::nullopt;
}

// A ClientPayload carries the number as an integer: it is kept as that prints.
std::optional<std::string> number_of(const json& params) {
  const auto text = text_of(params, "user");
  std::uint64_t value = 0;
  if (!text || !is_number(*text)) {
    return std::nullopt;
  }
  const auto* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, value);
  return error == std::errc() ? std::optional(std::to_string(value)) : std::nullopt;
}

std::optional<std::uint16_t> integrator_of(const json& params) {
  const auto found = params.find("integrator");
  if (found == params.end()) {
    return kDefaultIntegrator;
  }
  const bool right = found->is_number_integer() && *found >= 1 && *found <= kLastPartner;
  return right ? std::optional(found->get<std::uint16_t>()) : std::nullopt;
}

}  // namespace

json Gatekeeper::endpoints_json(const Doors& doors) const {
  return {{"tcp", net::to_string(doors.tcp)},
          {"websocket", fmt::format("ws://{}{}", net::to_string(doors.web), kWebPath)},
          {"enlistment", fmt::format("https://{}:{}", kHttpsHost, doors.enlistment.port)},
          {"proxy", fmt::format("https://{}:{}", kHttpsHost, doors.enlistment.port)},
          {"ca", certificate_.ca_path()},
          {"client-ca", certificate_.ca_path()},
          {"client-name", kClientName},
          {"domain", kServer},
          {"root", to_hex(keys_.authority.root_key())}};
}

json Gatekeeper::describe() const {
  return {{"name", "Parley reference gatekeeper"},
          {"version", "0.1.0"},
          {"party", "gatekeeper.server"},
          {"features",
           {"noise-xx",
            "noise-ik",
            "noise-xxfallback",
            "routing",
            "deflate",
            "passive",
            "offline",
            "receipts",
            "presence",
            "chatstate",
            "websocket",
            "prekeys",
            "prekey-notices",
            "identity-notices",
            "last-tokens-unassigned",
            "no-namesakes",
            "identity-proof",
            "key-fetch",
            "key-refresh",
            "partner-calls",
            "media-proxy",
            "media-large",
            "pushes",
            "user-authentication",
            "enlistment-api",
            "email-identifiers",
            "opt-in",
            "terms",
            "resolve",
            "reachability",
            "blocks",
            "trust",
            "second-partner",
            "blank-accounts"}},
          {"endpoints", endpoints_json(doors_)}};
}

RpcResult Gatekeeper::handle(const std::string& method, const json& params) {
  if (method == "describe") {
    return describe();
  }
  if (method == "enlist") {
    return handle_enlist(params);
  }
  if (method == "listen") {
    return handle_listen(params);
  }
  if (method == "partner") {
    return handle_partner(params);
  }
  if (method == "refresh") {
    return handle_refresh(params);
  }
  if (method == "reset") {
    return handle_reset(params);
  }
  if (std::ranges::find(kClientMethods, method) != std::end(kClientMethods)) {
    return std::unexpected(RpcError{kUnsupported, "a gatekeeper's server has no '" + method + "'"});
  }
  return std::unexpected(RpcError{kUnknownMethod, "there is no method '" + method + "'"});
}

RpcResult Gatekeeper::handle_enlist(const json& params) {
  const auto number = number_of(params);
  const auto password = text_of(params, "password");
  const auto integrator = integrator_of(params);
  if (!number || !password || password->empty() || !integrator) {
    return invalid("enlist takes a user, which is a number, a password and perhaps an integrator");
  }
  const auto faults = faults_of(params);
  if (!faults) {
    return std::unexpected(faults.error());
  }
  const auto consent = text_of(params, "consent").value_or("");
  if (!consent.empty() && consent != "none") {
    return invalid("consent is 'none' or absent");
  }
  enlist(*number, *integrator, *password, *faults);
  if (consent == "none") {
    for (Account* account : of_number(*number)) {
      account->consent = Consent();
    }
  }
  return json::object();
}

RpcResult Gatekeeper::handle_listen(const json& params) {
  const auto faults = faults_of(params);
  if (!faults) {
    return std::unexpected(faults.error());
  }
  const auto doors = listen(*faults);
  if (!doors) {
    return invalid(doors.error().detail);
  }
  return json{{"endpoints", endpoints_json(*doors)}};
}

RpcResult Gatekeeper::handle_partner(const json& params) {
  const auto known = partners_.set(params);
  const auto integrator = integrator_of(params);
  auto called = known && integrator ? callers_.set(*integrator, params) : known;
  called = called && integrator ? media_hosts_.set(*integrator, params) : called;
  if (!called) {
    return invalid("partner: " + called.error().detail);
  }
  if (*integrator > kLastIntegrator) {
    more_integrators_.insert(*integrator);
  }
  return json::object();
}

RpcResult Gatekeeper::handle_refresh(const json& params) {
  const auto integrator = integrator_of(params);
  return integrator && partners_.refresh(*integrator)
             ? RpcResult(json::object())
             : invalid("refresh takes an integrator whose keys are fetched");
}

RpcResult Gatekeeper::handle_reset(const json& params) {
  const auto number = number_of(params);
  if (!number) {
    return invalid("reset takes a user, which is a number");
  }
  reset(*number);
  return json::object();
}

asio::awaitable<void> run_gatekeeper(Options options, JsonRpcPeer* peer) {
  const auto executor = co_await asio::this_coro::executor;
  auto opened = Gatekeeper::open(executor, options);
  if (!opened) {
    throw std::runtime_error(opened.error().detail);
  }
  Gatekeeper& keeper = **opened;
  if (peer != nullptr) {
    RpcHandler handler = [&keeper](const std::string& method, const json& params) {
      return keeper.handle(method, params);
    };
    co_await peer->serve(std::move(handler));
  } else {
    const auto endpoints = keeper.describe()["endpoints"];
    const auto at = [&](const char* name) { return endpoints[name].get<std::string>(); };
    fmt::print("{} on {} and {}, enlistment at {} (CA {}), root key {}\n", kServer, at("tcp"),
               at("websocket"), at("enlistment"), at("ca"), at("root"));
    std::fflush(stdout);
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    boost::system::error_code ignored;
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await keeper.stop();
}

}  // namespace parley::reference::whatsapp
