// SPDX-License-Identifier: GPL-3.0-or-later
// What the played side of a TLS handshake offers: TLS 1.2 and 1.3 and a valid certificate (RFC
// 7590), unless a change of the connection layer says otherwise. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/crypto/certificate.h"
#include "harness/model/model.h"
#include "harness/net/stream.h"

namespace parley::engine {

// Of a change's `certificate:`; anything else is the valid one.
crypto::LeafKind leaf_kind(const std::string& name);

net::TlsClientOptions tls_client(const model::ConnectionEdit& offer, std::string ca_pem,
                                 std::string host);
net::TlsServerOptions tls_server(const model::ConnectionEdit& offer, const crypto::Leaf& leaf);

// What an event says of a client that was asked for a certificate: what is wrong with it, and whose
// it is.
nlohmann::json certificate_shown(const net::TlsSession& session);

}  // namespace parley::engine
