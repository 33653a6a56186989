// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/key_fetch.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/net/http_client.h"
#include "harness/reference/whatsapp/first_value.h"
#include "harness/reference/whatsapp/key_set.h"

namespace parley::reference::whatsapp {
namespace {

using net::HttpFault;
using net::HttpUrl;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kKeySet = "application/jwk-set+json";  // RFC 7517 section 8.5.1
constexpr std::size_t kMaxMetadataOctets = std::size_t{64} << 10U;
constexpr std::size_t kAnySize = std::size_t{64} << 20U;
constexpr int kFewRedirects = 2;  // wg-may-follow-redirects
constexpr auto kAnyTime = std::chrono::milliseconds(std::chrono::hours(1));

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The media type alone, in lower case.
std::string media_type(const wire::HttpMessage& answer) {
  auto type = lower(wire::value_of(answer.headers, "content-type"));
  type = type.substr(0, type.find(';'));
  type.erase(type.find_last_not_of(" \t") + 1);
  return type;
}

Outage outage_of(HttpFault fault) {
  switch (fault) {
    case HttpFault::unreachable:
    case HttpFault::tls:
    case HttpFault::untrusted:
    case HttpFault::name_mismatch:
    case HttpFault::expired:
      return Outage::unreachable;
    case HttpFault::timed_out:
      return Outage::silent;
    case HttpFault::bad_url:
    case HttpFault::address_refused:
    case HttpFault::redirect_refused:
      return Outage::refused;
    case HttpFault::closed:
    case HttpFault::malformed:
    case HttpFault::too_large:
      return Outage::unreadable;
  }
  return Outage::unreadable;
}

// One fetch of a service's keys. Lives in fetch_keys().
class Fetch {
 public:
  Fetch(KeySource source, FetchBounds bounds, const FaultSet& faults)
      : source_(std::move(source)),
        faults_(faults),
        client_(net::HttpClient::make(contexts_, net::loopback_route, 0)),
        idle_patience_(has(Fault::wg_keys_any_time) ? kAnyTime : bounds.idle_patience),
        until_(Clock::now() + (has(Fault::wg_keys_any_time) || has(Fault::wg_keys_any_drip)
                                   ? kAnyTime
                                   : bounds.patience)) {}

  asio::awaitable<FetchedKeys> run() {
    const auto issuer = net::parse_http_url(source_.issuer);
    if (!issuer || issuer->scheme != HttpUrl::Scheme::https) {
      co_return std::unexpected(Outage::refused);
    }
    HttpUrl place = *issuer;
    place.target = without_slash(place.target) + std::string(kDiscoveryPath);
    auto metadata = co_await get(std::move(place), kMaxMetadataOctets);
    if (!metadata) {
      co_return std::unexpected(metadata.error());
    }
    auto keys_at = key_set_of(*metadata, *issuer);
    if (!keys_at) {
      co_return std::unexpected(keys_at.error());
    }
    const auto set = co_await get(std::move(*keys_at), kMaxKeySetOctets);
    if (!set) {
      co_return std::unexpected(set.error());
    }
    co_return keys_of(*set);
  }

 private:
  using Answer = std::expected<wire::HttpMessage, Outage>;

  bool has(Fault fault) const { return faults_.has(fault); }

  net::HttpFetchOptions options(std::size_t most_octets) const {
    net::HttpFetchOptions out;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now());
    out.patience = std::max(left, std::chrono::milliseconds(1));
    out.idle_patience = idle_patience_;
    out.limits.max_body_octets = has(Fault::wg_keys_any_size) ? kAnySize : most_octets;
    if (has(Fault::wg_keys_any_headers)) {
      out.limits.max_headers = kAnySize;
      out.limits.max_head_octets = kAnySize;
    }
    out.tls.ca_pem = source_.ca_pem;
    if (has(Fault::wg_keys_old_tls)) {
      out.tls.min_version = net::TlsVersion::tls1_0;
    }
    if (has(Fault::wg_keys_newest_tls_alone)) {
      out.tls.min_version = net::TlsVersion::tls1_3;
    }
    return out;
  }

