// SPDX-License-Identifier: GPL-3.0-or-later
// One link's connections, one after the other, over real sockets.
#include "harness/engine/connections.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/certificate.h"
#include "harness/testkit/run_to_end.h"

namespace parley::engine {
namespace {

namespace asio = boost::asio;
using Words = std::vector<std::string>;
using When = Connections::Admission::When;
constexpr std::chrono::seconds kPatience{10};

// What the run of a flow says of one link, and what it is told.
struct Told {
  Words steps;  // of the connections to come
  bool stands = false;
  bool secured = true;  // what is accepted next is not to be secured, or is already
  Words log{};

  void note(const Event& event) {
    log.push_back(std::string(to_string(event.kind)) + " " + event.step + event.octets);
    const bool begins = (event.kind == Event::Kind::accepted && !event.step.empty()) ||
                        event.kind == Event::Kind::dialled;
    if (begins) {
      stands = true;
      steps.erase(steps.begin());
    }
    stands = stands && event.kind != Event::Kind::closed && event.kind != Event::Kind::failed;
  }

  Connections::Admission admission() const {
    if (steps.empty()) {
      return {.when = When::never};
    }
    return {.when = stands ? When::once_ended : When::now, .step = steps.front()};
  }
};

Connections::Run run_of(Told& told) {
  return {.note = [&told](Event event) { told.note(event); },
          .patience = [] { return std::chrono::milliseconds(kPatience); },
          .handshake_next = [&told](const std::string&) { return !told.secured; },
          .admission = [&told](const std::string&) { return told.admission(); },
          .too_much = [] { return false; },
          .rng = [](const std::string&) { return Rng(1); }};
}

// Lets everything else go on until so much has been told.
asio::awaitable<void> until(Told& told, std::size_t events) {
  while (told.log.size() < events) {
    co_await asio::post(asio::use_awaitable);
  }
}

// A client connects twice, speaks on both and ends the first; `second` is what must have been told
// before it speaks, `all` at the end.
asio::awaitable<Words> accept_two(Words steps, std::size_t second, std::size_t all) {
  Told told{.steps = std::move(steps)};
  net::TlsContexts tls;
  Connections connections(co_await asio::this_coro::executor, tls, run_of(told));
  const auto address = connections.listen("user", {});
  auto first = co_await net::Stream::connect(*address, kPatience);
  co_await until(told, 1);
  auto other = co_await net::Stream::connect(*connections.listen("user", {}), kPatience);
  co_await until(told, second);
  (void)co_await (*other)->write("two");
  (void)co_await (*first)->write("one");
  co_await until(told, second + 1);
  (*first)->close();
  co_await until(told, all);
  co_await connections.shut();
  co_return told.log;
}

TEST(Connections, HoldASecondOneUntilTheFirstHasEnded) {
  EXPECT_EQ(testkit::run_to_end(accept_two({"a", "b"}, 1, 5)),
            (Words{"accepted a", "received one", "closed ", "accepted b", "received two"}));
}

TEST(Connections, TellOfOneThatNobodyAskedForAndDoNotReadIt) {
  EXPECT_EQ(testkit::run_to_end(accept_two({"a"}, 2, 4)),
            (Words{"accepted a", "accepted ", "received one", "closed "}));
}

asio::awaitable<Words> dial_two() {
  Told told{.steps = {"a", "b"}};
  const auto executor = co_await asio::this_coro::executor;
  net::TlsContexts tls;
  Connections connections(executor, tls, run_of(told));
  const auto listener = net::Listener::open(executor);
  co_await connections.dial("user", "a", {.to = (*listener)->address()});
  connections.end("user", Ending::fin);
  co_await connections.dial("user", "b", {.to = (*listener)->address()});
  EXPECT_TRUE(connections.reading("user"));
  co_await connections.shut();
  co_return told.log;
}

// With a peer that never answers.
asio::awaitable<Words> end_during_handshake() {
  using asio::experimental::awaitable_operators::operator&&;
  Told told{.steps = {"a"}};
  const auto executor = co_await asio::this_coro::executor;
  net::TlsContexts tls;
  Connections connections(executor, tls, run_of(told));
  const auto listener = net::Listener::open(executor);
  co_await connections.dial("user", "a", {.to = (*listener)->address()});
  const auto end = [](Connections& all) -> asio::awaitable<void> {
    co_await asio::post(asio::use_awaitable);
    all.end("user", Ending::fin);
  };
  Connections::TlsOptions options = net::TlsClientOptions{};
  co_await (connections.handshake("user", "shake", std::move(options)) && end(connections));
  co_await connections.shut();
  co_return told.log;
}

TEST(Connections, TakeOurOwnEndForNoHandshakeThatFails) {
  EXPECT_EQ(testkit::run_to_end(end_during_handshake()), Words{"dialled a"});
}

TEST(Connections, HaveToldTheEndOfTheFirstBeforeTheyDialAgain) {
  const auto log = testkit::run_to_end(dial_two());
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log.front(), "dialled a");
  EXPECT_EQ(log.back(), "dialled b");
}

enum class Over { tcp, tls, websocket };

// A client on a link, and what it takes to be one.
struct Client {
  Over over = Over::tcp;
  Told& told;
  net::TlsContexts& tls;
  Connections& connections;
  net::Address address;
  crypto::CertificateAuthority authority;
};

using StreamPtr = std::unique_ptr<net::Stream>;

// Speaks TLS or opens a WebSocket on `plain`, once it was accepted as `step`.
asio::awaitable<StreamPtr> opened(Client& client, StreamPtr plain, std::string step) {
  using asio::experimental::awaitable_operators::operator&&;
  const std::string host = "sut.test";
  if (client.over == Over::tls) {
    while (client.told.log.empty() || client.told.log.back() != "accepted " + step) {
      co_await asio::post(asio::use_awaitable);
    }
    auto leaf = client.authority.issue(host, crypto::LeafKind::valid);
    Connections::TlsOptions ours =
        net::TlsServerOptions{.chain_pem = leaf->chain_pem, .key_pem = leaf->key_pem};
    net::TlsClientOptions theirs{.ca_pem = client.authority.pem(), .host = host};
    (void)co_await (client.connections.handshake("user", step, std::move(ours)) &&
                    plain->start_tls(client.tls, std::move(theirs), kPatience));
  } else if (client.over == Over::websocket) {
    auto web = net::WebSocket::make(std::move(plain), wire::WebSocketRole::client, Rng(2));
    net::WebSocketRequest request{.host = net::to_string(client.address)};
    (void)co_await web->open(std::move(request), kPatience);
    co_return web;
  }
  co_return plain;
}

// The first of two connections ends while it does not read what it is sent.
asio::awaitable<Words> end_under_a_write(Over over) {
  constexpr std::size_t kMoreThanBuffers = 32 * 1024 * 1024;
  Told told{.steps = {"a", "b"}, .secured = over != Over::tls};
  net::TlsContexts tls;
  const auto executor = co_await asio::this_coro::executor;
  Connections connections(executor, tls, run_of(told));
  std::optional<net::WebSocketOffer> offer;
  if (over == Over::websocket) {
    offer.emplace();
  }
  const auto address = connections.listen("user", std::move(offer));
  Client client{.over = over,
                .told = told,
                .tls = tls,
                .connections = connections,
                .address = *address,
                .authority = *crypto::CertificateAuthority::make(Rng(3), std::time(nullptr))};
  auto first = co_await net::Stream::connect(*address, kPatience);
  auto idle = co_await opened(client, std::move(*first), "a");
  while (!connections.reading("user")) {
    co_await asio::post(asio::use_awaitable);
  }
  const auto before = told.log.size();
  Bytes much(kMoreThanBuffers, 'x');
  asio::co_spawn(
      executor, connections.write("user", std::move(much), {}),
      [&told](std::exception_ptr error) { told.log.emplace_back(error ? "threw" : "written"); });
  auto second = co_await net::Stream::connect(*address, kPatience);
  for (int turns = 0; turns < 100; ++turns) {  // so that it is accepted, and has to wait
    co_await asio::post(asio::use_awaitable);
  }
  connections.end("user", Ending::reset);
  co_await until(told, before + 2);
  auto sound = co_await opened(client, std::move(*second), "b");
  Bytes word = "two";
  (void)co_await sound->write(std::move(word));
  while (told.log.back() != "received two") {
    co_await asio::post(asio::use_awaitable);
  }
  Words out = told.log;
  co_await connections.shut();
  co_return out;
}

TEST(Connections, AdmitTheSecondOneWhenNothingIsWrittenOnTheFirstAnyMore) {
  EXPECT_EQ(testkit::run_to_end(end_under_a_write(Over::tcp)),
            (Words{"accepted a", "failed ", "written", "accepted b", "received two"}));
}

TEST(Connections, AdmitTheSecondOneUnderTls) {
  EXPECT_EQ(
      testkit::run_to_end(end_under_a_write(Over::tls)),
      (Words{"accepted a", "tls a", "failed ", "written", "accepted b", "tls b", "received two"}));
}

TEST(Connections, AdmitTheSecondOneOverWebSocket) {
  EXPECT_EQ(testkit::run_to_end(end_under_a_write(Over::websocket)),
            (Words{"accepted a", "failed ", "written", "accepted b", "received two"}));
}

// Two steps go out at once, and an answer to something else comes between them. Returns the peer's
// first message.
asio::awaitable<std::string> join_two() {
  Told told{.steps = {"a"}};
  net::TlsContexts tls;
  Connections connections(co_await asio::this_coro::executor, tls, run_of(told));
  const auto address = connections.listen("user", net::WebSocketOffer{});
  auto plain = co_await net::Stream::connect(*address, kPatience);
  auto peer = net::WebSocket::make(std::move(*plain), wire::WebSocketRole::client, Rng(2));
  net::WebSocketRequest request{.host = net::to_string(*address)};
  (void)co_await peer->open(std::move(request), kPatience);
  while (!connections.reading("user")) {
    co_await asio::post(asio::use_awaitable);
  }
  model::StreamEdit together{.join = 2};
  co_await connections.write("user", "one ", std::move(together));
  co_await connections.write_beside("user", "beside ");
  co_await connections.write("user", "two", {});
  auto event = co_await peer->read(kPatience);
  const auto* octets = std::get_if<Bytes>(&event);
  std::string out = octets == nullptr ? "nothing" : *octets;
  co_await connections.shut();
  co_return out;
}

TEST(Connections, JoinStepsAloneAndKeepWhatIsSaidBesideInItsPlace) {
  EXPECT_EQ(testkit::run_to_end(join_two()), "one beside two");
}

// What was told while one octet was served after the other, and what the peer has read.
asio::awaitable<Words> served_slowly() {
  Told told{.steps = {"a"}};
  net::TlsContexts tls;
  const auto authority = *crypto::CertificateAuthority::make(Rng(1), std::time(nullptr));
  const auto leaf = *authority.issue("localhost", crypto::LeafKind::valid);
  auto run = run_of(told);
  run.admission = [&](const std::string&) {
    auto out = told.admission();
    out.tls = net::TlsServerOptions{.chain_pem = leaf.chain_pem, .key_pem = leaf.key_pem};
    return out;
  };
  Connections connections(co_await asio::this_coro::executor, tls, std::move(run));
  const auto address = connections.listen("user", {});
  auto peer = co_await net::Stream::connect(*address, kPatience);
  net::TlsClientOptions trust{.ca_pem = authority.pem(), .host = "localhost"};
  (void)co_await (*peer)->start_tls(tls, std::move(trust), kPatience);
  while (!connections.reading("user")) {
    co_await asio::post(asio::use_awaitable);
  }
  model::StreamEdit slowly{.segment_octets = 1, .pause = std::chrono::milliseconds(1)};
  co_await connections.write("user", "slow", std::move(slowly));
  told.log.emplace_back("goes on");
  std::string all;
  for (auto event = co_await (*peer)->read(kPatience); std::holds_alternative<Bytes>(event);
       event = co_await (*peer)->read(kPatience)) {
    all += std::get<Bytes>(event);
  }
  co_await connections.shut();
  told.log.push_back(all);
  co_return told.log;
}

TEST(Connections, ServeSlowlyWhileTheRunGoesOn) {
  EXPECT_EQ(testkit::run_to_end(served_slowly()),
            (Words{"accepted a", "tls a", "goes on", "ended ", "slow"}));
}

}  // namespace
}  // namespace parley::engine
