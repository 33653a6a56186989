// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/base/text.h"
#include "harness/crypto/scram.h"
#include "harness/net/deadline.h"

namespace parley::sut {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kTlsNs = "urn:ietf:params:xml:ns:xmpp-tls";
constexpr std::string_view kSaslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
constexpr std::size_t kShownOctets = 120;

std::unexpected<Error> unexpected_element(std::string_view wanted, const xml::Element& came) {
  return fail(Errc::malformed, fmt::format("<{}/> was expected, but came {}", wanted,
                                           printable(xml::print(came), kShownOctets)));
}

}  // namespace

Probe::Probe(std::unique_ptr<net::Stream> stream, std::string domain,
             std::chrono::milliseconds limit)
    : stream_(std::move(stream)), domain_(std::move(domain)), until_(Clock::now() + limit) {}

Probe::~Probe() { stream_->close(); }

// At least 1 ms: 0 would mean for ever.
std::chrono::milliseconds Probe::left() const {
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
  return std::max(rest, std::chrono::milliseconds(1));
}

asio::awaitable<Result<void>> Probe::send(std::string text) {
  auto done = co_await net::with_deadline(stream_->write(std::move(text)), left());
  if (!done) {
    co_return fail(Errc::io, "the SUT does not read");
  }
  co_return std::move(*done);
}

asio::awaitable<Result<xml::Item>> Probe::next() {
  while (items_.empty()) {
    auto event = co_await stream_->read(left());
    if (std::holds_alternative<net::TimedOut>(event)) {
      co_return fail(Errc::io, "the SUT says nothing");
    }
    if (std::holds_alternative<net::Closed>(event)) {
      co_return fail(Errc::io, "the SUT closed the connection");
    }
    if (const auto* failed = std::get_if<net::Failed>(&event)) {
      co_return fail(Errc::io, failed->reason);
    }
    const auto& octets = std::get<Bytes>(event);
    for (auto& item : reader_.feed(octets)) {
      items_.push_back(std::move(item));
    }
    if (items_.empty() && Clock::now() >= until_) {
      co_return fail(Errc::io, "the SUT takes too long");
    }
  }
  auto item = std::move(items_.front());
  items_.pop_front();
  if (const auto* refused = std::get_if<xml::Refused>(&item)) {
    co_return fail(Errc::malformed, "not an XMPP stream: " + refused->detail);
  }
  co_return item;
}

asio::awaitable<Result<xml::Element>> Probe::next_stanza() {
  auto item = co_await next();
  if (!item) {
    co_return std::unexpected(item.error());
  }
  auto* stanza = std::get_if<xml::Stanza>(&*item);
  if (stanza == nullptr) {
    co_return fail(Errc::malformed, "the SUT ended its stream");
  }
  if (stanza->element.name == "error" && stanza->element.ns == xml::kStreamsNamespace) {
    const auto parts = stanza->element.elements();
    co_return fail(Errc::refused,
                   fmt::format("stream error {}", parts.empty() ? "without condition"
                                                                : printable(parts.front()->name)));
  }
  co_return std::move(stanza->element);
}

asio::awaitable<Result<xml::Element>> Probe::open_stream() {
  if (std::exchange(opened_, true)) {
    reader_.restart();
    items_.clear();
  }
  auto ours = fmt::format(
      "<?xml version='1.0'?><stream:stream to='{}' version='1.0' xml:lang='en' "
      "xmlns='jabber:client' xmlns:stream='{}'>",
      xml::escape_attribute(domain_), xml::kStreamsNamespace);
  if (const auto sent = co_await send(std::move(ours)); !sent) {
    co_return std::unexpected(sent.error());
  }
  const auto opening = co_await next();
  if (!opening) {
    co_return std::unexpected(opening.error());
  }
  const auto* header = std::get_if<xml::StreamOpened>(&*opening);
  if (header == nullptr) {
    co_return fail(Errc::malformed, "no stream header came");
  }
  served_ = header->element.get("from");
  auto features = co_await next_stanza();
  if (features && features->name != "features") {
    co_return unexpected_element("stream:features", *features);
  }
  co_return features;
}

