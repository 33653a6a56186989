// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/client_login.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/base/text.h"
#include "harness/reference/client_sasl.h"

namespace parley::reference {
namespace {

constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::string_view kBindNs = "urn:ietf:params:xml:ns:xmpp-bind";
constexpr std::chrono::milliseconds kStepTimeout{30'000};

std::unexpected<Refusal> refuse(std::string reason, Bytes farewell = Bytes(kCloseTag)) {
  return std::unexpected(Refusal{.reason = std::move(reason), .farewell = std::move(farewell)});
}

// RFC 6120 section 4.7.5: "major.minor"; another major version is another protocol.
bool is_version_1(std::string_view text) {
  const auto parts = split(text, '.');
  const auto number = [](std::string_view digits) {
    int value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? value : -1;
  };
  return parts.size() == 2 && number(parts[0]) == 1 && number(parts[1]) >= 0;
}

std::string without_white_space(std::string text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  const auto to = text.find_last_not_of(" \t\r\n");
  return from == std::string::npos ? std::string() : text.substr(from, to + 1 - from);
}

}  // namespace

asio::awaitable<LoginStep> ClientLogin::run() {
  if (account_.security == ClientSecurity::direct_tls) {
    if (auto done = co_await secure(); !done) {
      co_return done;
    }
  }
  if (auto done = co_await open_stream(); !done) {
    co_return done;
  }
  if (account_.security == ClientSecurity::starttls) {
    if (auto done = co_await negotiate_tls(); !done) {
      co_return done;
    }
  }
  if (auto done = co_await authenticate(); !done) {
    co_return done;
  }
  if (faults_.has(Fault::tp_no_restart_after_sasl)) {
    co_return LoginStep();
  }
  if (auto done = co_await open_stream(); !done) {
    co_return done;
  }
  if (!bind_offered_) {
    co_return refuse("resource binding is not offered");
  }
  co_return LoginStep();
}

asio::awaitable<LoginStep> ClientLogin::send(Bytes octets) {
  const auto written = co_await wire_.write(std::move(octets));
  if (!written) {
    co_return refuse(written.error().detail, "");
  }
  co_return LoginStep();
}

Bytes ClientLogin::header() const {
  Bytes out = "<?xml version='1.0'?><stream:stream";
  const auto attribute = [&](std::string_view name, std::string_view value) {
    out.append(" ").append(name).append("='").append(xml::escape_attribute(value)).append("'");
  };
  // RFC 6120 section 4.7.1: the address is told only where nobody else can read it.
  if (wire_.secure()) {
    attribute("from", account_.user + "@" + account_.domain);
  }
  if (!faults_.has(Fault::tp_header_without_to)) {
    attribute("to", account_.domain);
  }
  if (!faults_.has(Fault::tp_header_without_version)) {
    attribute("version", "1.0");
  }
  attribute("xml:lang", "en");
  attribute("xmlns", kClientNs);
  attribute("xmlns:stream", kStreamNs);
  return out.append(">");
}

asio::awaitable<LoginStep> ClientLogin::open_stream() {
  // RFC 6120 section 4.3.3: the server may not speak before our header, whatever it did on the
  // stream before.
  if (wire_.has_unread() && wire_.take_unread().find_first_not_of(" \t\r\n") != Bytes::npos) {
    co_return refuse("octets before the stream header");
  }
  co_return co_await exchange_headers();
}

asio::awaitable<LoginStep> ClientLogin::exchange_headers() {
  wire_.restart();
  if (auto sent = co_await send(header()); !sent) {
    co_return sent;
  }
  const WireItem item = co_await wire_.next(kStepTimeout);
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    co_return refuse(refused->condition + ": " + refused->detail, stream_error(refused->condition));
  }
  if (const auto* lost = std::get_if<ConnectionLost>(&item)) {
    co_return refuse(lost->reason, "");
  }
  const auto* opened = std::get_if<xml::StreamOpened>(&item);
  if (opened == nullptr) {
    co_return refuse("no stream header");
  }
  if (auto checked = check_header(*opened); !checked) {
    co_return checked;
  }
  co_return co_await expect_features();
}

LoginStep ClientLogin::check_header(const xml::StreamOpened& opened) const {
  if (faults_.has(Fault::tp_ignores_server_header)) {
    return {};
  }
  if (opened.element.ns != kStreamNs || opened.content_ns != kClientNs) {
    return refuse("the stream header has a wrong namespace", stream_error("invalid-namespace"));
  }
  if (opened.element.name != "stream") {
    return refuse("the first element is not a stream header", stream_error("bad-format"));
  }
  if (!is_version_1(opened.element.get("version"))) {
    return refuse("the stream's version is not 1.0", stream_error("unsupported-version"));
  }
  return {};
}

asio::awaitable<ClientLogin::Received> ClientLogin::next_element() {
  WireItem item = co_await wire_.next(kStepTimeout);
  if (auto* stanza = std::get_if<xml::Stanza>(&item)) {
    if (stanza->element.ns == kStreamNs && stanza->element.name == "error") {
      Refusal refusal{.reason = error_condition(stanza->element, kStreamErrorNs),
                      .farewell = Bytes(kCloseTag)};
      co_return std::unexpected(std::move(refusal));
    }
    co_return std::move(stanza->element);
  }
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    co_return refuse(refused->condition + ": " + refused->detail, stream_error(refused->condition));
  }
  if (const auto* lost = std::get_if<ConnectionLost>(&item)) {
    co_return refuse(lost->reason, "");
  }
  co_return refuse("the stream was closed");
}

