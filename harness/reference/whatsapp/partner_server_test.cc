// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/partner_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "harness/crypto/jose/jwk.h"
#include "harness/crypto/jose/jwks_lint.h"
#include "harness/crypto/jose/verify.h"
#include "harness/net/http_client.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;
using nlohmann::json;
using testkit::run_to_end;

Options options(const std::vector<std::string>& faults = {}) {
  Options out;
  out.party = "third-party.server";
  out.profile = "whatsapp";
  out.faults = faults;
  return out;
}

// Opened, with a gatekeeper and the user 49; what `test` says of it, once it is stopped.
template <class Test>
asio::awaitable<std::string> with_server(std::vector<std::string> faults, Test test) {
  auto server = PartnerServer::open(co_await asio::this_coro::executor, options(faults));
  if (!server) {
    co_return server.error().detail;
  }
  (void)(*server)->handle("gatekeeper", {{"audience", "https://g.test"}, {"secret", "00ff"}});
  (void)(*server)->handle("enlist", {{"user", "49"}, {"password", "p"}});
  auto out = test(**server);
  co_await (*server)->stop();
  co_return out;
}

wire::HttpMessage asked(PartnerServer& server, const std::string& method, const std::string& path) {
  return server.answer(server.door(), wire::http_request(method, path)).message;
}

std::string set_of(PartnerServer& server) {
  return asked(server, "GET", std::string(kJwksPath)).body;
}

json token_of(PartnerServer& server, const std::string& user, const std::string& algorithm = "") {
  json params{{"user", user}};
  if (!algorithm.empty()) {
    params["algorithm"] = algorithm;
  }
  const auto answer = server.handle("token", params);
  return answer ? *answer : json{{"error", answer.error().message}};
}

// "" when a gatekeeper takes the token with that set, else why not.
std::string refusal(PartnerServer& server, const std::string& token, const std::string& set,
                    const std::string& subject = "49") {
  const auto ring = jose::KeyRing::make(jose::read_jwks(set)->keys);
  jose::Policy policy;
  policy.algorithms = {jose::Algorithm::es256, jose::Algorithm::es384, jose::Algorithm::es512,
                       jose::Algorithm::rs256, jose::Algorithm::ps512, jose::Algorithm::eddsa};
  policy.type = "JWT";
  policy.issuer = server.door().issuer;
  policy.audience = "https://g.test";
  policy.subject = subject;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto verified = jose::verify(token, *ring, policy, now);
  return verified ? "" : std::string(jose::to_string(verified.error().reason));
}

std::string verified_with(PartnerServer& server, const std::string& algorithm) {
  const auto token = token_of(server, "49", algorithm);
  return token.contains("token") ? refusal(server, token["token"], set_of(server)) : token.dump();
}

TEST(PartnerServer, VouchesForItsUsersWithEachKindOfKey) {
  for (const auto* algorithm : {"", "ES256", "ES384", "ES512", "RS256", "PS512", "EdDSA"}) {
    EXPECT_EQ(run_to_end(with_server(
                  {}, [&](PartnerServer& server) { return verified_with(server, algorithm); })),
              "")
        << algorithm;
  }
}

TEST(PartnerServer, PublishesASoundSetAndSaysWhereItIs) {
  EXPECT_EQ(run_to_end(with_server(
                {},
                [](PartnerServer& server) {
                  const auto document =
                      json::parse(asked(server, "GET", std::string(kDiscoveryPath)).body);
                  const bool sound = jose::lint_jwks(set_of(server)).empty();
                  return fmt::format("{} {} {}", document["issuer"] == server.door().issuer,
                                     document["jwks_uri"] == server.door().issuer + "/jwks", sound);
                })),
            "true true true");
}

TEST(PartnerServer, AnswersNothingElse) {
  EXPECT_EQ(run_to_end(with_server({},
                                   [](PartnerServer& server) {
                                     const auto status = [&](const char* method, const char* path) {
                                       return asked(server, method, path).response()->status;
                                     };
                                     return fmt::format("{} {} {} {}", status("GET", "/"),
                                                        status("GET", "/jwks/1"),
                                                        status("POST", "/jwks"),
                                                        status("HEAD", "/jwks?x"));
                                   })),
            "404 404 405 200");
}

TEST(PartnerServer, ChangesItsKeyInStages) {
  EXPECT_EQ(run_to_end(with_server(
                {},
                [](PartnerServer& server) {
                  std::string out;
                  const auto old = token_of(server, "49")["token"].get<std::string>();
                  const auto before = set_of(server);
                  for (const auto* stage : {"publish", "sign", "withdraw"}) {
                    EXPECT_TRUE(server.handle("rotate", {{"stage", stage}}));
                    const auto token = token_of(server, "49")["token"].get<std::string>();
                    out += fmt::format("{}: old '{}', now '{}', with the first set '{}'; ", stage,
                                       refusal(server, old, set_of(server)),
                                       refusal(server, token, set_of(server)),
                                       refusal(server, token, before));
                  }
                  EXPECT_FALSE(server.handle("rotate", {{"stage", "turn"}}));
                  return out;
                })),
            "publish: old '', now '', with the first set ''; "
            "sign: old '', now '', with the first set 'kid-unknown'; "
            "withdraw: old 'kid-unknown', now '', with the first set 'kid-unknown'; ");
}

