// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_caller.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "harness/crypto/httpsig/message_signature.h"
#include "harness/net/http_client.h"
#include "harness/reference/certificate_folder.h"
#include "harness/reference/whatsapp/first_value.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
namespace httpsig = crypto::httpsig;
using std::chrono::milliseconds;

constexpr std::string_view kAuthentications = "/v1/authentications";
constexpr std::string_view kPushes = "/v1/pushes";
constexpr std::string_view kJson = "application/json";
constexpr std::size_t kMostAnswerOctets = std::size_t{64} << 10U;
constexpr std::size_t kAnySize = std::size_t{16} << 20U;
constexpr std::size_t kMostDepth = 8;
constexpr std::size_t kAnyDepth = 5000;
constexpr std::size_t kNonceOctets = 16;
constexpr std::size_t kMostRemembered = 1'000;
constexpr auto kAnyTime = milliseconds(std::chrono::hours(1));  // wg-call-any-time
constexpr auto kNever = asio::steady_timer::time_point::max();

enum Status {
  kOk = 200,
  kNotFound = 404,
  kRequestTimeout = 408,
  kGone = 410,
  kTooEarly = 425,
  kTooManyRequests = 429,
};

int status_of(const std::optional<wire::HttpMessage>& answer) {
  return answer ? answer->response()->status : 0;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool is_json(const wire::HttpMessage& answer) {
  auto type = lower(wire::value_of(answer.headers, "content-type"));
  type = type.substr(0, type.find(';'));
  type.erase(type.find_last_not_of(" \t") + 1);
  return type == kJson;
}

std::int64_t now_s() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

net::HttpFetchOptions options_under(const CalledServer& server, milliseconds patience,
                                    const FaultSet& faults) {
  net::HttpFetchOptions out{.patience = patience, .idle_patience = patience};
  out.limits.max_body_octets =
      faults.has(Fault::wg_call_large_answer) ? kAnySize : kMostAnswerOctets;
  out.tls.ca_pem = server.ca_pem;
  if (faults.has(Fault::wg_call_old_tls)) {
    out.tls.min_version = net::TlsVersion::tls1_0;
  }
  return out;
}

bool overlooks(net::HttpFault fault, const FaultSet& faults) {
  return (fault == net::HttpFault::untrusted && faults.has(Fault::wg_call_any_ca)) ||
         (fault == net::HttpFault::name_mismatch && faults.has(Fault::wg_call_any_host)) ||
         (fault == net::HttpFault::expired && faults.has(Fault::wg_call_expired_certificate));
}

// What the answer says of the user; false where it says nothing that can be relied on.
bool is_active(const wire::HttpMessage& answer, const std::string& identifier,
               const FaultSet& faults) {
  if (!is_json(answer) && !faults.has(Fault::wg_call_any_media_type)) {
    return false;
  }
  const auto content = jose::read_json(
      faults.has(Fault::wg_call_more_behind) ? first_value(answer.body) : answer.body,
      {.max_depth = faults.has(Fault::wg_call_deep_answer) ? kAnyDepth : kMostDepth},
      faults.has(Fault::wg_call_members_twice) ? jose::Repeats::kept : jose::Repeats::refused);
  if (!content || content->object() == nullptr) {
    return faults.has(Fault::wg_call_any_answer);
  }
  const bool foreign = content->object()->size() > 2;
  if (foreign && faults.has(Fault::wg_call_unknown_member_refused)) {
    return false;
  }
  const auto* active = content->find("active");
  const auto* subject = content->find("sub");
  const auto* text = subject == nullptr ? nullptr : subject->text();
  const bool is_true = active != nullptr && *active == jose::Json{true};
  const bool truthy =
      active != nullptr && (active->text() != nullptr || active->number() != nullptr);
  const bool unsaid = active == nullptr || *active == jose::Json{};
  const bool says_so = is_true || (unsaid && faults.has(Fault::wg_call_unsaid_taken)) ||
                       (truthy && faults.has(Fault::wg_call_truthy_answer)) ||
                       faults.has(Fault::wg_call_inactive_taken);
  const bool same = text != nullptr && *text == identifier;
  const bool unnamed = subject == nullptr && faults.has(Fault::wg_call_unsaid_taken);
  return says_so && (same || unnamed || faults.has(Fault::wg_call_any_subject));
}

}  // namespace

PartnerCaller::PartnerCaller(CallKeeping keeping, CalledServer server, Rng rng)
    : keeping_(std::move(keeping)),
      server_(std::move(server)),
      rng_(std::move(rng)),
      answered_(keeping_.executor, kNever) {}

