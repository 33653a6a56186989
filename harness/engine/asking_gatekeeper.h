// SPDX-License-Identifier: GPL-3.0-or-later
// For tests: a gatekeeper that asks a played third party's server over HTTPS, over real sockets,
// and what a case comes to that it is judged by. One thread.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/engine/conductor.h"
#include "harness/engine/judge.h"
#include "harness/model/case_loader.h"
#include "harness/model/schema.h"
#include "harness/model/shipped_suites.h"
#include "harness/net/http_client.h"
#include "harness/testkit/run_to_end.h"
#include "harness/wire/http_message.h"

namespace parley::engine {

namespace asio = boost::asio;
inline constexpr std::chrono::milliseconds kPatience{300};
using Words = std::vector<std::string>;
inline constexpr const char* kDiscovery = "/.well-known/openid-configuration";
inline constexpr const char* kPushes = "/v1/pushes";
inline constexpr const char* kHangUp = "hang-up";  // before a handshake

inline const crypto::CertificateAuthority& authority() {
  static const auto made = crypto::CertificateAuthority::make(
      Rng(7), std::chrono::duration_cast<std::chrono::seconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count());
  return *made;
}

// What a case on `flow`, whose `rest` says what it changes and expects, is judged with.
struct Given {
  const char* flow;
  std::string rest{};
  Words asks{};
  Words features{};
  std::chrono::milliseconds asker_patience{30'000};  // with one answer
};

// Asks for these, one after another, when it is told to `refresh` or `begin`, at once for `both`,
// in the clear behind a "http:"; a number is a pause of so many milliseconds.
class AskingGatekeeper final : public Attachment {
 public:
  AskingGatekeeper(asio::any_io_executor executor, const Given& given)
      : executor_(executor), asks_(given.asks), patience_(given.asker_patience) {
    declaration_.profile = "whatsapp";
    declaration_.features = given.features;
  }
  const model::Declaration& declaration() const override { return declaration_; }
  std::string endpoint(const std::string& name) const override {
    return name == "domain" ? "gatekeeper.test" : "";
  }
  const std::string& ca_pem() const override { return authority().pem(); }
  asio::awaitable<Result<Identity>> lease(Identity fresh) override { co_return fresh; }
  void give_back(Identity /*identity*/, bool /*soiled*/) override {}
  void on_notice(const std::string& /*user*/, NoticeHandler /*handler*/) override {}
  asio::awaitable<Result<nlohmann::json>> call(std::string method, nlohmann::json params,
                                               std::chrono::milliseconds /*timeout*/) override {
    if (method == "partner") {
      partner = params;
      co_return nlohmann::json::object();
    }
    refreshed = params;
    if (method == "stall") {
      co_await stall(kDiscovery);
    } else if (method == "both") {
      using asio::experimental::awaitable_operators::operator&&;
      co_await (ask(place_of(asks_.front())) && ask(place_of(asks_.back())));
    } else if (method == "refresh") {
      co_await ask_all();
    } else {
      ++begun;
      asio::co_spawn(executor_, ask_all(), [this](std::exception_ptr /*error*/) { ++ended; });
    }
    co_return nlohmann::json::object();
  }

  nlohmann::json partner{};
  nlohmann::json refreshed{};
  Words told{};
  int begun = 0;
  int ended = 0;