asio::awaitable<LoginStep> ClientLogin::expect_features() {
  const Received features = co_await next_element();
  if (!features) {
    co_return std::unexpected(features.error());
  }
  // With the fault the elements may lie in whatever namespace the header declared.
  const bool any_ns = faults_.has(Fault::tp_ignores_server_header);
  if (features->name != "features" || (features->ns != kStreamNs && !any_ns)) {
    co_return refuse("no stream features");
  }
  starttls_offered_ = features->child("starttls", kTlsNs) != nullptr;
  bind_offered_ = features->child("bind", kBindNs) != nullptr;
  mechanisms_.clear();
  if (const auto* offered = features->child("mechanisms", kSaslNs)) {
    for (const auto* mechanism : offered->elements()) {
      if (mechanism->name == "mechanism" && mechanism->ns == kSaslNs) {
        mechanisms_.push_back(without_white_space(mechanism->text()));
      }
    }
  }
  co_return LoginStep();
}

bool ClientLogin::offers(std::string_view mechanism) const {
  return std::ranges::find(mechanisms_, mechanism) != mechanisms_.end();
}

asio::awaitable<LoginStep> ClientLogin::negotiate_tls() {
  if (faults_.has(Fault::tp_password_in_clear) && offers("PLAIN")) {
    mechanisms_ = {"PLAIN"};
    co_return LoginStep();
  }
  if (!starttls_offered_) {
    if (faults_.has(Fault::tp_no_starttls)) {
      co_return LoginStep();
    }
    co_return refuse("STARTTLS is not offered");
  }
  if (auto sent = co_await send("<starttls xmlns='" + std::string(kTlsNs) + "'/>"); !sent) {
    co_return sent;
  }
  const Received answer = co_await next_element();
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (answer->name != "proceed" || answer->ns != kTlsNs) {
    if (faults_.has(Fault::tp_ignores_starttls_failure)) {
      co_return LoginStep();
    }
    co_return refuse("STARTTLS was refused");
  }
  // RFC 6120 section 5.4.3.3: nothing in clear may count as though it had come under TLS.
  if (wire_.has_unread()) {
    if (faults_.has(Fault::tp_proceeds_in_clear_after_tls_injection)) {
      co_return co_await proceed_after_injection();
    }
    co_return refuse("octets in clear behind <proceed/>", "");
  }
  const auto earlier = mechanisms_;
  if (auto done = co_await secure(); !done) {
    co_return done;
  }
  if (faults_.has(Fault::tp_no_restart_after_tls)) {
    co_return LoginStep();
  }
  auto opened = co_await open_stream();
  if (opened && faults_.has(Fault::tp_uses_features_before_tls) && !earlier.empty()) {
    mechanisms_ = earlier;
  }
  co_return opened;
}

// An injected header answers the client's own under TLS; anything else is passed over.
asio::awaitable<LoginStep> ClientLogin::proceed_after_injection() {
  const Bytes injected = wire_.take_unread();
  if (auto done = co_await secure(); !done) {
    co_return done;
  }
  if (injected.find("<stream:stream") != Bytes::npos) {
    wire_.put_back(injected);
  }
  co_return co_await exchange_headers();
}

net::TlsVersion ClientLogin::least_tls() const {
  if (faults_.has(Fault::tp_tls_1_2_refused)) {
    return net::TlsVersion::tls1_3;
  }
  return faults_.has(Fault::tp_tls_1_0_accepted) ? net::TlsVersion::tls1_0
                                                 : net::TlsVersion::tls1_2;
}

asio::awaitable<LoginStep> ClientLogin::secure() {
  const bool trusting =
      faults_.has(Fault::tp_trusts_self_signed) || faults_.has(Fault::tp_trusts_unknown_ca) ||
      faults_.has(Fault::tp_trusts_expired) || faults_.has(Fault::tp_trusts_other_host);
  net::TlsClientOptions options{.ca_pem = account_.ca_pem,
                                .host = account_.domain,
                                .verify = !trusting,
                                .min_version = least_tls()};
  const auto done = co_await wire_.start_tls(contexts_, std::move(options));
  if (!done) {
    co_return refuse(done.error().detail, "");
  }
  co_return LoginStep();
}

asio::awaitable<LoginStep> ClientLogin::authenticate() {
  ClientSasl sasl(account_.user, account_.password, faults_, rng_.token(24));
  // A client that goes on where nothing was offered tries what every server knows.
  const bool offered = !mechanisms_.empty();
  const bool guesses = !offered || faults_.has(Fault::tp_uses_unoffered_mechanism);
  const auto mechanism = offers("SCRAM-SHA-256")      ? SaslMechanism::scram_sha_256
                         : guesses || offers("PLAIN") ? SaslMechanism::plain
                                                      : SaslMechanism::none;
  const bool may_guess = !wire_.secure() || faults_.has(Fault::tp_no_restart_after_tls);
  if (mechanism == SaslMechanism::none || (!offered && !may_guess)) {
    co_return refuse("no SASL mechanism in common");
  }
  Bytes begin = sasl.begin(mechanism);
  if (faults_.has(Fault::tp_stanza_before_success)) {
    begin += "<presence/>";
  }
  if (auto sent = co_await send(std::move(begin)); !sent) {
    co_return sent;
  }
  while (true) {
    const Received element = co_await next_element();
    if (!element) {
      co_return std::unexpected(element.error());
    }
    const SaslStep step = sasl.take(*element);
    if (step.outcome == SaslOutcome::refused) {
      co_return refuse(step.reason, step.answer + Bytes(kCloseTag));
    }
    if (step.outcome == SaslOutcome::done) {
      co_return LoginStep();
    }
    if (auto sent = co_await send(step.answer); !sent) {
      co_return sent;
    }
  }
}

}  // namespace parley::reference
