// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/crypto/certificate.h"
#include "harness/engine/form.h"
#include "harness/engine/noise_channel.h"
#include "harness/model/setting.h"
#include "harness/model/shipped_suites.h"
#include "harness/net/stream.h"
#include "harness/net/websocket.h"
#include "harness/sut/preflight.h"
#include "harness/sut/script_folder.h"
#include "harness/testkit/run_to_end.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using testkit::run_to_end;

constexpr auto kPatience = 10'000ms;

const model::Profile& shipped() { return model::shipped_suites().library.profiles.at("whatsapp"); }

engine::Scope toy_scope() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  engine::Scope out;
  out.values["noise.now"] = std::to_string(std::chrono::floor<std::chrono::seconds>(now).count());
  model::add_settings(out.values, shipped());
  out.rng = Rng(5);
  return out;
}

// A SUT as far as the preflight talks to it. It knows 1, 2 and 3, each with the token secret.
struct Toy {
  std::string says{};  // instead of everything, and ends
  std::string chain = "valid";
  std::string hashing = "whatsapp";
  int connections = 100;  // so many, then none is accepted
  // Over a WebSocket, or under TLS with a certificate for toy.test.
  bool web = false;
  std::string path = "/ws/chat";
  std::optional<crypto::Leaf> leaf{};
};

asio::awaitable<void> answer(net::Stream& stream, engine::Channel& channel, engine::Scope& scope,
                             std::string form, std::string chain) {
  const auto& known = shipped().forms.at(form);
  auto element = engine::render(known, form, {}, scope);
  if (!chain.empty()) {
    element->set("chain", chain);
  }
  const auto octets = channel.write(known, *element, {});
  co_await stream.write(*octets);
  channel.sent(*octets);
}

asio::awaitable<void> serve_one(std::unique_ptr<net::Stream> stream, Toy toy) {
  auto profile = shipped();
  profile.settings["noise-hashing"].value = toy.hashing;
  auto scope = toy_scope();
  const auto channel = engine::make_channel(profile, engine::Side::server, "toy", scope);
  for (;;) {
    const auto event = co_await stream->read(kPatience);
    const auto* octets = std::get_if<Bytes>(&event);
    if (octets == nullptr) {
      co_return;
    }
    if (!toy.says.empty()) {
      co_await stream->write(toy.says);
      stream->close();
      co_return;
    }
    for (const auto& item : channel->received(*octets)) {
      const auto* stanza = std::get_if<xml::Stanza>(&item);
      if (stanza != nullptr && stanza->element.name == "client-hello") {
        co_await answer(*stream, *channel, scope, "server-hello", toy.chain);
      } else if (stanza != nullptr && stanza->element.name == "client-finish") {
        const auto* payload = stanza->element.child("payload");
        const auto* data = payload->child("interop-data");
        const bool known =
            std::string("123").contains(data->get("account-id")) && data->get("token") == "secret";
        std::string form = known ? "success" : "failure";
        co_await answer(*stream, *channel, scope, std::move(form), "");
      }
    }
  }
}

// Null when it comes to nothing.
asio::awaitable<std::unique_ptr<net::Stream>> upgraded(std::unique_ptr<net::Stream> stream, Toy toy,
                                                       net::TlsContexts& contexts) {
  if (toy.leaf) {
    net::TlsServerOptions options{.chain_pem = toy.leaf->chain_pem, .key_pem = toy.leaf->key_pem};
    const auto session = co_await stream->start_tls(contexts, std::move(options), kPatience);
    if (!session) {
      co_return nullptr;
    }
  }
  auto web = net::WebSocket::make(std::move(stream), wire::WebSocketRole::server, Rng(6));
  net::WebSocketOffer offer{.path = toy.path};
  const auto done = co_await web->accept(std::move(offer), kPatience);
  if (!done) {
    web->close();
    co_return nullptr;
  }
  co_return web;
}

asio::awaitable<void> serve(net::Listener& listener, Toy toy) {
  net::TlsContexts contexts;
  for (int i = 0; i < toy.connections; ++i) {
    auto stream = co_await listener.accept(kPatience);
    if (!stream) {
      co_return;
    }
    if (toy.web) {
      stream = co_await upgraded(std::move(stream), toy, contexts);
    }
    if (stream) {
      co_await serve_one(std::move(stream), toy);
    }
  }
  listener.close();
}

