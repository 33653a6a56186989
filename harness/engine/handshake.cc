// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/handshake.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace parley::engine {
namespace {

net::TlsVersion tls_version(const std::string& name, net::TlsVersion otherwise) {
  if (name == "1.0") {
    return net::TlsVersion::tls1_0;
  }
  if (name == "1.1") {
    return net::TlsVersion::tls1_1;
  }
  if (name == "1.2") {
    return net::TlsVersion::tls1_2;
  }
  return name == "1.3" ? net::TlsVersion::tls1_3 : otherwise;
}

struct Versions {
  net::TlsVersion min;
  net::TlsVersion max;
};
Versions versions(const model::ConnectionEdit& offer) {
  const auto min = tls_version(offer.tls_min, net::TlsVersion::tls1_2);
  const auto max = tls_version(offer.tls_max, net::TlsVersion::tls1_3);
  return {.min = std::min(min, max), .max = max};
}

}  // namespace

crypto::LeafKind leaf_kind(const std::string& name) {
  if (name == "expired") {
    return crypto::LeafKind::expired;
  }
  if (name == "not-yet-valid") {
    return crypto::LeafKind::not_yet_valid;
  }
  if (name == "other-host") {
    return crypto::LeafKind::other_host;
  }
  if (name == "self-signed") {
    return crypto::LeafKind::self_signed;
  }
  if (name == "client-only") {
    return crypto::LeafKind::client_only;
  }
  if (name == "server-only") {
    return crypto::LeafKind::server_only;
  }
  if (name == "both-purposes") {
    return crypto::LeafKind::both_purposes;
  }
  return name == "unknown-ca" ? crypto::LeafKind::unknown_ca : crypto::LeafKind::valid;
}

net::TlsClientOptions tls_client(const model::ConnectionEdit& offer, std::string ca_pem,
                                 std::string host) {
  const auto [min, max] = versions(offer);
  return {.ca_pem = std::move(ca_pem),
          .host = std::move(host),
          .verify = true,
          .min_version = min,
          .max_version = max};
}

net::TlsServerOptions tls_server(const model::ConnectionEdit& offer, const crypto::Leaf& leaf) {
  const auto [min, max] = versions(offer);
  return {
      .chain_pem = leaf.chain_pem, .key_pem = leaf.key_pem, .min_version = min, .max_version = max};
}

nlohmann::json certificate_shown(const net::TlsSession& session) {
  const bool shown = !session.peer_subject.empty();
  return {{"certificate", shown ? net::to_string(session.peer_fault) : "none"},
          {"names", session.peer_names}};
}

}  // namespace parley::engine
