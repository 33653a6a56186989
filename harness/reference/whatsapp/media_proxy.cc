// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_proxy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/reference/certificate_folder.h"
#include "harness/reference/whatsapp/json_answer.h"
#include "harness/reference/whatsapp/media_file.h"
#include "harness/reference/whatsapp/media_host.h"
#include "harness/reference/whatsapp/media_query.h"

namespace parley::reference::whatsapp {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(18'000);  // for all of a file
constexpr auto kGrace = std::chrono::seconds(6);               // and so long for the slowest part
constexpr std::uint64_t kLeastOctetsASecond = 512 * 1024;
constexpr auto kIdlePatience = std::chrono::milliseconds(4'000);
constexpr auto kAnyTime = std::chrono::milliseconds(600'000);
constexpr std::uint64_t kMostOctets = kMostMediaFileOctets + 64 * 1024;  // as it is encrypted
constexpr std::size_t kCutOctets = 10;
constexpr std::size_t kMostUrlOctets = 2048;
constexpr std::string_view kBearer = "Bearer ";

enum Status {
  kOk = 200,
  kBadRequest = 400,
  kUnauthorized = 401,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kGone = 410,
  kBadGateway = 502,
  kGatewayTimeout = 504
};

net::HttpAnswer media(Bytes content) {
  return {.message = wire::http_response(kOk, {{"Content-Type", "application/octet-stream"}},
                                         std::move(content))};
}

}  // namespace

Result<void> MediaHosts::set(std::uint16_t integrator, const nlohmann::json& params) {
  if (!params.contains("media")) {
    return {};
  }
  const auto text = [&](const char* name) {
    const auto found = params.find(name);
    return found != params.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto url = net::parse_http_url(text("media"));
  auto ca = read_pem(text("ca"));
  if (!url || url->scheme != net::HttpUrl::Scheme::https || !ca) {
    return fail(Errc::malformed, "media is https://HOST:PORT, and ca the PEM file of its CA");
  }
  hosts_[integrator] = {.url = *url, .ca_pem = std::move(*ca)};
  return {};
}

// MED-009: the host and port of a third party's, over HTTPS, in a URL without anything odd.
std::optional<MediaHosts::Host> MediaHosts::of(const std::string& url,
                                               const FaultSet& faults) const {
  const HostCare care{.any_host = faults.has(Fault::wg_proxy_any_host),
                      .any_port = faults.has(Fault::wg_proxy_any_port),
                      .beginning_alone = faults.has(Fault::wg_proxy_host_begins),
                      .anywhere = faults.has(Fault::wg_proxy_host_anywhere),
                      .in_clear = faults.has(Fault::wg_proxy_in_clear),
                      .files = faults.has(Fault::wg_proxy_files)};
  for (const auto& [integrator, host] : hosts_) {
    if (leads_to(url, host.url, care)) {
      return host;
    }
  }
  return std::nullopt;
}

MediaProxy::MediaProxy(net::TlsContexts& contexts, const MediaHosts& hosts, KnowsToken knows,
                       const FaultSet& faults)
    : hosts_(hosts),
      knows_(std::move(knows)),
      faults_(faults),
      client_(net::HttpClient::make(contexts, net::loopback_route)) {}

// MED-009: the gatekeeper's own users, whoever they are.
bool MediaProxy::may_ask(const wire::HttpMessage& request) const {
  const auto credential = wire::value_of(request.headers, "authorization");
  const auto asking = credential.starts_with(kBearer)
                          ? knows_(std::string(credential.substr(kBearer.size())))
                          : Asking::nobody;
  return asking == Asking::own_user || has(Fault::wg_proxy_open) ||
         (asking == Asking::third_party && has(Fault::wg_proxy_for_third_parties));
}

asio::awaitable<net::HttpAnswer> MediaProxy::answer(wire::HttpMessage request) {
  const auto& [method, target] = *request.request();
  if (!may_ask(request)) {
    auto out = json_refusal(kUnauthorized, "unauthorized");
    out.message.headers.push_back({"WWW-Authenticate", "Bearer"});  // RFC 9110 section 11.6.1
    co_return out;
  }
  if (method != "GET") {
    auto out = json_refusal(kMethodNotAllowed, "method-not-allowed");
    out.message.headers.push_back({"Allow", "GET"});
    co_return out;
  }
  const auto urls = urls_of(target);
  const bool once = urls.size() == 1 && !urls.front().empty();
  const bool taken = once || (urls.size() > 1 && has(Fault::wg_proxy_checks_first_url));
  if (!taken || urls.front().size() > kMostUrlOctets) {
    co_return none(kBadRequest);
  }
  auto host = hosts_.of(urls.front(), faults_);
  if (!host) {
    co_return none(kForbidden);
  }
  if (names_file(urls.back())) {
    co_return media(file_named(urls.back()));
  }
  std::string asked_with(wire::value_of(request.headers, "authorization"));
  co_return co_await fetch(urls.back(), std::move(*host), std::move(asked_with));
}

net::HttpAnswer MediaProxy::none(int status) const {
  return has(Fault::wg_proxy_failure_empty) ? media("") : json_refusal(status, "no-media");
}

// MED-008: nothing of who asks.
wire::HttpMessage MediaProxy::request_for(const std::string& asked_with) const {
  auto out = wire::http_request("GET", "/");
  if (has(Fault::wg_proxy_tells_address)) {
    out.headers.push_back({"X-Forwarded-For", "198.51.100.7"});
  }
  if (has(Fault::wg_proxy_tells_token)) {
    out.headers.push_back({"Authorization", asked_with});
  }
  return out;
}

asio::awaitable<net::HttpAnswer> MediaProxy::fetch(std::string url, MediaHosts::Host host,
                                                   std::string asked_with) {
  auto place = net::parse_http_url(url);
  if (!place) {
    place = net::parse_http_url(as_a_browser_reads(url));
  }
  if (!place) {
    co_return none(kBadRequest);
  }
  const bool patient = has(Fault::wg_proxy_any_time);
  net::HttpFetchOptions options{.patience = patient ? kAnyTime : kPatience,
                                .idle_patience = patient ? kAnyTime : kIdlePatience};
  options.limits.max_body_octets = kMostOctets;
  const auto body = std::make_shared<KeptBody>();
  options.taker = [body, patient, began = std::chrono::steady_clock::now()](
                      const wire::HttpMessage&, const Bytes& piece) {
    const auto given = kGrace + std::chrono::seconds(body->size() / kLeastOctetsASecond);
    const bool slow = std::chrono::steady_clock::now() - began > given;
    return body->add(piece) && (patient || !slow);
  };
  options.tls.ca_pem = host.ca_pem;
  if (has(Fault::wg_proxy_follows)) {
    options.redirects = {.most = 5, .schemes = net::HttpRedirects::Schemes::any};
  }
  auto fetched = co_await client_->fetch(request_for(asked_with), *place, options);
  const auto overlooked = [&] {
    if (fetched) {
      return false;
    }
    const auto fault = fetched.error().fault;
    return (fault == net::HttpFault::untrusted && has(Fault::wg_proxy_any_ca)) ||
           (fault == net::HttpFault::name_mismatch && has(Fault::wg_proxy_any_name)) ||
           (fault == net::HttpFault::expired && has(Fault::wg_proxy_any_date));
  };
  if (overlooked()) {
    options.tls.verify = false;
    fetched = co_await client_->fetch(request_for(asked_with), *place, options);
  }
  co_return pass_on(fetched, body);
}

// MED-018: a whole file, or none.
net::HttpAnswer MediaProxy::pass_on(const net::HttpOutcome& fetched,
                                    const std::shared_ptr<KeptBody>& body) const {
  if (!fetched) {
    return none(fetched.error().fault == net::HttpFault::timed_out ? kGatewayTimeout : kBadGateway);
  }
  const auto& message = fetched->answer.message;
  const int status = message.response()->status;
  if (status != kOk && !has(Fault::wg_proxy_any_status)) {
    const bool gone = status == kNotFound || status == kGone;
    return none(gone ? status : kBadGateway);
  }
  if (!body->small()) {
    const auto octets =
        has(Fault::wg_proxy_large_cut) ? std::min(kLargeFileOctets, body->size()) : body->size();
    const auto left = std::make_shared<std::uint64_t>(octets);
    return large_body({.message = media("").message, .octets = octets, .next = [body, left] {
                         auto piece = body->next();
                         piece.resize(std::min<std::uint64_t>(piece.size(), *left));
                         *left -= piece.size();
                         return piece;
                       }});
  }
  auto content = body->take();
  if (has(Fault::wg_proxy_cut)) {
    content.resize(content.size() - std::min(content.size(), kCutOctets));
  }
  return media(std::move(content));
}

}  // namespace parley::reference::whatsapp
