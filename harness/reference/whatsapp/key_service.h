// SPDX-License-Identifier: GPL-3.0-or-later
// For the tests of how keys are fetched: a third party's service over HTTPS on loopback, with a
// second host beside it and one in the clear, all of which publish what the test says.
#pragma once

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <ctime>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/certificate.h"
#include "harness/crypto/jose/jwk.h"
#include "harness/net/http_server.h"
#include "harness/reference/whatsapp/key_fetch.h"

namespace parley::reference::whatsapp {

namespace jose = crypto::jose;

// One key of each kind and name, the same in every test.
inline jose::PrivateKey key_named(const std::string& name,
                                  jose::KeyKind kind = jose::KeyKind::ec_p256) {
  Rng rng(std::hash<std::string>()(name));
  auto key = *jose::make_key(kind, rng);
  key.public_key.kid = name;
  return key;
}

inline std::string set_of(const std::vector<std::string>& names) {
  std::vector<jose::PublicKey> keys;
  for (const auto& name : names) {
    keys.push_back(key_named(name).public_key);
  }
  return jose::write_jwks(keys);
}

struct KeyService {
  // What one request is answered with.
  struct Page {
    int status = 200;
    std::string content;
    std::string type = "application/json";
    wire::HttpFields headers{};
    wire::HttpForm form{};
    std::function<asio::awaitable<void>(net::Stream&)> takeover{};
  };

  explicit KeyService(const asio::any_io_executor& executor,
                      crypto::LeafKind kind = crypto::LeafKind::valid,
                      net::TlsVersion newest = net::TlsVersion::tls1_3) {
    const auto authority = crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
    const auto leaf = authority->issue("localhost", kind);
    const auto honest = authority->issue("localhost", crypto::LeafKind::valid);
    ca_pem = authority->pem();
    const auto oldest = std::min(newest, net::TlsVersion::tls1_2);
    open(executor, net::TlsServerOptions{.chain_pem = leaf->chain_pem,
                                         .key_pem = leaf->key_pem,
                                         .min_version = oldest,
                                         .max_version = newest});
    open(executor,
         net::TlsServerOptions{.chain_pem = honest->chain_pem, .key_pem = honest->key_pem});
    open(executor, std::nullopt);
    metadata.content = fmt::format(R"({{"issuer":"{}","jwks_uri":"{}/keys"}})", issuer(), issuer());
    keys.content = set_of({"a"});
  }

  std::string issuer() const { return fmt::format("https://localhost:{}", port(0)); }
  std::string elsewhere() const { return fmt::format("https://localhost:{}", port(1)); }
  std::string in_the_clear() const { return fmt::format("http://localhost:{}", port(2)); }
  KeySource source() const { return {.issuer = issuer(), .ca_pem = ca_pem}; }

  // Serves until `task` has ended.
  template <class T>
  asio::awaitable<T> during(asio::awaitable<T> task) {
    using asio::experimental::awaitable_operators::operator&&;
    co_return co_await (ended(std::move(task)) && servers[0]->run() && servers[1]->run() &&
                        servers[2]->run());
  }

  Page metadata;    // at the well-known place of each host
  Page keys;        // at /keys
  Page others;      // at every other place, in its place when it has content
  int fetches = 0;  // of the keys
  std::string ca_pem;

 private:
  std::uint16_t port(std::size_t which) const { return servers[which]->address().port; }

  void open(const asio::any_io_executor& executor, std::optional<net::TlsServerOptions> tls) {
    net::HttpServerOptions options{.tls = std::move(tls)};
    net::HttpHandler handler = std::bind_front(&KeyService::answer, this);
    auto made = net::HttpServer::open(executor, contexts, std::move(options), std::move(handler));
    if (!made) {
      throw std::runtime_error(made.error().detail);
    }
    servers.push_back(std::move(*made));
  }

  asio::awaitable<net::HttpAnswer> answer(wire::HttpReceived request, net::HttpPeer) {
    const auto& target = request.message.request()->target;
    const bool is_metadata = target == "/.well-known/openid-configuration";
    const bool is_set = target == "/keys";
    fetches += is_set ? 1 : 0;
    const Page& page = is_metadata ? metadata : is_set || others.content.empty() ? keys : others;
    auto headers = page.headers;
    headers.push_back({"Content-Type", page.type});
    net::HttpAnswer out{.message = wire::http_response(page.status, headers, page.content),
                        .form = page.form,
                        .then = net::HttpAnswer::Then::close,
                        .takeover = page.takeover};
    co_return out;
  }

  template <class T>
  asio::awaitable<T> ended(asio::awaitable<T> task) {
    T out = co_await std::move(task);
    for (const auto& server : servers) {
      server->stop();
    }
    co_return out;
  }

  net::TlsContexts contexts;
  std::vector<std::unique_ptr<net::HttpServer>> servers;
};

}  // namespace parley::reference::whatsapp