asio::awaitable<std::vector<Check>> judged(model::Declaration declaration, net::Listener& listener,
                                           net::Listener& web) {
  auto checks = co_await preflight(co_await asio::this_coro::executor, declaration, shipped());
  listener.close();
  web.close();
  co_return checks;
}

class NoisePreflight : public testing::Test {
 protected:
  NoisePreflight() {
    folder_.write("accounts.csv", "1,secret\n9,secret\n2,secret\n3,secret\n");
    declared_.profile = "whatsapp";
    declared_.folder = folder_.path();
    declared_.pool_file = "accounts.csv";
    declared_.endpoints["root"] = *engine::played_root(toy_scope());
  }

  // `toy` over a WebSocket has a right one on TCP beside it.
  asio::awaitable<std::vector<Check>> checked(Toy toy) {
    using asio::experimental::awaitable_operators::operator&&;
    const auto executor = co_await asio::this_coro::executor;
    auto listener = net::Listener::open(executor);
    auto web = net::Listener::open(executor);
    auto declaration = declared_;
    declaration.endpoints.emplace("tcp", net::to_string((*listener)->address()));
    if (toy.web) {
      declaration.endpoints.emplace(
          "websocket",
          (toy.leaf ? "wss://" : "ws://") + net::to_string((*web)->address()) + "/ws/chat");
    }
    Toy plain = toy.web ? Toy{} : toy;
    auto checks = co_await (judged(std::move(declaration), **listener, **web) &&
                            serve(**listener, std::move(plain)) && serve(**web, toy));
    co_return checks;
  }
  // What is found and what mends it, "what | detail | mend"; empty when all passes.
  std::string complaint(Toy toy) {
    for (const auto& check : run_to_end(checked(std::move(toy)))) {
      if (!check.passed) {
        EXPECT_FALSE(check.mend.empty()) << check.what;
        return check.what + " | " + check.detail + " | " + check.mend;
      }
    }
    return "";
  }
  void expect(const std::string& part, Toy toy = {}) {
    const auto found = complaint(std::move(toy));
    EXPECT_NE(found.find(part), std::string::npos) << found;
  }

  ScriptFolder folder_;
  model::Declaration declared_;
};

