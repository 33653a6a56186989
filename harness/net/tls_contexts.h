// SPDX-License-Identifier: GPL-3.0-or-later
// The contexts of TlsContexts and what OpenSSL says of a session. For stream.cc alone.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "harness/net/stream.h"

namespace parley::net {

struct TlsContexts::Cache {
  using ClientKey = std::tuple<std::string, bool, TlsVersion, TlsVersion, std::string, std::string>;
  using ServerKey = std::tuple<std::string, std::string, TlsVersion, TlsVersion, std::string,
                               TlsServerOptions::ClientCheck>;

  Result<asio::ssl::context*> client(const TlsClientOptions& options);
  Result<asio::ssl::context*> server(const TlsServerOptions& options);

  std::map<ClientKey, std::unique_ptr<asio::ssl::context>> clients;
  std::map<ServerKey, std::unique_ptr<asio::ssl::context>> servers;
};

// Of a handshake that is complete.
TlsSession session_of(SSL* ssl);
CertificateFault certificate_fault_of(SSL* ssl);
// `ssl` is null without TLS.
std::string describe(const boost::system::error_code& error, SSL* ssl);

}  // namespace parley::net
