// SPDX-License-Identifier: GPL-3.0-or-later
// Services over HTTPS that Parley plays: of a third party's server, which a gatekeeper under test
// asks, and of either server where a client under test has files.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/engine/call_proof.h"
#include "harness/engine/handshake.h"
#include "harness/engine/identity_token.h"
#include "harness/engine/live_run.h"
#include "harness/engine/media_exchange.h"
#include "harness/model/setting.h"
#include "harness/wire/http_tree.h"

namespace parley::engine {

using model::Step;

namespace {

// Whom the services' certificates are for.
constexpr const char* kServiceHost = "localhost";
// Integrators of a run: as many as keep runs apart, and none of the profile's own.
constexpr std::uint64_t kFirstIntegrator = 1000;
constexpr std::uint64_t kLastIntegrator = 59'999;  // 60000 is a second one of some flows
constexpr std::size_t kSecretOctets = 32;
constexpr std::size_t kIssuerPathOctets = 4;
constexpr std::size_t kTokenLetters = 24;
constexpr std::string_view kElsewhere = "elsewhere";  // a host that nobody has named
// Features: a gatekeeper that fetches keys, one that calls the third party's server, one that gets
// media from it.
constexpr std::string_view kFetches = "key-fetch";
constexpr std::string_view kCalls = "partner-calls";
constexpr std::string_view kProxies = "media-proxy";
constexpr std::string_view kPartner = "partner";  // the service that it calls

}  // namespace

// Listens for what the flow has the SUT ask of a third party's server, which has a number, keys and
// a secret of this run's own: what a SUT learns in one run counts for no other.
bool LiveRun::open_services() {
  for (const auto& [actor, party] : cast_.flow->actors) {
    if (party == model::Party::third_party_server && cast_.played(actor)) {
      partner_ = actor;
    }
  }
  if (partner_.empty()) {
    return true;
  }
  auto rng = rng_.child("partner");
  auto& values = record_.values;
  values[partner_ + ".integrator"] =
      std::to_string(kFirstIntegrator + rng.below(kLastIntegrator - kFirstIntegrator + 1));
  values[partner_ + ".secret"] = to_hex(rng.octets(kSecretOctets));
  values["identity.seed"] = std::to_string(rng.next());
  // An issuer is told from another's by more than its port.
  values[partner_ + ".issuer-path"] = "/" + to_hex(rng.octets(kIssuerPathOctets));
  for (const auto& step : cast_.steps) {
    const auto name = partner_ + "." + service_of(step.link);
    if (!cast_.serves(step.link) || values.contains(name)) {
      continue;
    }
    if (!open_service(step.link, name)) {
      return false;
    }
  }
  if (const auto keys = values.find(partner_ + ".keys"); keys != values.end()) {
    values[partner_ + ".issuer"] = keys->second + values[partner_ + ".issuer-path"];
  }
  return true;
}

bool LiveRun::open_service(const std::string& link, const std::string& name) {
  const auto address = connections_.listen(link, {});
  if (!address) {
    broken(link, address.error().detail);
    return false;
  }
  record_.values[name] = fmt::format("https://{}:{}", kServiceHost, address->port);
  serving_ = true;
  return true;
}

// Listens for what a client under test has hosted and fetches, where the flow has files: both, and
// a host beside them that the flow names, whatever it asks of which. What proves it there is of
// this run.
bool LiveRun::open_media() {
  const auto has = [&](std::string_view service) {
    return std::ranges::any_of(cast_.steps, [&](const CastStep& step) {
      return cast_.serves(step.link) && service_of(step.link) == service;
    });
  };
  if (!has(kUploadService) && !has(kDownloadService)) {
    return true;
  }
  for (const auto& [actor, party] : cast_.flow->actors) {
    if (model::is_server(party) || cast_.played(actor)) {
      continue;
    }
    auto rng = rng_.child("media/" + actor);
    record_.values[actor + ".upload-token"] = rng.token(kTokenLetters);
    record_.values[actor + ".download-token"] = rng.token(kTokenLetters);
    for (const auto service : {kUploadService, kDownloadService, kElsewhere}) {
      const auto owner = cast_.profile->services.find(std::string(service));
      const auto by = std::ranges::find_if(cast_.flow->actors, [&](const auto& one) {
        return owner != cast_.profile->services.end() && one.second == owner->second;
      });
      if (by != cast_.flow->actors.end() &&
          !open_service(service_link(actor, owner->first),
                        fmt::format("{}.{}", by->first, service))) {
        return false;
      }
    }
  }
  return true;
}

// What a client under test is told of where its files lie; null where it has none.
nlohmann::json LiveRun::media_of(const std::string& actor) const {
  nlohmann::json told = nlohmann::json::object();
  for (const auto& [member, name] : kUploads) {
    const auto value = record_.values.find(actor + std::string(name));
    if (value != record_.values.end()) {
      told[std::string(member)] = value->second;
    }
  }
  if (told.contains("upload")) {
    return told;  // by its own server, which is under test too
  }
  const auto token = record_.values.find(actor + ".upload-token");
  // Where the profile has no path for it, a client asks its server (XEP-0363).
  if (token == record_.values.end() || !cast_.profile->settings.contains("upload-path")) {
    return nullptr;
  }
  nlohmann::json out{{"upload_token", token->second},
                     {"download_token", record_.values.at(actor + ".download-token")},
                     {"hosts", nlohmann::json::array()},
                     {"ca", workshop_.authority_file}};
  for (const auto& [name, party] : cast_.flow->actors) {
    if (const auto at = record_.values.find(fmt::format("{}.{}", name, kUploadService));
        at != record_.values.end()) {
      out["upload"] = at->second + model::with_settings("${setting.upload-path}", *cast_.profile);
    }
    if (const auto at = record_.values.find(fmt::format("{}.{}", name, kDownloadService));
        at != record_.values.end()) {
      out["hosts"].push_back(at->second);
    }
  }
  return out;
}

asio::awaitable<bool> LiveRun::introduce_partner() {
  auto values = record_.values;
  model::add_settings(values, *cast_.profile);
  const Scope scope{.values = values};
  const auto keys = values.find(partner_ + ".keys");
  const auto calls = values.find(partner_ + ".partner");
  const auto media = values.find(partner_ + ".media");
  const auto& features = home().declaration().features;
  nlohmann::json params{{"integrator", std::stoi(values[partner_ + ".integrator"])},
                        {"audience", values["setting.token-audience"]}};
  if (keys != values.end()) {
    params["issuer"] = values[partner_ + ".issuer"];
  } else {
    const auto set = published_keys(scope, "", "");
    if (!set) {
      broken("identities", set.error().detail);
      co_return false;
    }
    params["issuer"] = values["setting.token-issuer"];
    params["jwks"] = *set;
  }
  if (media != values.end()) {
    params["media"] = media->second;
  }
  if (keys != values.end() || calls != values.end() || media != values.end()) {
    params["ca"] = workshop_.authority_file;
  }
  if (calls != values.end() && std::ranges::count(features, kCalls) > 0) {
    params["server"] = calls->second;
    params["authentication"] = caller_proof(*cast_.profile);
    if (!knows_callers_by_certificate(*cast_.profile)) {
      params["secret"] = values[partner_ + ".secret"];
    } else if (home().client_ca_pem().empty()) {
      broken("endpoints/client-ca", "it is neither declared nor described by the driver");
      co_return false;
    }
    record_.values["partner.client-name"] = home().endpoint("client-name");
  }
  std::string feature(media != values.end() ? kProxies : keys != values.end() ? kFetches : kCalls);
  co_return co_await tell_driver(std::move(params), std::move(feature));
}

// The users of the third party are this run's third party's, unless the flow says otherwise.
void LiveRun::enlist_with_partner(model::Party party, Identity& identity) const {
  if (partner_.empty() || party != model::Party::third_party_client || !identity.kind.empty()) {
    return;
  }
  identity.kind = partner_;
  identity.terms["integrator"] = record_.values.at(partner_ + ".integrator");
}

// Whoever comes is let in, one at a time: a SUT asks when it likes. What it asks before the run
// knows what to answer waits.
Connections::Admission LiveRun::admission_to_service(const std::string& link) {
  using When = Connections::Admission::When;
  if (!tracker_) {
    return {.when = When::once_ended};
  }
  const auto* changed = tracker_->changed_service(link);
  const auto edit = changed == nullptr ? model::ConnectionEdit{} : connection_edit(*changed);
  const bool about_tls =
      !edit.certificate.empty() || !edit.tls_min.empty() || !edit.tls_max.empty();
  auto tls = tls_server(edit, leaf_for(kServiceHost, edit.certificate));
  if (service_of(link) == kPartner && knows_callers_by_certificate(*cast_.profile)) {
    tls.client_ca_pem = home().client_ca_pem();
    tls.client_check = net::TlsServerOptions::ClientCheck::reported;
  }
  return {.when = When::now, .step = about_tls ? changed->step.id : "", .tls = std::move(tls)};
}

// Requests are answered meanwhile: a SUT may ask before it says that it has done what it was told.
asio::awaitable<Result<nlohmann::json>> LiveRun::ask_driver(Attachment& driver, std::string method,
                                                            nlohmann::json params,
                                                            std::chrono::milliseconds given) {
  const auto limit = patience() * 2 + given;
  if (!serving_) {
    co_return co_await driver.call(std::move(method), std::move(params), limit);
  }
  struct Asked {
    std::optional<Result<nlohmann::json>> answer{};
    std::exception_ptr thrown{};
    bool over = false;
  } asked;
  asio::co_spawn(co_await asio::this_coro::executor,
                 driver.call(std::move(method), std::move(params), limit),
                 [this, &asked](std::exception_ptr error, Result<nlohmann::json> value) {
                   asked = {.answer = std::move(value), .thrown = std::move(error), .over = true};
                   wake_.cancel();
                 });
  std::exception_ptr thrown;  // the call ends before its frame does
  while (!asked.over) {
    const auto events = record_.events.size();
    try {
      if (!thrown) {
        co_await answer_beside();
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    if (!asked.over && (thrown || record_.events.size() == events)) {
      wake_.expires_after(limit);
      boost::system::error_code ignored;
      co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }
  if (thrown || asked.thrown) {
    std::rethrow_exception(thrown ? thrown : asked.thrown);
  }
  co_return std::move(*asked.answer);
}

void LiveRun::serve(const CastStep& step) {
  note({.kind = Event::Kind::serves,
        .link = step.link,
        .step = step.step.id,
        .text = step.step.asked});
}

// As the standing answer to it says; what there is none to is not there.
asio::awaitable<void> LiveRun::answer_request(Seen request) {
  if (tracker_->connection(request.link) != request.connection) {
    co_return;  // pipelined, and its connection has ended with the answer before
  }
  if (const auto* step = tracker_->standing(request.step)) {
    co_await send(*step);
    co_return;
  }
  std::vector<xml::Element> none{wire::http_response_tree("404")};
  co_await say_beside(request.link, request.connection, std::move(none));
  hang_up(request.link, Ending::fin);
}

}  // namespace parley::engine
