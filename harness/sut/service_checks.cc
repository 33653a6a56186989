// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/service_checks.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "harness/base/text.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/jwks_lint.h"
#include "harness/crypto/jose/verify.h"
#include "harness/sut/diagnosis.h"

namespace parley::sut {
namespace {

namespace jose = crypto::jose;
using namespace std::chrono_literals;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::string_view kKeys = "keys";  // which a third party's server does not lack
constexpr std::string_view kPartner = "partner";
constexpr std::string_view kMutualTls = "mutual-tls";
constexpr std::chrono::milliseconds kLimit{5'000};  // for each question
constexpr seconds kClocksApart{60};                 // what tokens are usually forgiven
constexpr std::size_t kShownOctets = 160;
constexpr jose::Algorithm kSigned[] = {
    jose::Algorithm::es256, jose::Algorithm::es384, jose::Algorithm::es512, jose::Algorithm::rs256,
    jose::Algorithm::rs384, jose::Algorithm::rs512, jose::Algorithm::ps256, jose::Algorithm::ps384,
    jose::Algorithm::ps512, jose::Algorithm::eddsa};
constexpr std::chrono::hours kAnyLifetime{24 * 365};  // how long is a case's to judge

// What asks a service without changing anything: the answer's status does not matter.
struct Question {
  std::string_view service;
  std::string_view path;  // the setting that says where
};
constexpr Question kQuestions[] = {{"enlistment", "enlistment-path"},
                                   {"keys", "discovery-path"},
                                   {"partner", "authentication-path"}};

// RFC 9110 section 5.6.7, the form that is to be written.
std::optional<std::chrono::sys_seconds> time_of(const std::string& date) {
  std::tm parts{};
  std::istringstream in(date);
  in.imbue(std::locale::classic());
  in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
  return in.fail() ? std::nullopt
                   : std::optional(std::chrono::sys_seconds(seconds(timegm(&parts))));
}

std::string span_text(seconds span) {
  return span < 2min
             ? fmt::format("{} s", span.count())
             : fmt::format("{} min", std::chrono::round<std::chrono::minutes>(span).count());
}

std::string shown(const std::string& text) { return "'" + printable(text, kShownOctets) + "'"; }

// What an issuer differs in from another that was meant, in words.
std::string_view difference_of(const std::string& found, const std::string& wanted) {
  if (found + "/" == wanted || found == wanted + "/") {
    return "; they differ in the slash at the end";
  }
  return wire::same_name(found, wanted) ? "; they differ in upper and lower case" : "";
}

// What would make a verifier of `policy` take a token that it refuses for `reason`.
std::string mend_of_token(jose::Refusal reason, const jose::Policy& policy) {
  if (reason >= jose::Refusal::kid_wrong_type && reason <= jose::Refusal::signature_wrong) {
    return "sign with a key whose public half is in the published set, and name it in 'kid' as the "
           "set does (RFC 7515 section 4.1.4)";
  }
  if (reason >= jose::Refusal::time_out_of_range && reason <= jose::Refusal::lifetime_too_long) {
    return "let iat, nbf and exp be seconds since 1970, not milliseconds (RFC 7519 section 2), by "
           "a "
           "clock that is right, and exp be to come";
  }
  return fmt::format(
      "expected are iss {}, aud {}, sub {}; the driver is told aud by 'gatekeeper', and other "
      "values are given with '--set' or endpoints/issuer",
      shown(policy.issuer), shown(policy.audience), shown(policy.subject.value_or("")));
}

}  // namespace

ServiceChecks::ServiceChecks(ServerUnderCheck server, const model::Profile& profile, Driver* driver,
                             Checks& checks)
    : server_(std::move(server)),
      profile_(profile),
      driver_(driver),
      checks_(checks),
      client_(net::HttpClient::make(contexts_, net::loopback_route)) {}

std::string ServiceChecks::endpoint(const std::string& name) const {
  const auto at = server_.endpoints.find(name);
  return at == server_.endpoints.end() ? "" : at->second;
}

std::string ServiceChecks::setting(const std::string& name) const {
  const auto at = profile_.settings.find(name);
  return at == profile_.settings.end() ? "" : at->second.value;
}

asio::awaitable<void> ServiceChecks::run(model::Party party) {
  bool served = true;
  // One that hosts media may have no keys of its own.
  const bool hosts_alone = endpoint(std::string(kKeys)).empty() && !endpoint("media").empty();
  for (const auto& [service, of] : profile_.services) {
    if (of == party && ((service == kKeys && !hosts_alone) || is_declared(service))) {
      served = co_await check_service(service) && served;
    }
  }
  if (party == model::Party::third_party_server && served && !hosts_alone) {
    co_await check_keys();
  }
}

// By its address, or by a feature that needs it.
bool ServiceChecks::is_declared(const std::string& service) const {
  struct Needed {
    std::string_view feature;
    std::string_view service;
  };
  constexpr Needed kNeeded[] = {{"enlistment-api", "enlistment"},
                                {"http-upload", "media"},
                                {"media-hosting", "media"},
                                {"media-proxy", "proxy"},
                                {"pushes", "partner"},
                                {"user-authentication", "partner"}};
  return !endpoint(service).empty() || std::ranges::any_of(kNeeded, [&](const Needed& needed) {
    return needed.service == service && std::ranges::count(server_.features, needed.feature) > 0;
  });
}

std::optional<net::HttpUrl> ServiceChecks::check_address(const std::string& service) {
  const auto text = endpoint(service);
  const auto what = fmt::format("endpoints/{}: is the address of a server", service);
  constexpr std::string_view kMend = "write it as https://localhost:8443, without a path";
  if (text.empty()) {
    checks_.lack(what, std::string(kMend));
    return std::nullopt;
  }
  const auto url = net::parse_http_url(text);
  if (!url || url->target != "/") {
    checks_.complain(
        what,
        fmt::format("{}: {}", shown(text),
                    url ? "it has a path, and paths are the profile's" : url.error().detail),
        std::string(kMend));
    return std::nullopt;
  }
  if (url->scheme == net::HttpUrl::Scheme::http) {
    checks_.complain(what, fmt::format("{} is without TLS", shown(text)),
                     "serve it over HTTPS and write https://");
    return std::nullopt;
  }
  if (const auto local = net::loopback_route(*url); !local) {
    checks_.complain(what, fmt::format("{}: {}", shown(text), local.error().detail),
                     "attach the SUT at a loopback address");
    return std::nullopt;
  }
  return *url;
}

asio::awaitable<net::HttpOutcome> ServiceChecks::get(net::HttpUrl url) {
  net::HttpFetchOptions options{.patience = kLimit, .idle_patience = kLimit};
  options.limits.max_body_octets = jose::JwksLimits{}.max_octets;
  options.tls.ca_pem = server_.ca_pem;
  co_return co_await client_->fetch(wire::http_request("GET", url.target), std::move(url),
                                    std::move(options));
}

asio::awaitable<bool> ServiceChecks::check_service(std::string service) {
  auto url = check_address(service);
  if (!url || server_.ca_pem.empty()) {
    co_return false;  // of the CA has been spoken
  }
  for (const auto& question : kQuestions) {
    url->target = question.service == service ? setting(std::string(question.path)) : url->target;
  }
  const auto outcome = co_await get(*url);
  if (!outcome && wants_certificate(service, outcome.error())) {
    checks_.pass(fmt::format("endpoints/{}: asks who calls for a certificate", service),
                 outcome.error().detail);
    co_return true;
  }
  if (!outcome && co_await without_tls(outcome.error())) {
    checks_.complain(
        fmt::format("endpoints/{}: answers over verified HTTPS", service),
        fmt::format("{}: it speaks HTTP in the clear there", net::to_string(outcome.error().url)),
        "let the SUT serve HTTPS there, with a certificate of endpoints/ca");
    co_return false;
  }
  if (!outcome) {
    explain(service, outcome.error());
    co_return false;
  }
  checks_.pass(
      fmt::format("endpoints/{}: answers over verified HTTPS", service),
      fmt::format("{}: {}", net::to_string(*url), outcome->answer.message.response()->status));
  check_clock(service, outcome->answer.message);
  co_return true;
}

// Whether a handshake came to nothing because HTTP is spoken there without one. What the other side
// makes of ours says little: it may refuse it, hang up or wait for more.
asio::awaitable<bool> ServiceChecks::without_tls(net::HttpFetchFailure failure) {
  using Fault = net::HttpFault;
  auto url = failure.url;
  if (failure.fault != Fault::tls && failure.fault != Fault::timed_out &&
      failure.fault != Fault::closed) {
    co_return false;
  }
  url.scheme = net::HttpUrl::Scheme::http;
  const auto answer = co_await get(std::move(url));
  co_return answer.has_value();
}

// It has been shown none: the gatekeeper's is made for each run.
bool ServiceChecks::wants_certificate(const std::string& service,
                                      const net::HttpFetchFailure& failure) const {
  return service == kPartner && setting("server-authentication") == kMutualTls &&
         (failure.fault == net::HttpFault::tls || failure.fault == net::HttpFault::closed);
}

void ServiceChecks::explain(const std::string& service, const net::HttpFetchFailure& failure) {
  using Fault = net::HttpFault;
  const auto what = fmt::format("endpoints/{}: answers over verified HTTPS", service);
  const auto found = fmt::format("{}: {}", net::to_string(failure.url), failure.detail);
  const auto* known = tls_diagnosis(failure.detail);
  std::string mend = "compare the SUT's log";
  switch (failure.fault) {
    case Fault::unreachable:
      mend = "start the SUT, or correct the port";
      break;
    case Fault::untrusted:
      mend = "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate";
      break;
    case Fault::name_mismatch:
      mend = fmt::format(
          "give the SUT a certificate for '{}', or write the name that its "
          "certificate has",
          failure.url.host);
      break;
    case Fault::expired:
      mend = "renew the SUT's certificate or set the clocks right";
      break;
    case Fault::tls:
      mend = known != nullptr ? std::string(known->mend) : "let the SUT speak TLS 1.2 or 1.3 there";
      break;
    case Fault::malformed:
      mend = "give the address where the SUT speaks HTTP/1.1";
      break;
    case Fault::timed_out:
      mend = "compare the SUT's log; nothing came in time";
      break;
    default:
      break;
  }
  checks_.complain(what, found, std::move(mend));
}

void ServiceChecks::check_clock(const std::string& service, const wire::HttpMessage& answer) {
  const auto what = fmt::format("endpoints/{}: its clock agrees with ours", service);
  const auto said = time_of(wire::value_of(answer.headers, "date"));
  if (!said) {
    return;  // a server without a clock says none (RFC 9110 section 6.6.1)
  }
  const auto ahead = *said - floor<seconds>(system_clock::now());
  const auto apart = ahead < 0s ? -ahead : ahead;
  if (apart <= kClocksApart) {
    checks_.pass(what);
    return;
  }
  checks_.complain(
      what,
      fmt::format("its Date is {} {} ours", span_text(apart), ahead > 0s ? "ahead of" : "behind"),
      "set the clocks right: tokens and signatures are refused otherwise");
}

asio::awaitable<void> ServiceChecks::check_keys() {
  const auto issuer = endpoint("issuer").empty() ? endpoint("keys") : endpoint("issuer");
  const auto url = co_await check_discovery(issuer);
  if (!url) {
    co_return;
  }
  if (const auto keys = co_await check_key_set(*url)) {
    co_await check_token(issuer, *keys);
  }
}

asio::awaitable<std::optional<net::HttpUrl>> ServiceChecks::check_discovery(std::string issuer) {
  auto url = *net::parse_http_url(endpoint("keys"));
  const auto named = net::parse_http_url(issuer);
  const auto path = named ? named->target : "/";  // of the issuer, without a slash at its end
  url.target =
      path.substr(0, path.size() - (path.ends_with('/') ? 1 : 0)) + setting("discovery-path");
  const auto where = net::to_string(url);
  const std::string what = "endpoints/keys: describes the issuer";
  const auto outcome = co_await get(url);
  const int status = outcome ? outcome->answer.message.response()->status : 0;
  if (status != 200) {
    checks_.complain(what,
                     outcome ? fmt::format("{} answers {}", where, status) : outcome.error().detail,
                     "serve the discovery document there (OpenID Connect Discovery section 4), or "
                     "give another discovery-path with --set");
    co_return std::nullopt;
  }
  const auto document = nlohmann::json::parse(outcome->answer.message.body, nullptr, false);
  const auto text = [&](const char* name) {
    return document.is_object() && document.contains(name) && document[name].is_string()
               ? document[name].get<std::string>()
               : "";
  };
  if (text("issuer").empty() || text("jwks_uri").empty()) {
    checks_.complain(what, fmt::format("{} is no JSON object with issuer and jwks_uri", where),
                     "serve the discovery document there (OpenID Connect Discovery section 3)");
    co_return std::nullopt;
  }
  if (text("issuer") != issuer) {
    checks_.complain("endpoints/issuer: is what the SUT calls itself",
                     fmt::format("the declaration says {}, the document {}{}", shown(issuer),
                                 shown(text("issuer")), difference_of(text("issuer"), issuer)),
                     fmt::format("set endpoints/issuer to {}: issuers are compared octet by octet",
                                 shown(text("issuer"))));
    co_return std::nullopt;
  }
  checks_.pass(what, issuer);
  const auto keys = net::parse_http_url(text("jwks_uri"));
  if (!keys || keys->scheme != net::HttpUrl::Scheme::https) {
    checks_.complain("endpoints/keys: publishes its keys over HTTPS",
                     fmt::format("jwks_uri is {}", shown(text("jwks_uri"))),
                     "let jwks_uri be an https URL");
    co_return std::nullopt;
  }
  co_return *keys;
}

asio::awaitable<std::optional<jose::KeyRing>> ServiceChecks::check_key_set(net::HttpUrl url) {
  const std::string what = "endpoints/keys: publishes its keys";
  const auto where = net::to_string(url);
  const auto outcome = co_await get(std::move(url));
  const int status = outcome ? outcome->answer.message.response()->status : 0;
  if (status != 200) {
    checks_.complain(
        what,
        fmt::format("{}: {}", where,
                    outcome ? fmt::format("answers {}", status) : outcome.error().detail),
        "serve the JWK Set (RFC 7517 section 5) at the discovery document's jwks_uri");
    co_return std::nullopt;
  }
  const auto& body = outcome->answer.message.body;
  const auto set = jose::read_jwks(body);
  if (!set || set->keys.empty()) {
    const auto defects = jose::lint_jwks(body);
    checks_.complain(what,
                     fmt::format("{} has no key that can verify a token: {}", where,
                                 defects.empty() ? "the set is empty" : defects.front().detail),
                     "publish at least one public signature key");
    co_return std::nullopt;
  }
  auto ring = jose::KeyRing::make(set->keys);
  if (!ring) {
    checks_.complain(what, fmt::format("{}: {}", where, ring.error().detail),
                     "publish keys that can verify a token");
    co_return std::nullopt;
  }
  const auto defects = jose::lint_published_jwks(body);
  const auto count = fmt::format("{} at {}", set->keys.size(), where);
  if (defects.empty()) {
    checks_.pass(what, count);
  } else {
    checks_.advise(what,
                   fmt::format("{}; {} ({})", count, defects.front().detail,
                               jose::clause_of(defects.front().defect)),
                   "cases of IDP-028 will say more");
  }
  co_return std::move(*ring);
}

asio::awaitable<Result<std::string>> ServiceChecks::some_user() {
  if (!server_.samples.empty()) {
    co_return server_.samples.front().account.user;
  }
  const std::string user = "490000000000";
  const auto done =
      co_await driver_->call("enlist", {{"user", user}, {"password", "preflight"}}, kLimit);
  if (!done) {
    co_return std::unexpected(done.error());
  }
  co_return user;
}

asio::awaitable<void> ServiceChecks::check_token(std::string issuer, const jose::KeyRing& keys) {
  const std::string what = "driver/command: gets a token that proves who its bearer is";
  if (driver_ == nullptr) {
    checks_.complain(what, "there is none", "add driver: { command: [program, argument] }");
    co_return;
  }
  const auto audience = setting("token-audience");
  nlohmann::json gatekeeper{{"audience", audience},
                            {"authentication", setting("server-authentication")}};
  if (setting("server-authentication") == kMutualTls) {
    gatekeeper["client_ca"] = endpoint("ca");  // of a gatekeeper that never calls
    gatekeeper["client_name"] = setting("gatekeeper-name");
  } else {
    gatekeeper["secret"] = std::string(64, '0');
  }
  const auto known = co_await driver_->call("gatekeeper", std::move(gatekeeper), kLimit);
  if (!known && known.error().code != Errc::unsupported) {
    checks_.complain(what, "gatekeeper: " + known.error().detail, "see the driver's log");
    co_return;
  }
  const auto user = co_await some_user();
  if (!user) {
    checks_.complain(what, "enlist: " + user.error().detail,
                     "let the driver answer 'enlist', or add a pool of accounts");
    co_return;
  }
  const auto answer = co_await driver_->call("token", {{"user", *user}}, kLimit);
  const auto token =
      answer && answer->is_object() ? answer->value("token", nlohmann::json()) : nlohmann::json();
  if (!token.is_string()) {
    checks_.complain(
        what,
        fmt::format("token of {}: {}", shown(*user),
                    answer ? "the answer holds no string 'token'" : answer.error().detail),
        "let the driver answer 'token' with {token} (harness/sut/DRIVER.md)");
    co_return;
  }
  jose::Policy policy{.issuer = issuer, .audience = audience, .subject = *user};
  policy.algorithms = {std::begin(kSigned), std::end(kSigned)};
  policy.max_lifetime = kAnyLifetime;
  policy.required_claims = {};  // the cases judge what else it says
  policy.header_keys = jose::HeaderKeys::ignored;
  const auto verified =
      jose::verify(token.get<std::string>(), keys, policy, floor<seconds>(system_clock::now()));
  if (verified) {
    checks_.pass(what, *user);
    co_return;
  }
  checks_.complain(what,
                   fmt::format("it would be refused: {} ({})",
                               jose::to_string(verified.error().reason), verified.error().detail),
                   mend_of_token(verified.error().reason, policy));
}

}  // namespace parley::sut
