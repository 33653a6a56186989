// SPDX-License-Identifier: GPL-3.0-or-later
// For the gatekeeper's tests: a gatekeeper on loopback and the connections of those who talk to it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/crypto/scram.h"
#include "harness/net/stream.h"
#include "harness/reference/gatekeeper.h"

namespace parley::reference {

inline constexpr auto kPatience = std::chrono::milliseconds(2000);
inline const std::string kClientHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='parley.test'>";

// The far end of one connection: what came and was not yet taken.
struct Wire {
  std::unique_ptr<net::Stream> stream;
  std::string got;
  std::string all;
  bool ended = false;

  asio::awaitable<void> write(std::string octets) { co_await stream->write(std::move(octets)); }

  // Everything up to and with `needle`; empty when it does not come.
  asio::awaitable<std::string> until(std::string needle) {
    for (;;) {
      const auto at = got.find(needle);
      if (at != std::string::npos) {
        const std::string out = got.substr(0, at + needle.size());
        got.erase(0, at + needle.size());
        co_return out;
      }
      const net::Event event = co_await stream->read(kPatience);
      const auto* octets = std::get_if<Bytes>(&event);
      if (octets == nullptr) {
        ended = !std::holds_alternative<net::TimedOut>(event);
        co_return std::string();
      }
      got += *octets;
      all += *octets;
    }
  }

  asio::awaitable<std::string> ask(std::string octets, std::string needle) {
    co_await write(std::move(octets));
    co_return co_await until(std::move(needle));
  }

  // What comes before the connection ends.
  asio::awaitable<std::string> to_end() {
    co_await until("never: \x01");
    co_return std::exchange(got, {});
  }
};

inline std::string plain(const std::string& user, const std::string& password) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
         to_base64(crypto::sasl_plain("", user, password)) + "</auth>";
}

// A gatekeeper and those who talk to it.
struct House {
  std::unique_ptr<Gatekeeper> keeper;
  net::TlsContexts contexts;

  explicit House(const asio::any_io_executor& executor, std::vector<std::string> faults = {}) {
    Options options;
    options.party = "gatekeeper.server";
    options.faults = std::move(faults);
    keeper = std::move(*Gatekeeper::open(executor, options));
    keeper->enlist("romeo", "rosaline", {});
    keeper->enlist("juliet", "nurse", {});
  }

  asio::awaitable<Wire> connect() {
    auto stream = co_await net::Stream::connect(keeper->endpoints().starttls, kPatience);
    Wire wire;
    wire.stream = std::move(*stream);
    co_return wire;
  }

  // Connected under TLS, with the features of the second stream read.
  asio::awaitable<Wire> secure() {
    Wire wire = co_await connect();
    co_await wire.ask(kClientHeader, "</stream:features>");
    co_await wire.ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "proceed");
    co_await wire.until(">");
    net::TlsClientOptions options{.ca_pem = keeper->ca_pem(), .host = "parley.test"};
    co_await wire.stream->start_tls(contexts, std::move(options), kPatience);
    co_await wire.ask(kClientHeader, "</stream:features>");
    co_return wire;
  }

  asio::awaitable<Wire> login(std::string user, std::string password, std::string resource) {
    Wire wire = co_await secure();
    co_await wire.ask(plain(user, password), "<success");
    co_await wire.until(">");
    co_await wire.ask(kClientHeader, "</stream:features>");
    co_await wire.ask(
        "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>" +
            resource + "</resource></bind></iq>",
        "</iq>");
    co_return wire;
  }
};

}  // namespace parley::reference
