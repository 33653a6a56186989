// SPDX-License-Identifier: GPL-3.0-or-later
// The reference gatekeeper's media proxy: its own users get third parties' media through it, so
// that no third party sees who they are, and it fetches from nowhere but the hosts that third
// parties have registered. Sources: Meta engineering post of 2024-03-06, as reported; MED-008,
// MED-009, MED-018. How it is asked is not published: GET /v1/media?url=URL with the
// user's token. One thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "harness/net/http_client.h"
#include "harness/net/http_server.h"
#include "harness/reference/faults.h"
#include "harness/reference/whatsapp/large_answer.h"

namespace parley::reference::whatsapp {

namespace asio = boost::asio;

inline constexpr std::string_view kProxyPath = "/v1/media";

// Where third parties host their media, by integrator.
class MediaHosts {
 public:
  struct Host {
    net::HttpUrl url;    // https://HOST:PORT
    std::string ca_pem;  // of its HTTPS
  };

  // What a driver's `partner` says. Errors: malformed; what reading the CA's file gives.
  Result<void> set(std::uint16_t integrator, const nlohmann::json& params);
  // Whose media a URL is; nothing for nobody's.
  std::optional<Host> of(const std::string& url, const FaultSet& faults) const;

 private:
  std::map<std::uint16_t, Host> hosts_;
};

class MediaProxy {
 public:
  // Whose user's token it is.
  enum class Asking { nobody, own_user, third_party };
  using KnowsToken = std::function<Asking(const std::string& token)>;

  // `contexts` and `hosts` outlive it.
  MediaProxy(net::TlsContexts& contexts, const MediaHosts& hosts, KnowsToken knows,
             const FaultSet& faults);
  asio::awaitable<net::HttpAnswer> answer(wire::HttpMessage request);

 private:
  bool may_ask(const wire::HttpMessage& request) const;
  asio::awaitable<net::HttpAnswer> fetch(std::string url, MediaHosts::Host host,
                                         std::string asked_with);
  wire::HttpMessage request_for(const std::string& asked_with) const;
  net::HttpAnswer none(int status) const;
  net::HttpAnswer pass_on(const net::HttpOutcome& fetched,
                          const std::shared_ptr<KeptBody>& body) const;
  bool has(Fault fault) const { return faults_.has(fault); }

  const MediaHosts& hosts_;
  KnowsToken knows_;
  FaultSet faults_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace parley::reference::whatsapp
