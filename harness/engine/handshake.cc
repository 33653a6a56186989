// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/handshake.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

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

struct NamedLeaf {
  std::string_view name;
  crypto::LeafKind kind;
};
constexpr auto kLeaves = std::to_array<NamedLeaf>({
    {"expired", crypto::LeafKind::expired},
    {"not-yet-valid", crypto::LeafKind::not_yet_valid},
    {"other-host", crypto::LeafKind::other_host},
    {"self-signed", crypto::LeafKind::self_signed},
    {"unknown-ca", crypto::LeafKind::unknown_ca},
    {"client-only", crypto::LeafKind::client_only},
    {"server-only", crypto::LeafKind::server_only},
    {"both-purposes", crypto::LeafKind::both_purposes},
    {"longer-name", crypto::LeafKind::longer_name},
    {"prefixed-name", crypto::LeafKind::prefixed_name},
    {"sibling-name", crypto::LeafKind::sibling_name},
    {"subject-only", crypto::LeafKind::subject_only},
});

}  // namespace

crypto::LeafKind leaf_kind(const std::string& name) {
  const auto row = std::ranges::find(kLeaves, name, &NamedLeaf::name);
  return row == kLeaves.end() ? crypto::LeafKind::valid : row->kind;
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