TEST(PartnerServer, VouchesForWhoWantsItAndIsWanted) {
  EXPECT_EQ(run_to_end(with_server({},
                                   [](PartnerServer& server) {
                                     std::string out;
                                     const auto told = [&](const std::string& method, json params) {
                                       EXPECT_TRUE(server.handle(method, params)) << method;
                                       out += token_of(server, "49").contains("token") ? "yes "
                                                                                       : "no ";
                                     };
                                     told("opt", {{"user", "49"}, {"in", false}});
                                     told("opt", {{"user", "49"}, {"in", true}});
                                     told("suspend", {{"user", "49"}});
                                     told("restore", {{"user", "49"}});
                                     told("reset", {{"user", "49"}});
                                     return out + token_of(server, "50").dump();
                                   })),
            "no yes no yes no {}");
}

TEST(PartnerServer, NamesAUserAsItIsCalledByNow) {
  EXPECT_EQ(run_to_end(with_server({},
                                   [](PartnerServer& server) {
                                     EXPECT_TRUE(server.handle(
                                         "rename", {{"user", "49"}, {"identifier", "A@B.Test"}}));
                                     return refusal(server, token_of(server, "49")["token"],
                                                    set_of(server), "A@b.test");
                                   })),
            "");
}

TEST(PartnerServer, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(run_to_end(with_server({},
                                   [](PartnerServer& server) {
                                     std::string out;
                                     for (const auto& [method, params] :
                                          {std::pair("token",
                                                     json{{"user", "49"}, {"algorithm", "HS256"}}),
                                           {"token", json{{"user", "49"}, {"algorithm", "none"}}},
                                           {"enlist", json::object()},
                                           {"suspend", json{{"user", "51"}}},
                                           {"gatekeeper", json{{"audience", "a"}, {"secret", "x"}}},
                                           {"listen", json{{"faults", {"wp-no-such"}}}},
                                           {"connect", json::object()},
                                           {"canary", json::object()}}) {
                                       const auto answer = server.handle(method, params);
                                       out += fmt::format("{} ", answer ? 0 : answer.error().code);
                                     }
                                     return out;
                                   })),
            "-32001 -32001 -32602 -32602 -32602 -32602 -32001 -32601 ");
}

asio::awaitable<std::string> fetched(std::vector<std::string> faults) {
  auto server = PartnerServer::open(co_await asio::this_coro::executor, options(faults));
  net::TlsContexts contexts;
  const auto client = net::HttpClient::make(contexts, net::loopback_route);
  net::HttpFetchOptions fetch;
  fetch.tls.ca_pem = (*server)->ca_pem();
  auto url = *net::parse_http_url((*server)->door().issuer);
  url.target = kJwksPath;
  if (std::ranges::count(faults, "wp-serves-in-clear") > 0) {
    url.scheme = net::HttpUrl::Scheme::http;
  }
  const auto outcome = co_await client->fetch(wire::http_request("GET", url.target), url, fetch);
  co_await (*server)->stop();
  co_return outcome ? std::to_string(outcome->answer.message.response()->status)
                    : std::string(net::to_string(outcome.error().fault));
}

TEST(PartnerServer, ServesItsKeysOverVerifiedHttps) {
  for (const auto& [fault, expected] :
       {std::pair("", "200"),
        {"wp-certificate-self-signed", "untrusted certificate"},
        {"wp-certificate-unknown-ca", "untrusted certificate"},
        {"wp-certificate-expired", "certificate expired or not yet valid"},
        {"wp-certificate-other-host", "name mismatch"},
        {"wp-serves-in-clear", "200"},
        {"wp-jwks-missing", "404"}}) {
    const std::vector<std::string> faults(*fault == '\0' ? 0 : 1, fault);
    EXPECT_EQ(run_to_end(fetched(faults)), expected) << fault;
  }
}

struct Pushes {
  std::vector<std::string> users;
  std::string fault{};
  bool to_leaver = false;  // 49 has left
};
struct Woken {
  std::multiset<std::string> told{};   // the driver: "USER PUSH"
  std::multiset<std::string> woken{};  // the clients of 49 and 50: "USER PUSH ALERT"
};

