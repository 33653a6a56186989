// SPDX-License-Identifier: GPL-3.0-or-later
// The reference gatekeeper's calls of a third party's server, which answers as it is told: how
// often it is asked, by which name, and what its answers mean.
#include "harness/reference/whatsapp/partner_caller.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <string>
#include <vector>

#include "harness/crypto/httpsig/message_signature.h"
#include "harness/crypto/jose/json.h"
#include "harness/net/http_server.h"
#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using std::chrono::milliseconds;

struct Call {
  std::string path;
  std::string body;
  std::string trouble;  // with its signature
  std::string authorization;
};

// Plain HTTP on loopback: what of TLS matters the cases of the suite `server` show.
class PartnerCallerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = net::HttpServer::open(context_.get_executor(), contexts_, {},
                                        [this](auto one, auto) { return answer(std::move(one)); });
    ASSERT_TRUE(opened) << opened.error();
    server_ = std::move(*opened);
    asio::co_spawn(context_, server_->run(), [](std::exception_ptr) {});
    call_as(CallerProof::signature);
  }

  void call_as(CallerProof proof) {
    caller_ = std::make_shared<PartnerCaller>(
        CallKeeping{.executor = context_.get_executor(),
                    .run =
                        [this](asio::awaitable<void> task, std::function<void()>) {
                          asio::co_spawn(context_, std::move(task),
                                         [this](std::exception_ptr) { server_->stop(); });
                        },
                    .times = {.first_wait = milliseconds(1), .most_retries = 3}},
        CalledServer{.url = "http://localhost:" + std::to_string(server_->address().port),
                     .ca_pem = "",
                     .secret = SecretBytes("secret"),
                     .proof = proof},
        Rng(1));
  }

  asio::awaitable<net::HttpAnswer> answer(wire::HttpReceived received) {
    const auto& message = received.message;
    crypto::httpsig::SignedRequest request{.method = message.request()->method,
                                           .authority = "localhost",
                                           .target = message.request()->target,
                                           .body = message.body};
    for (const auto& [name, value] : message.headers) {
      request.fields.push_back({name, value});
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto verified =
        crypto::httpsig::verify(request, SecretBytes("secret"), {.key_id = "gatekeeper"}, now);
    calls_.push_back({.path = message.request()->target,
                      .body = message.body,
                      .trouble = verified ? "" : std::string(to_string(verified.error())),
                      .authorization = wire::value_of(message.headers, "authorization")});
    auto out = answers_.empty() ? wire::http_response(202) : answers_.front();
    if (!answers_.empty()) {
      answers_.pop_front();
    }
    co_return net::HttpAnswer{.message = std::move(out)};
  }

  void push(const std::string& user = "alice") {
    caller_->push({.identifier = user, .sender = "", .content = "", .is_away = [] { return true; }},
                  FaultSet());
    context_.run();
  }
  bool vouches(wire::HttpMessage response) {
    answers_.push_back(std::move(response));
    bool out = false;
    asio::co_spawn(context_, caller_->vouches("token", "alice", FaultSet()),
                   [&](std::exception_ptr, bool value) {
                     out = value;
                     server_->stop();
                   });
    context_.run();
    return out;
  }
  bool vouches(const std::string& body) {
    return vouches(wire::http_response(200, {{"Content-Type", "application/json"}}, body));
  }

  asio::io_context context_{1};
  net::TlsContexts contexts_;
  std::unique_ptr<net::HttpServer> server_;
  std::shared_ptr<PartnerCaller> caller_;
  std::deque<wire::HttpMessage> answers_;
  std::vector<Call> calls_;
};

TEST_F(PartnerCallerTest, MakesAPushOnceThatIsTaken) {
  push();
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_[0].path, "/v1/pushes");
  EXPECT_EQ(calls_[0].trouble, "");
  EXPECT_TRUE(calls_[0].body.starts_with(R"({"user":"alice","id":")")) << calls_[0].body;
}

TEST_F(PartnerCallerTest, MakesAPushThatFailsAgainUnderItsNameUpToALimit) {
  answers_.assign(10, wire::http_response(503));
  push();
  ASSERT_EQ(calls_.size(), 4U);
  for (const auto& call : calls_) {
    EXPECT_EQ(call.body, calls_[0].body);
    EXPECT_EQ(call.trouble, "");
  }
}

TEST_F(PartnerCallerTest, BearsTheSecretWhereThatProvesWhoCalls) {
  call_as(CallerProof::bearer);
  push();
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_[0].path, "/v1/pushes");
  EXPECT_EQ(calls_[0].authorization, "Bearer 736563726574");
  EXPECT_EQ(calls_[0].trouble, "signature-missing");
}

TEST_F(PartnerCallerTest, MakesNoPushAgainThatIsRefusedForGood) {
  answers_.assign(10, wire::http_response(400));
  push();
  EXPECT_EQ(calls_.size(), 1U);
}

TEST_F(PartnerCallerTest, TakesAYesForAYesAlone) {
  EXPECT_TRUE(vouches(R"({"active":true,"sub":"alice","more":1})"));
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_[0].body, R"({"token":"token","identifier":"alice"})");
}

struct No {
  const char* name;
  wire::HttpMessage response;
};
class TakesForANo : public PartnerCallerTest, public testing::WithParamInterface<No> {};

TEST_P(TakesForANo, WhatIsNoYes) { EXPECT_FALSE(vouches(GetParam().response)); }

wire::HttpMessage saying(const std::string& body, const std::string& type = "application/json") {
  return wire::http_response(200, {{"Content-Type", type}}, body);
}

INSTANTIATE_TEST_SUITE_P(
    Each, TakesForANo,
    testing::Values(No{"inactive", saying(R"({"active":false})")},
                    No{"another", saying(R"({"active":true,"sub":"bob"})")},
                    No{"nobody", saying(R"({"active":true})")},
                    No{"text", saying(R"({"active":"true","sub":"alice"})")},
                    No{"no_json", saying("true")},
                    No{"page", saying(R"({"active":true,"sub":"alice"})", "text/html")},
                    No{"twice", saying(R"({"active":true,"active":true,"sub":"alice"})")},
                    No{"status", wire::http_response(503)}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::reference::whatsapp
