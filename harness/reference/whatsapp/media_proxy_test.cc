// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_proxy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/testkit/run_to_end.h"

namespace parley::reference::whatsapp {
namespace {

using testkit::run_to_end;

// A proxy that knows one host, behind which nobody listens.
class Proxy : public testing::Test {
 protected:
  Proxy() {
    const auto ca = testing::TempDir() + "/parley-media-ca.pem";
    std::ofstream(ca) << "a certificate\n";
    EXPECT_TRUE(hosts_.set(12, {{"media", "https://localhost:1"}, {"ca", ca}}));
  }

  int status_of(const std::string& target, const std::vector<std::string>& faults = {},
                const std::string& credential = "Bearer own") {
    MediaProxy proxy(
        contexts_, hosts_,
        [](const std::string& token) {
          return token == "own"     ? MediaProxy::Asking::own_user
                 : token == "third" ? MediaProxy::Asking::third_party
                                    : MediaProxy::Asking::nobody;
        },
        *fault_set(faults));
    auto request = wire::http_request("GET", std::string(kProxyPath) + target);
    request.headers.push_back({"Authorization", credential});
    return run_to_end(proxy.answer(std::move(request))).message.response()->status;
  }

  net::TlsContexts contexts_;
  MediaHosts hosts_;
};

TEST_F(Proxy, AsksRegisteredHostsAlone) {
  EXPECT_EQ(status_of("?url=https%3A%2F%2Flocalhost%3A1%2Fa"), 502);  // which nobody answers for
  for (const auto* url : {"https://localhost:2/a", "https://localhost/a", "http://localhost:1/a",
                          "https://localhost:1@localhost:2/a", "https://localhost:1.test/a",
                          "file:///etc/hostname", "//localhost:1/a", "/a",
                          "https://localhost:2/https://localhost:1/", "ftp://localhost:1/a"}) {
    EXPECT_EQ(status_of(std::string("?url=") + url), 403) << url;
  }
  for (const auto* target : {"", "?", "?url=", "?other=https://localhost:1/a",
                             "?url=https://localhost:1/a&url=https://localhost:1/b"}) {
    EXPECT_EQ(status_of(target), 400) << target;
  }
}

TEST_F(Proxy, AsksForTheGatekeepersOwnUsersAlone) {
  const std::string target = "?url=https://localhost:1/a";
  for (const auto* credential : {"", "own", "Basic own", "Bearer third", "Bearer other"}) {
    EXPECT_EQ(status_of(target, {}, credential), 401) << credential;
  }
  EXPECT_EQ(status_of(target, {"wg-proxy-open"}, ""), 502);
  EXPECT_EQ(status_of(target, {"wg-proxy-for-third-parties"}, "Bearer third"), 502);
  EXPECT_EQ(status_of(target, {"wg-proxy-failure-empty"}), 200);
}

TEST_F(Proxy, GoesElsewhereUnderAFault) {
  EXPECT_EQ(status_of("?url=https://localhost:2/a", {"wg-proxy-any-host"}), 502);
  EXPECT_EQ(status_of("?url=https://localhost:2/a", {"wg-proxy-any-port"}), 502);
  EXPECT_EQ(status_of("?url=http://localhost:1/a", {"wg-proxy-in-clear"}), 502);
  EXPECT_EQ(status_of("?url=https://localhost:1@localhost:2/", {"wg-proxy-host-begins"}), 502);
  EXPECT_EQ(status_of("?url=https://localhost:2/localhost:1", {"wg-proxy-host-anywhere"}), 502);
  EXPECT_EQ(status_of("?url=file:///etc/hostname", {"wg-proxy-files"}), 200);
}

TEST(MediaHosts, AreHttpsWithACertificateThatCanBeRead) {
  MediaHosts hosts;
  EXPECT_TRUE(hosts.set(12, {{"issuer", "https://i.test"}}));
  EXPECT_FALSE(hosts.set(12, {{"media", "http://localhost:1"}, {"ca", "/dev/null"}}));
  EXPECT_FALSE(hosts.set(12, {{"media", "https://localhost:1"}, {"ca", "/nowhere"}}));
  EXPECT_FALSE(hosts.set(12, {{"media", 7}}));
}

}  // namespace
}  // namespace parley::reference::whatsapp
