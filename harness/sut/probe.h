// SPDX-License-Identifier: GPL-3.0-or-later
// The first moves of an XMPP client, to find out what is at an address. Sources: RFC 6120 sections
// 4, 5 and 6; RFC 4616; RFC 5802. One thread; every wait ends.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <string>

#include "harness/base/result.h"
#include "harness/engine/ports.h"
#include "harness/net/stream.h"
#include "harness/xml/reader.h"

namespace parley::sut {

namespace asio = boost::asio;

enum class Mechanism { plain, scram_sha_256 };

class Probe {
 public:
  // `limit` holds for all that the probe does together.
  Probe(std::unique_ptr<net::Stream> stream, std::string domain, std::chrono::milliseconds limit);
  ~Probe();

  // Opens a stream, or opens it anew on the same connection; returns the features.
  // Errors: malformed when something else than a stream comes; io when nothing does.
  asio::awaitable<Result<xml::Element>> open_stream();
  // Asks for TLS on a plain stream. Errors: refused, malformed, io.
  asio::awaitable<Result<void>> ask_for_tls();
  // Errors: as Stream::start_tls.
  asio::awaitable<Result<net::TlsSession>> start_tls(std::string ca_pem);
  // The same without a look at the certificate: what is there, and whose?
  asio::awaitable<Result<net::TlsSession>> look_at_tls();
  // The domain that the SUT's last stream header comes from; empty when it does not say.
  const std::string& served() const { return served_; }
  void close() { stream_->close(); }
  // `nonce` is of printable ASCII without ','; PLAIN does not use it.
  // Errors: refused with the condition; bad_signature when the SUT does not know the password
  // itself; malformed; io.
  asio::awaitable<Result<void>> log_in(engine::Identity identity, Mechanism mechanism,
                                       std::string nonce);

 private:
  asio::awaitable<Result<void>> send(std::string text);
  asio::awaitable<Result<xml::Item>> next();
  asio::awaitable<Result<xml::Element>> next_stanza();
  asio::awaitable<Result<void>> log_in_with_scram(engine::Identity identity, std::string nonce);
  // Sends a SASL element and returns the answer's octets, which must be named `wanted`.
  asio::awaitable<Result<std::string>> exchange(std::string element, std::string wanted);
  std::chrono::milliseconds left() const;

  std::unique_ptr<net::Stream> stream_;
  std::string domain_;
  std::chrono::steady_clock::time_point until_;
  net::TlsContexts contexts_;
  xml::StreamReader reader_;
  std::deque<xml::Item> items_;
  std::string served_;
  bool opened_ = false;
};

}  // namespace parley::sut
