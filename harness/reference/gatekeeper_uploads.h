// SPDX-License-Identifier: GPL-3.0-or-later
// The upload service of the reference gatekeeper: slots for its users, and the files that are put
// there and got, over HTTPS on loopback. Source: XEP-0363 version 1.2.0; RFC 9110. One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/rng.h"
#include "harness/crypto/certificate.h"
#include "harness/net/http_server.h"
#include "harness/reference/faults.h"
#include "harness/xml/tree.h"

namespace parley::reference {

inline constexpr std::uint64_t kMostUploadOctets = 64 * 1024;  // of a file

class GatekeeperUploads {
 public:
  // `contexts` outlives it. Errors: io.
  static Result<std::unique_ptr<GatekeeperUploads>> open(boost::asio::any_io_executor executor,
                                                         net::TlsContexts& contexts,
                                                         const crypto::Leaf& leaf, Rng rng);

  std::string url() const;           // "https://localhost:8443"
  std::string download_url() const;  // of another host, where one with that liberty has files got
  boost::asio::awaitable<void> run() { return server_->run(); }
  boost::asio::awaitable<void> run_downloads() { return downloads_->run(); }
  void stop() { server_->stop(); }
  void stop_downloads() { downloads_->stop(); }

  // What an answer to disco#info holds beside its identity and features.
  static xml::Element form(const FaultSet& faults);
  // The <slot/> for a <request/>, or the <error/> that refuses it.
  xml::Element ask(const xml::Element& request, const FaultSet& faults);
  net::HttpAnswer answer(const wire::HttpMessage& request);

 private:
  struct Place {
    std::string authorization;
    std::string name;
    std::string content_type;
    std::uint64_t size = 0;
    std::optional<Bytes> octets{};  // null: nothing was put there
    FaultSet faults;                // of who asked for it
  };
  using Places = std::map<std::string, Place, std::less<>>;

  explicit GatekeeperUploads(Rng rng) : rng_(std::move(rng)) {}
  xml::Element slot_at(const std::string& path, const Place& place) const;
  static std::string_view credential_header(const Place& place);
  net::HttpAnswer put(Place& place, const wire::HttpMessage& request);
  static net::HttpAnswer get(const Place& place);
  bool may_put(const Place& place, const wire::HttpMessage& request) const;

  Rng rng_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::HttpServer> downloads_;
  Places places_;  // by path
  std::deque<std::string> order_;
};

}  // namespace parley::reference