wire::HttpMessage PartnerCaller::request_to(const std::string& path, const std::string& body,
                                            const FaultSet& faults) {
  const auto url = net::parse_http_url(server_.url);
  auto out = wire::http_request(
      "POST", path,
      {{"Host", url ? net::authority_of(*url) : "localhost"}, {"Content-Type", std::string(kJson)}},
      body);
  if (faults.has(Fault::wg_call_unsigned)) {
    return out;
  }
  switch (server_.proof) {
    case CallerProof::signature:
      sign(out, faults);
      break;
    case CallerProof::bearer:
      bear_secret(out, faults);
      break;
    case CallerProof::certificate:
      break;  // the handshake shows it
  }
  return out;
}

// RFC 6750 section 2.1.
void PartnerCaller::bear_secret(wire::HttpMessage& request, const FaultSet& faults) const {
  const auto secret =
      borne(faults.has(Fault::wg_call_other_secret) ? SecretBytes("another") : server_.secret);
  if (faults.has(Fault::wg_call_secret_in_url)) {
    std::get<wire::HttpRequestLine>(request.start).target += "?access_token=" + secret;
    return;
  }
  const std::string_view scheme = faults.has(Fault::wg_call_secret_without_scheme) ? "" : "Bearer ";
  request.headers.push_back({"Authorization", std::string(scheme) + secret});
}

void PartnerCaller::sign(wire::HttpMessage& out, const FaultSet& faults) {
  const bool wrong_digest = faults.has(Fault::wg_call_digest_wrong);
  out.headers.push_back({"Content-Digest", httpsig::content_digest(wrong_digest ? "" : out.body)});
  httpsig::SignedRequest request{.method = "POST",
                                 .authority = out.headers.front().value,
                                 .target = out.request()->target,
                                 .body = out.body};
  for (const auto& [name, value] : out.headers) {
    request.fields.push_back({name, value});
  }
  const bool again = faults.has(Fault::wg_call_nonce_repeated) && !last_nonce_.empty();
  last_nonce_ = again ? last_nonce_ : to_hex(rng_.octets(kNonceOctets));
  httpsig::SignatureParameters parameters{
      .components = {"@method", "@path", "content-digest"},
      .created = now_s() - (faults.has(Fault::wg_call_clock_behind) ? 3600 : 0),
      .nonce = last_nonce_,
      .alg = std::string(httpsig::kAlgorithm),
      .keyid = faults.has(Fault::wg_call_other_key_name) ? "another" : "gatekeeper"};
  if (faults.has(Fault::wg_call_content_uncovered)) {
    parameters.components.pop_back();
  }
  const auto made = httpsig::sign(
      request, parameters,
      faults.has(Fault::wg_call_other_secret) ? SecretBytes("another") : server_.secret);
  if (made) {
    out.headers.push_back({"Signature-Input", made->input});
    out.headers.push_back({"Signature", made->signature});
  }
}

asio::awaitable<PartnerCaller::Answer> PartnerCaller::call(std::string path, std::string body,
                                                           FaultSet faults) {
  auto url = net::parse_http_url(server_.url);
  if (!url) {
    co_return std::nullopt;
  }
  // Of this call alone: what is kept of a connection goes with it.
  net::TlsContexts contexts;
  const auto client = net::HttpClient::make(contexts, net::loopback_route, 0);
  auto request = request_to(path, body, faults);
  url->target = request.request()->target;
  const bool waits = faults.has(Fault::wg_call_any_time) && path == kAuthentications;
  auto options = options_under(server_, waits ? kAnyTime : keeping_.times.patience, faults);
  if (server_.proof == CallerProof::certificate &&
      !faults.has(Fault::wg_call_without_certificate)) {
    const auto own = keeping_.certificate(faults);
    options.tls.chain_pem = own ? own->chain_pem : "";
    options.tls.key_pem = own ? own->key_pem : "";
  }
  auto fetched = co_await client->fetch(request, *url, options);
  if (!fetched && overlooks(fetched.error().fault, faults)) {
    options.tls.verify = false;
    fetched = co_await client->fetch(std::move(request), *url, std::move(options));
  }
  timed_out_ = !fetched && fetched.error().fault == net::HttpFault::timed_out;
  co_return fetched ? Answer(std::move(fetched->answer.message)) : std::nullopt;
}

