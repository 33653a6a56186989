// SPDX-License-Identifier: GPL-3.0-or-later
// What a gatekeeper may ask of the reference third party's server, and who wakes for it. What each
// fault does the cases of the suite `server` show.
#include "harness/reference/whatsapp/partner_calls.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/crypto/httpsig/message_signature.h"

namespace parley::reference::whatsapp {
namespace {

namespace httpsig = crypto::httpsig;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

// A service with the users alice, and sam who is suspended, whose tokens are their names.
class PartnerCallsTest : public testing::Test {
 protected:
  int status(const std::string& path, const std::string& body, const std::string& nonce,
             const std::string& key = "secret", CallerProof proof = CallerProof::signature) {
    auto request = wire::http_request("POST", path, {{"Host", "localhost"}}, body);
    request.headers.push_back({"Content-Type", "application/json"});
    request.headers.push_back({"Content-Digest", httpsig::content_digest(body)});
    httpsig::SignedRequest covered{
        .method = "POST", .authority = "localhost", .target = path, .body = body};
    for (const auto& [name, value] : request.headers) {
      covered.fields.push_back({name, value});
    }
    const auto made = httpsig::sign(covered,
                                    {.components = {"@method", "@path", "content-digest"},
                                     .created = kNow.time_since_epoch().count(),
                                     .nonce = nonce,
                                     .keyid = "gatekeeper"},
                                    SecretBytes(key));
    request.headers.push_back({"Signature-Input", made->input});
    request.headers.push_back({"Signature", made->signature});
    last_ =
        calls_.answer(request, {}, {.proof = proof, .secret = SecretBytes("secret")}, kNow).message;
    return last_.response()->status;
  }
  bool active(const std::string& token, const std::string& identifier, const std::string& nonce) {
    EXPECT_EQ(status("/v1/authentications",
                     R"({"token":")" + token + R"(","identifier":")" + identifier + R"("})", nonce),
              200);
    return last_.body == R"({"active":true,"sub":")" + identifier + R"("})";
  }

  int status_bearing(const std::string& authorization) {
    auto request = wire::http_request("POST", "/v1/pushes", {{"Host", "localhost"}},
                                      R"({"user":"alice","id":"1"})");
    request.headers.push_back({"Content-Type", "application/json"});
    request.headers.push_back({"Authorization", authorization});
    const KnownGatekeeper known{.proof = CallerProof::bearer, .secret = SecretBytes("secret")};
    last_ = calls_.answer(request, {}, known, kNow).message;
    return last_.response()->status;
  }

  std::vector<std::string> woken_;
  wire::HttpMessage last_;
  PartnerCalls calls_{
      {.find = [](const std::string& identifier) -> std::optional<CalledUser> {
         return identifier == "alice" || identifier == "sam"
                    ? std::optional(
                          CalledUser{.user = identifier, .suspended = identifier == "sam"})
                    : std::nullopt;
       },
       .subject_of = [](const std::string& token) { return std::optional(token); },
       .wake = [this](const Wake& wake) { woken_.push_back(wake.user + " " + wake.id); }},
      FaultSet()};
};

TEST_F(PartnerCallsTest, WakeAUserOnceForAPush) {
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice","id":"1"})", "n1"), 202);
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice","id":"1"})", "n2"), 202);
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice","id":"2"})", "n3"), 202);
  EXPECT_EQ(woken_, (std::vector<std::string>{"alice 1", "alice 2"}));
}

TEST_F(PartnerCallsTest, WakeNobodyForWhomTheyDoNotKnow) {
  EXPECT_EQ(status("/v1/pushes", R"({"user":"bob","id":"1"})", "n1"), 404);
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice"})", "n2"), 400);
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice","id":"1"})", "n3", "another"), 401);
  EXPECT_TRUE(woken_.empty());
}

TEST_F(PartnerCallsTest, AreOfWhoBearsTheSecret) {
  EXPECT_EQ(status_bearing("Bearer 736563726574"), 202);
  EXPECT_EQ(status_bearing("bEARER   736563726574"), 202);
  for (const auto* other : {"", "Bearer", "Bearer ", "Bearer 7365637265", "Bearer 73656372657400",
                            "Bearer 736563726575", "Basic 736563726574", "736563726574"}) {
    EXPECT_EQ(status_bearing(other), 401) << other;
    EXPECT_EQ(wire::value_of(last_.headers, "www-authenticate"), "Bearer") << other;
  }
  // A signature is not what proves this caller.
  EXPECT_EQ(
      status("/v1/pushes", R"({"user":"alice","id":"2"})", "n1", "secret", CallerProof::bearer),
      401);
}

TEST_F(PartnerCallsTest, CountOnce) {
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice","id":"1"})", "n1"), 202);
  EXPECT_EQ(status("/v1/pushes", R"({"user":"alice","id":"1"})", "n1"), 401);
}

TEST_F(PartnerCallsTest, AreOfWhoHasTheGatekeepersCertificate) {
  const auto status_for = [&](net::HttpPeer peer) {
    const auto request =
        wire::http_request("POST", "/v1/pushes", {{"Content-Type", "application/json"}},
                           R"({"user":"alice","id":"1"})");
    const KnownGatekeeper known{.proof = CallerProof::certificate,
                                .certificate_name = "gatekeeper.test"};
    return calls_.answer(request, peer, known, kNow).message.response()->status;
  };
  net::TlsSession session{.version = net::TlsVersion::tls1_3,
                          .cipher = "",
                          .peer_subject = "/CN=gatekeeper.test",
                          .peer_names = {"gatekeeper.test"}};
  EXPECT_EQ(status_for({.tls = session}), 202);
  EXPECT_EQ(status_for({}), 403);
  session.peer_fault = net::CertificateFault::expired;
  EXPECT_EQ(status_for({.tls = session}), 403);
  session.peer_fault = net::CertificateFault::none;
  session.peer_names = {"another.test"};
  EXPECT_EQ(status_for({.tls = session}), 403);
  session.peer_names = {"gatekeeper.test"};
  session.peer_subject.clear();
  EXPECT_EQ(status_for({.tls = session}), 403);
}

TEST_F(PartnerCallsTest, AgreeWithTheTokens) {
  EXPECT_TRUE(active("alice", "alice", "n1"));
  EXPECT_FALSE(active("sam", "sam", "n2"));
  EXPECT_FALSE(active("sam", "alice", "n3"));
  EXPECT_FALSE(active("bob", "bob", "n4"));
}

}  // namespace
}  // namespace parley::reference::whatsapp