TEST_F(NoisePreflight, PassesARightDeclaration) {
  EXPECT_EQ(complaint({}), "");
  const auto checks = run_to_end(checked({}));
  std::vector<std::string> logins;
  for (const auto& check : checks) {
    if (check.what.ends_with("account logs in")) {
      logins.push_back(check.detail);
    }
  }
  EXPECT_EQ(logins, (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheAddress) {
  declared_.endpoints["tcp"] = "127.0.0.1:1";
  expect("endpoints/tcp: accepts connections | 127.0.0.1:1: Connection refused | start the SUT",
         {.connections = 0});
  declared_.endpoints["tcp"] = "nowhere";
  expect("endpoints/tcp: accepts connections | nowhere", {.connections = 0});
  declared_.endpoints["tcp"] = "";
  expect("neither declared nor described", {.connections = 0});
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheRoot) {
  declared_.endpoints["root"] = "";
  expect("endpoints/root: is a public key | it is neither declared");
  declared_.endpoints["root"] = "00ff";
  expect("endpoints/root: is a public key | 2 octets, not 32");
  declared_.endpoints["root"] = std::string(64, 'x');
  expect("endpoints/root: is a public key | ");
  declared_.endpoints["root"] = std::string(64, '9');
  expect("set endpoints/root to the public key that signs the SUT's intermediate");
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheCertificates) {
  expect("the leaf has expired | renew the SUT's certificate", {.chain = "leaf-expired"});
  expect("not yet valid | set the clocks right", {.chain = "intermediate-not-yet-valid"});
  expect("issue the SUT a certificate for the static key", {.chain = "leaf-with-other-key"});
  expect("endpoints/root: has signed", {.chain = "leaf-missing"});
  expect("endpoints/root: has signed", {.chain = "unknown-root"});
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheHandshake) {
  expect("endpoints/tcp: answers the handshake", {.says = "HTTP/1.1 400 Bad Request\r\n\r\n"});
  expect("message 1 in the form 'specification', the profile in 'whatsapp' | use a profile",
         {.hashing = "specification"});
}

TEST_F(NoisePreflight, PassesAWebSocket) {
  declared_.features = {"websocket"};
  EXPECT_EQ(complaint({.web = true}), "");
  std::vector<std::string> passed;
  for (const auto& check : run_to_end(checked({.web = true}))) {
    if (check.what.starts_with("endpoints/websocket")) {
      passed.push_back(check.what);
    }
  }
  EXPECT_EQ(passed, (std::vector<std::string>{"endpoints/websocket: accepts connections",
                                              "endpoints/websocket: answers the upgrade",
                                              "endpoints/websocket: answers the handshake"}));
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheWebSocket) {
  expect("endpoints/websocket: answers the upgrade | path '/ws/chat'",
         {.web = true, .path = "/other"});
  expect("endpoints/websocket: answers the handshake | ",
         {.says = "HTTP/1.1 400 Bad Request", .web = true});
  expect("in the form 'specification', the profile in 'whatsapp'",
         {.hashing = "specification", .web = true});
  declared_.endpoints["websocket"] = "ws://127.0.0.1:1/ws/chat";
  expect("endpoints/websocket: accepts connections | ws://127.0.0.1:1/ws/chat: Connection refused");
  declared_.endpoints["websocket"] = "ws://nowhere";
  expect("endpoints/websocket: accepts connections | ws://nowhere");
}

TEST_F(NoisePreflight, MissesAWebSocketThatTheFeaturesName) {
  declared_.features = {"websocket"};
  expect("endpoints/websocket: is declared, as the feature websocket is | it is neither");
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheCertificateOfTheWebSocket) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto authority = crypto::CertificateAuthority::make(
      Rng(7), std::chrono::duration_cast<std::chrono::seconds>(now).count());
  folder_.write("ca.pem", authority->pem());
  const auto leaf = [&](crypto::LeafKind kind) {
    return Toy{.web = true, .leaf = *authority->issue("toy.test", kind)};
  };
  expect("endpoints/ca: is a valid CA | ", leaf(crypto::LeafKind::valid));
  declared_.endpoints["ca"] = "ca.pem";
  expect("endpoints/domain is neither declared", leaf(crypto::LeafKind::valid));
  declared_.endpoints["domain"] = "toy.test";
  EXPECT_EQ(complaint(leaf(crypto::LeafKind::valid)), "");
  expect("endpoints/websocket: has a valid certificate | the SUT's certificate has expired | renew",
         leaf(crypto::LeafKind::expired));
}

TEST_F(NoisePreflight, NamesTheLineOfTheAccountThatIsNoNumber) {
  for (const auto* wrong :
       {"romeo", "+4912", "049", "49 12", "49@interop", "49123456789012345678"}) {
    folder_.write("accounts.csv", std::string("1,secret\n") + wrong + ",secret\n3,secret\n");
    expect("accounts.csv:2: '" + std::string(wrong) + "' is not a number: give its digits");
  }
  folder_.write("accounts.csv", "1,secret\n2\n");
  expect("accounts.csv:2: a line is 'number,token' | write one 'number,token' a line");
}

TEST_F(NoisePreflight, NamesWhatIsWrongWithTheAccounts) {
  folder_.write("accounts.csv", "1,secret\n9,secret\n2,secret\n3,other\n");
  expect("identities/pool: the last account logs in | '3': failure 401 | enlist the accounts");
  folder_.write("accounts.csv", "4,secret\n9,secret\n2,secret\n3,secret\n");
  expect("identities/pool: the first account logs in | '4': failure 401");
  folder_.write("accounts.csv", "1,secret\n9,secret\n2,secret\n3,secret\n");
  expect("endpoints/tcp: serves one client after another | ", {.connections = 1});
}

}  // namespace
}  // namespace parley::sut