asio::awaitable<std::set<std::string>> uploads() {
  const auto executor = co_await asio::this_coro::executor;
  auto server = std::move(*PartnerServer::open(executor, options({})));
  const auto told = server->handle("enlist", {{"user", "49"}, {"password", "p"}});
  const auto token = told->at("media").at("upload_token").get<std::string>();
  const auto ask = [&](const std::string& method, const std::string& target,
                       const std::string& credential) {
    auto request = wire::http_request(method, target, {{"Authorization", credential}}, "sealed");
    return server->answer(server->door(), request).message;
  };
  std::set<std::string> out;
  for (const auto& credential :
       {std::string("Bearer ") + token, token, std::string("Bearer "), std::string()}) {
    out.insert(std::to_string(ask("POST", "/v1/uploads", credential).response()->status));
  }
  out.insert("get " +
             std::to_string(ask("GET", "/v1/uploads", "Bearer " + token).response()->status));
  const auto url = nlohmann::json::parse(ask("POST", "/v1/uploads", "Bearer " + token).body)["url"]
                       .get<std::string>();
  EXPECT_EQ(told->at("media").at("upload"), server->door().issuer + "/v1/uploads");
  EXPECT_TRUE(url.starts_with(server->door().issuer + "/media/"));
  out.insert(ask("GET", url.substr(server->door().issuer.size()), "").body);
  co_await server->stop();
  co_return out;
}

TEST(PartnerServer, HostsWhatItsOwnUsersUpload) {
  EXPECT_EQ(run_to_end(uploads()), (std::set<std::string>{"201", "401", "get 405", "sealed"}));
}

// Once `wakes` have come, of which the last push is one: for 50, with the text "text".
asio::awaitable<Woken> woken_by(Pushes pushes, std::size_t wakes) {
  const auto executor = co_await asio::this_coro::executor;
  const std::vector<std::string> faults(pushes.fault.empty() ? 0 : 1, pushes.fault);
  const auto server = std::move(*PartnerServer::open(executor, options(faults)));
  Woken out;
  server->on_wake([&](const Wake& wake) { out.told.insert(wake.user + " " + wake.id); });
  (void)server->handle(
      "gatekeeper",
      {{"audience", "https://g.test"}, {"authentication", "bearer"}, {"secret", "00ff"}});
  WakeReceiver receiver(executor, [&](const Wake& wake) {
    out.woken.insert(wake.user + " " + wake.id + " " + wake.alert);
  });
  for (const auto* user : {"49", "50"}) {
    const auto answer = server->handle("enlist", {{"user", user}, {"password", "p"}});
    EXPECT_TRUE(receiver.wait_on(user, answer->at("wake").get<std::string>()));
  }
  if (pushes.to_leaver) {
    (void)server->handle("reset", {{"user", "49"}});
  }
  pushes.users.emplace_back("50");
  for (const auto& user : pushes.users) {
    auto push = wire::http_request("POST", "/v1/pushes", {{"Authorization", "Bearer 00ff"}},
                                   json{{"user", user}, {"id", "x"}, {"text", "text"}}.dump());
    push.headers.push_back({"Content-Type", "application/json"});
    (void)server->answer(server->door(), push);
  }
  while (out.woken.size() < wakes) {
    co_await asio::post(executor, asio::use_awaitable);
  }
  co_await server->stop();
  co_return out;
}

TEST(PartnerServer, WakesTheClientOfWhomAPushIsFor) {
  const auto each = run_to_end(woken_by({{"49", "51", "490"}}, 2));
  EXPECT_EQ(each.told, (std::multiset<std::string>{"49 x", "50 x"}));
  EXPECT_EQ(each.woken, (std::multiset<std::string>{"49 x ", "50 x "}));
  const auto left = run_to_end(woken_by({.users = {"49"}, .to_leaver = true}, 1));
  EXPECT_EQ(left.told, std::multiset<std::string>{"50 x"});
  EXPECT_EQ(left.woken, std::multiset<std::string>{"50 x "});
}

TEST(PartnerFaults, WakeOthersOrSayMore) {
  const auto woken = [](Pushes pushes, std::size_t wakes) {
    return run_to_end(woken_by(std::move(pushes), wakes)).woken;
  };
  using Words = std::multiset<std::string>;
  EXPECT_EQ(woken({{}, "wp-wake-shows-text"}, 1), Words{"50 x text"});
  EXPECT_EQ(woken({{}, "wp-wake-everybody"}, 3), (Words{"49 x ", "50 x ", "50 x "}));
  EXPECT_EQ(woken({{"490"}, "wp-wake-similar"}, 2), (Words{"49 x ", "50 x "}));
  EXPECT_EQ(woken({{"49"}, "wp-wake-leaver", true}, 2), (Words{"49 x ", "50 x "}));
  EXPECT_EQ(run_to_end(woken_by({{"49"}, "wp-wake-lost"}, 0)).told, (Words{"49 x", "50 x"}));
}

TEST(PartnerFaults, AreThoseOfAThirdPartysServer) {
  std::set<std::string_view> names;
  for (const auto& entry : faults()) {
    EXPECT_EQ(entry.name.starts_with("wp-"), entry.party == "third-party.server") << entry.name;
    if (entry.party == "third-party.server") {
      EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
      EXPECT_EQ(entry.profile, "whatsapp") << entry.name;
    }
  }
  EXPECT_EQ(to_string(Fault::wp_jwks_private_members), "wp-jwks-private-members");
  EXPECT_EQ(to_string(Fault::wp_identifier_as_given), "wp-identifier-as-given");
}

}  // namespace
}  // namespace parley::reference::whatsapp