asio::awaitable<Result<void>> Probe::ask_for_tls() {
  if (const auto sent = co_await send(fmt::format("<starttls xmlns='{}'/>", kTlsNs)); !sent) {
    co_return sent;
  }
  const auto answer = co_await next_stanza();
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (answer->name != "proceed" || answer->ns != kTlsNs) {
    co_return unexpected_element("proceed", *answer);
  }
  if (!items_.empty() || reader_.inside_stanza()) {
    co_return fail(Errc::malformed, "the SUT goes on in plain text after <proceed/>, not with TLS");
  }
  co_return Result<void>();
}

asio::awaitable<Result<net::TlsSession>> Probe::start_tls(std::string ca_pem) {
  net::TlsClientOptions options{.ca_pem = std::move(ca_pem), .host = domain_};
  co_return co_await stream_->start_tls(contexts_, std::move(options), left());
}

asio::awaitable<Result<net::TlsSession>> Probe::look_at_tls() {
  // Without a name: a SUT may have nothing to show for one that it does not know.
  net::TlsClientOptions options{.ca_pem = "", .host = "", .verify = false};
  co_return co_await stream_->start_tls(contexts_, std::move(options), left());
}

asio::awaitable<Result<std::string>> Probe::exchange(std::string element, std::string wanted) {
  if (const auto sent = co_await send(std::move(element)); !sent) {
    co_return std::unexpected(sent.error());
  }
  const auto answer = co_await next_stanza();
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (answer->name == "failure" && answer->ns == kSaslNs) {
    const auto parts = answer->elements();
    co_return fail(Errc::refused, parts.empty() ? "failure" : printable(parts.front()->name));
  }
  if (answer->name != wanted || answer->ns != kSaslNs) {
    co_return unexpected_element(wanted, *answer);
  }
  // "=" stands for nothing (RFC 6120 section 6.4.6).
  const auto text = answer->text();
  const auto octets = from_base64(text == "=" ? "" : text);
  if (!octets) {
    co_return fail(Errc::malformed, fmt::format("<{}/> does not hold base64", wanted));
  }
  co_return std::string(octets->begin(), octets->end());
}

asio::awaitable<Result<void>> Probe::log_in(engine::Identity identity, Mechanism mechanism,
                                            std::string nonce) {
  if (mechanism == Mechanism::scram_sha_256) {
    co_return co_await log_in_with_scram(std::move(identity), std::move(nonce));
  }
  const auto message = to_base64(crypto::sasl_plain("", identity.user, identity.password));
  auto auth = fmt::format("<auth xmlns='{}' mechanism='PLAIN'>{}</auth>", kSaslNs, message);
  if (const auto done = co_await exchange(std::move(auth), "success"); !done) {
    co_return std::unexpected(done.error());
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Probe::log_in_with_scram(engine::Identity identity,
                                                       std::string nonce) {
  const auto first = crypto::scram_client_first(identity.user, nonce);
  auto auth = fmt::format("<auth xmlns='{}' mechanism='SCRAM-SHA-256'>{}</auth>", kSaslNs,
                          to_base64(first));
  const auto challenge = co_await exchange(std::move(auth), "challenge");
  if (!challenge) {
    co_return std::unexpected(challenge.error());
  }
  const auto proof = crypto::scram_client_final(identity.password, first, *challenge);
  if (!proof) {
    co_return std::unexpected(proof.error());
  }
  auto response = fmt::format("<response xmlns='{}'>{}</response>", kSaslNs, to_base64(*proof));
  const auto end = co_await exchange(std::move(response), "success");
  if (!end) {
    co_return std::unexpected(end.error());
  }
  if (!crypto::scram_server_final_is_right(identity.password, first, *challenge, *end)) {
    co_return fail(Errc::bad_signature, "the SUT's signature is wrong");
  }
  co_return Result<void>();
}

}  // namespace parley::sut