  bool overlooks(HttpFault fault) const {
    return (fault == HttpFault::untrusted && has(Fault::wg_keys_any_ca)) ||
           (fault == HttpFault::name_mismatch && has(Fault::wg_keys_any_host)) ||
           (fault == HttpFault::expired && has(Fault::wg_keys_expired_certificate));
  }

  asio::awaitable<Answer> get(HttpUrl url, std::size_t most_octets) {
    for (int redirects = 0;; ++redirects) {
      const auto request = wire::http_request("GET", "", {{"Accept", std::string(kJson)}});
      auto fetched = co_await client_->fetch(request, url, options(most_octets));
      if (!fetched && overlooks(fetched.error().fault)) {
        auto blind = options(most_octets);
        blind.tls.verify = false;
        fetched = co_await client_->fetch(request, url, std::move(blind));
      }
      if (!fetched) {
        co_return std::unexpected(outage_of(fetched.error().fault));
      }
      auto& answer = fetched->answer.message;
      const int status = answer.response()->status;
      if (status / 100 != 3) {
        const bool answered = status == 200 || has(Fault::wg_keys_any_status);
        co_return answered ? Answer(std::move(answer)) : std::unexpected(Outage::status);
      }
      auto next = redirected(url, answer, redirects);
      if (!next) {
        co_return std::unexpected(Outage::refused);
      }
      url = std::move(*next);
    }
  }

  // Keys stay where the issuer's metadata say that they are: a redirect leads nowhere.
  std::optional<HttpUrl> redirected(const HttpUrl& from, const wire::HttpMessage& answer,
                                    int redirects) const {
    auto next = net::resolve(from, wire::value_of(answer.headers, "location"));
    if (!next || (redirects == kFewRedirects && !has(Fault::wg_keys_follow_loops))) {
      return std::nullopt;
    }
    const bool clear = next->scheme == HttpUrl::Scheme::http && from.scheme != next->scheme;
    const bool elsewhere = !clear && !net::same_origin(from, *next);
    const bool near = !clear && !elsewhere;
    const bool follows =
        (clear && has(Fault::wg_keys_follow_to_http)) ||
        (near && (has(Fault::wg_may_follow_redirects) || has(Fault::wg_keys_follow_loops)));
    return follows ? std::optional(std::move(*next)) : std::nullopt;
  }

  bool is_json(const wire::HttpMessage& answer) const {
    return has(Fault::wg_keys_type_to_the_letter)
               ? wire::value_of(answer.headers, "content-type") == kJson
               : media_type(answer) == kJson;
  }

  // Where the metadata of `issuer` say that its keys are.
  std::expected<HttpUrl, Outage> key_set_of(const wire::HttpMessage& answer,
                                            const HttpUrl& issuer) const {
    if (!is_json(answer) && !has(Fault::wg_keys_any_metadata_type)) {
      return std::unexpected(Outage::media_type);
    }
    return key_set_place(answer.body, source_.issuer, issuer, faults_);
  }

  FetchedKeys keys_of(const wire::HttpMessage& answer) const {
    const bool is_set = media_type(answer) == kKeySet && !has(Fault::wg_keys_type_to_the_letter);
    if (!is_json(answer) && !is_set && !has(Fault::wg_keys_any_media_type)) {
      return std::unexpected(Outage::media_type);
    }
    auto keys = trusted_keys(
        has(Fault::wg_keys_more_behind) ? first_value(answer.body) : answer.body, faults_);
    if (!keys) {
      return std::unexpected(keys.error().code == Errc::not_found ? Outage::empty
                                                                  : Outage::unreadable);
    }
    return std::move(*keys);
  }

  KeySource source_;
  FaultSet faults_;
  // Of this fetch alone: what is kept of a service goes with it.
  net::TlsContexts contexts_;
  std::unique_ptr<net::HttpClient> client_;
  std::chrono::milliseconds idle_patience_;
  Clock::time_point until_;
};

}  // namespace

asio::awaitable<FetchedKeys> fetch_keys(KeySource source, FetchBounds bounds, FaultSet faults) {
  Fetch fetch(std::move(source), bounds, faults);
  if (faults.has(Fault::wg_may_ask_twice)) {
    (void)co_await fetch.run();
  }
  co_return co_await fetch.run();
}

}  // namespace parley::reference::whatsapp