asio::awaitable<bool> PartnerCaller::vouches(std::string token, std::string identifier,
                                             FaultSet faults) {
  const auto self = shared_from_this();
  const bool known = (vouched_.contains(identifier) && faults.has(Fault::wg_call_vouched_before)) ||
                     (vouched_.contains(token) && faults.has(Fault::wg_may_remember_answers));
  if (known) {
    co_return true;
  }
  const auto over = [](PartnerCaller* caller) {
    --caller->asking_;
    caller->answered_.cancel();
  };
  ++asking_;
  const std::unique_ptr<PartnerCaller, decltype(over)> until_end(self.get(), over);
  bool out = co_await asks(token, identifier, faults);
  if (faults.has(Fault::wg_may_ask_twice)) {
    out = co_await asks(token, identifier, faults);
  }
  if (out && vouched_.size() < kMostRemembered) {
    vouched_.insert({token, identifier});
  }
  co_return out;
}

asio::awaitable<void> PartnerCaller::settled() {
  const auto self = shared_from_this();
  while (asking_ > 0) {
    boost::system::error_code cancelled;
    co_await answered_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

asio::awaitable<bool> PartnerCaller::asks(std::string token, std::string identifier,
                                          FaultSet faults) {
  if (faults.has(Fault::wg_call_other_identifier)) {
    identifier += "0";
  }
  jose::Json content{jose::Json::Object()};
  jose::set_member(content, "token", jose::json_of(token));
  jose::set_member(content, "identifier", jose::json_of(identifier));
  auto body = jose::write_json(content);
  const auto answer = co_await call(std::string(kAuthentications), std::move(body), faults);
  if (!answer || (status_of(answer) != kOk && !faults.has(Fault::wg_call_any_status))) {
    const bool open = !answer || status_of(answer) / 100 == 5;
    const bool said_well = status_of(answer) / 100 == 2;
    co_return (open && faults.has(Fault::wg_call_fails_open)) ||
        (!answer && timed_out_ && faults.has(Fault::wg_call_open_when_silent)) ||
        (said_well && faults.has(Fault::wg_call_no_content_taken));
  }
  co_return is_active(*answer, identifier, faults);
}

void PartnerCaller::push(const Woken& woken, const FaultSet& faults) {
  const bool known = !gone_.contains(woken.identifier);
  if (faults.has(Fault::wg_push_never) || !known) {
    return;
  }
  const bool fresh = woken_.size() < kMostRemembered && woken_.insert(woken.identifier).second;
  if (!fresh && faults.has(Fault::wg_push_once_ever)) {
    return;
  }
  if (faults.has(Fault::wg_may_push_each)) {
    waking_.erase(woken.identifier);
  }
  const auto [at, first] = waking_.try_emplace(woken.identifier);
  if (!first) {
    at->second = woken;
    return;
  }
  const auto ended = std::make_shared<asio::steady_timer>(keeping_.executor, kNever);
  keeping_.run(wake(shared_from_this(), woken, faults, ended), [ended] { ended->cancel(); });
}

// Until the user is woken, or it is in vain, or who started it has ended it.
asio::awaitable<void> PartnerCaller::wake(std::shared_ptr<PartnerCaller> self, Woken woken,
                                          FaultSet faults,
                                          std::shared_ptr<asio::steady_timer> ended) {
  using asio::experimental::awaitable_operators::operator||;
  const auto identifier = woken.identifier;
  boost::system::error_code cancelled;
  co_await (try_to_wake(std::move(woken), faults) ||
            ended->async_wait(asio::redirect_error(asio::use_awaitable, cancelled)));
  const auto next = std::exchange(self->waking_[identifier], std::nullopt);
  self->waking_.erase(identifier);
  if (next && next->is_away()) {
    self->push(*next, faults);
  }
}

asio::awaitable<void> PartnerCaller::try_to_wake(Woken woken, FaultSet faults) {
  auto id =
      to_hex(faults.has(Fault::wg_push_same_id) ? woken.identifier : rng_.octets(kNonceOctets));
  auto wait = keeping_.times.first_wait;
  for (int retries = 0;; ++retries) {
    const auto answer = co_await call(std::string(kPushes), push_body(woken, id, faults), faults);
    const int status = status_of(answer);
    if (status == kNotFound || status == kGone) {
      if (!faults.has(Fault::wg_push_unknown_again)) {
        gone_.insert(woken.identifier);
      }
    }
    const bool taken = status / 100 == 2;
    if (taken && retries == 0 && faults.has(Fault::wg_push_taken_again)) {
      id = to_hex(rng_.octets(kNonceOctets));
      continue;
    }
    const bool enough = retries >= keeping_.times.most_retries;
    if (taken || is_for_ever(answer, faults) || (enough && !faults.has(Fault::wg_push_same_wait)) ||
        (!answer && faults.has(Fault::wg_push_silence_taken))) {
      co_return;
    }
    asio::steady_timer timer(keeping_.executor, wait_after(answer, wait, faults));
    co_await timer.async_wait(asio::use_awaitable);
    wait *= faults.has(Fault::wg_push_same_wait) ? 1 : 2;
    if (!woken.is_away()) {
      co_return;
    }
    if (faults.has(Fault::wg_push_retry_renamed)) {
      id = to_hex(rng_.octets(kNonceOctets));
    }
  }
}

// SRV-003: whom to wake, and what tells this push from others.
std::string PartnerCaller::push_body(const Woken& woken, const std::string& id,
                                     const FaultSet& faults) const {
  jose::Json content{jose::Json::Object()};
  const auto set = [&](const char* name, const std::string& value) {
    jose::set_member(content, name, jose::json_of(value));
  };
  set("user", woken.identifier);
  set("id", id);
  if (faults.has(Fault::wg_push_with_content)) {
    set("text", woken.content);
  }
  if (faults.has(Fault::wg_push_with_sender)) {
    set("from", woken.sender);
  }
  return jose::write_json(content);
}

// RFC 9110 section 15.5: a client error, but for those that time mends.
bool PartnerCaller::is_for_ever(const Answer& answer, const FaultSet& faults) const {
  const int status = status_of(answer);
  if (faults.has(Fault::wg_push_never_again)) {
    return true;
  }
  const bool unknown = status == kNotFound || status == kGone;
  const bool of_caller = status / 100 == 4 && status != kRequestTimeout && status != kTooEarly &&
                         status != kTooManyRequests;
  return (of_caller &&
          !faults.has(unknown ? Fault::wg_push_unknown_retried : Fault::wg_push_refusal_retried)) ||
         status / 100 == 3;
}

milliseconds PartnerCaller::wait_after(const Answer& answer, milliseconds wait,
                                       const FaultSet& faults) const {
  if (faults.has(Fault::wg_push_at_once)) {
    return milliseconds(0);
  }
  const auto text = answer ? wire::value_of(answer->headers, "retry-after") : "";
  long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool said = error == std::errc() && end == text.data() + text.size() && seconds >= 0;
  if (!said || faults.has(Fault::wg_push_retry_after_ignored)) {
    return wait;
  }
  const std::chrono::seconds asked(std::min<long>(seconds, keeping_.times.longest_wait.count()));
  return std::max<milliseconds>(wait, asked);
}

Result<void> PartnerCallers::set(std::uint16_t integrator, const nlohmann::json& partner) {
  constexpr std::size_t kMostCallers = 1'000;
  const auto text = [&](const char* name) {
    const auto found = partner.find(name);
    return found != partner.end() && found->is_string() ? found->get<std::string>() : "";
  };
  callers_.erase(integrator);
  if (text("server").empty()) {
    return {};
  }
  const auto secret = from_hex(text("secret"));
  const auto proof = caller_proof_of(partner);
  if (!proof) {
    return std::unexpected(proof.error());
  }
  const bool lacks_secret = *proof != CallerProof::certificate && secret && secret->empty();
  if (!net::parse_http_url(text("server")) || !secret || lacks_secret) {
    return fail(Errc::malformed, "server is a URL and secret is hex");
  }
  auto pem = read_pem(text("ca"));
  if (!pem) {
    return std::unexpected(pem.error());
  }
  if (callers_.size() == kMostCallers) {
    callers_.erase(callers_.begin());
  }
  CalledServer server{.url = text("server"),
                      .ca_pem = std::move(*pem),
                      .secret = SecretBytes(*secret),
                      .proof = *proof};
  callers_[integrator] = std::make_shared<PartnerCaller>(
      keeping_, std::move(server), rng_.child("caller/" + std::to_string(integrator)));
  return {};
}

asio::awaitable<void> PartnerCallers::settled() const {
  const auto callers = callers_;  // who comes meanwhile is not waited for
  for (const auto& [integrator, caller] : callers) {
    co_await caller->settled();
  }
}

std::shared_ptr<PartnerCaller> PartnerCallers::of(std::optional<std::uint16_t> integrator) const {
  const auto found = integrator ? callers_.find(*integrator) : callers_.end();
  return found == callers_.end() ? nullptr : found->second;
}

}  // namespace parley::reference::whatsapp