 private:
  asio::awaitable<void> ask_all() {
    for (const auto& what : asks_) {
      if (what.starts_with('/')) {
        co_await ask(place_of(what));
        continue;
      }
      if (what == kHangUp) {
        const auto url = *net::parse_http_url(place_of(kDiscovery));
        (*co_await net::Stream::connect({"127.0.0.1", url.port}, kPatience))->close();
        continue;
      }
      if (what.starts_with("http:")) {
        co_await ask("http" + place_of(what.substr(5)).substr(5));
        continue;
      }
      asio::steady_timer pause(executor_, std::chrono::milliseconds(std::stoi(what)));
      co_await pause.async_wait(asio::use_awaitable);
    }
  }
  // The discovery document is below the issuer, all else below where that is, but for pushes.
  std::string place_of(const std::string& path) const {
    if (path == kPushes) {
      return partner["server"].get<std::string>() + path;
    }
    const auto issuer = partner["issuer"].get<std::string>();
    return path == kDiscovery ? issuer + path : issuer.substr(0, issuer.rfind('/')) + path;
  }
  // Asks, and never looks at the answer.
  asio::awaitable<void> stall(std::string path) {
    const auto url = *net::parse_http_url(place_of(path));
    stalled_ = std::move(*co_await net::Stream::connect({"127.0.0.1", url.port}, kPatience));
    net::TlsClientOptions trust{.ca_pem = authority().pem(), .host = url.host};
    (void)co_await stalled_->start_tls(tls_, std::move(trust), kPatience);
    (void)co_await stalled_->write("GET " + url.target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  asio::awaitable<void> ask(std::string where) {
    net::HttpFetchOptions options;
    options.tls.ca_pem = authority().pem();
    options.patience = patience_;
    auto outcome = co_await client_->fetch(wire::http_request("GET", ""),
                                           *net::parse_http_url(where), std::move(options));
    told.push_back(outcome ? fmt::format("{} {}", outcome->answer.message.response()->status,
                                         outcome->answer.message.body)
                           : std::string(net::to_string(outcome.error().fault)));
  }

  asio::any_io_executor executor_;
  Words asks_;
  std::chrono::milliseconds patience_;
  model::Declaration declaration_;
  net::TlsContexts tls_;
  std::unique_ptr<net::Stream> stalled_;
  std::unique_ptr<net::HttpClient> client_ = net::HttpClient::make(tls_, net::loopback_route);
};

// What it comes to.
struct Judged {
  model::Library library{};
  Transcript transcript{};
  model::Verdict verdict{};
  nlohmann::json partner{};
  nlohmann::json refreshed{};
  Words told{};  // to the gatekeeper

  bool has(Event::Kind kind, const std::string& step) const {
    return std::ranges::any_of(transcript.runs, [&](const RunRecord& run) {
      return std::ranges::any_of(
          run.events, [&](const Event& event) { return event.kind == kind && event.step == step; });
    });
  }
};

// The shipped library with that flow alone.
inline model::Library with_flow(const char* text) {
  return model::shipped_with({text}, "whatsapp", "one");
}

inline model::Case case_with(const std::string& rest) {
  model::Problems problems;
  const auto document = *model::parse_document("case.yaml",
                                               "case: one\ntitle: A case of a test\n"
                                               "profile: whatsapp\nverifies: IDP-025\n"
                                               "party: gatekeeper.server\nflow: one\n" +
                                                   rest,
                                               problems);
  model::check_schema(document, model::shipped_suites().library.folder / "schema/case.json",
                      problems);
  EXPECT_TRUE(problems.empty()) << to_string(problems.front());
  return model::cases_of(document, "test", problems).at(0);
}

inline asio::awaitable<void> judge_into(Judged& out, Given given) {
  out.library = with_flow(given.flow);
  const auto one = case_with(given.rest);
  const auto executor = co_await asio::this_coro::executor;
  AskingGatekeeper gatekeeper(executor, given);
  net::TlsContexts tls;
  Leaves leaves;
  Manners manners{.respond = [](const auto&, const auto&) { return std::vector<xml::Element>(); }};
  Patience patience(kPatience, kPatience);
  SharedRuns shared(executor);
  Turnstile leasing(executor);
  std::set<const Attachment*> introduced;
  Workshop workshop{.library = out.library,
                    .attachments = {{model::Party::gatekeeper_server, &gatekeeper}},
                    .suts = {},
                    .manners = manners,
                    .tls = tls,
                    .authority = authority(),
                    .leaves = leaves,
                    .authority_file = "played-ca.pem",
                    .domain = "gatekeeper.test",
                    .patience = patience,
                    .shared = shared,
                    .leasing = leasing,
                    .seed = 1,
                    .identity_seed = 1,
                    .introduced = introduced};
  out.transcript = co_await conduct(one, workshop);
  while (gatekeeper.ended < gatekeeper.begun) {
    co_await asio::post(asio::use_awaitable);
  }
  out.verdict = judge(one, out.library, out.transcript);
  out.partner = gatekeeper.partner;
  out.refreshed = gatekeeper.refreshed;
  out.told = gatekeeper.told;
}

inline Judged judged(Given given) {
  Judged out;
  testkit::run_to_end(judge_into(out, std::move(given)));
  return out;
}

}  // namespace parley::engine
