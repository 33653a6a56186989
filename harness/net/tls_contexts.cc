// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/tls_contexts.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace parley::net {
namespace {

using boost::system::error_code;

int protocol_number(TlsVersion version) {
  switch (version) {
    case TlsVersion::tls1_0:
      return TLS1_VERSION;
    case TlsVersion::tls1_1:
      return TLS1_1_VERSION;
    case TlsVersion::tls1_2:
      return TLS1_2_VERSION;
    case TlsVersion::tls1_3:
      return TLS1_3_VERSION;
  }
  return TLS1_2_VERSION;
}

TlsVersion version_of(int number) {
  switch (number) {
    case TLS1_VERSION:
      return TlsVersion::tls1_0;
    case TLS1_1_VERSION:
      return TlsVersion::tls1_1;
    case TLS1_2_VERSION:
      return TlsVersion::tls1_2;
    default:
      return TlsVersion::tls1_3;
  }
}

void set_versions(asio::ssl::context& context, TlsVersion min, TlsVersion max) {
  SSL_CTX_set_min_proto_version(context.native_handle(), protocol_number(min));
  SSL_CTX_set_max_proto_version(context.native_handle(), protocol_number(max));
  if (min < TlsVersion::tls1_2) {
    // OpenSSL 3 signs TLS 1.0 and 1.1 handshakes only at security level 0.
    SSL_CTX_set_security_level(context.native_handle(), 0);
    SSL_CTX_set_cipher_list(context.native_handle(), "ALL:@SECLEVEL=0");
  }
  // Tickets would be written after the handshake and are never used.
  SSL_CTX_set_num_tickets(context.native_handle(), 0);
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
}

std::string subject_of(SSL* ssl) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) {
    return {};
  }
  std::array<char, 256> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), text.size());
  return text.data();
}

struct NamesFree {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

// RFC 6125: the subjectAltName entries of type dNSName.
std::vector<std::string> names_of(SSL* ssl) {
  std::vector<std::string> out;
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) {
    return out;
  }
  const std::unique_ptr<GENERAL_NAMES, NamesFree> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      const auto* text = ASN1_STRING_get0_data(name->d.dNSName);
      out.emplace_back(reinterpret_cast<const char*>(text),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
  }
  return out;
}

error_code show_certificate(asio::ssl::context& context, const std::string& chain_pem,
                            const std::string& key_pem) {
  error_code error;
  context.use_certificate_chain(asio::buffer(chain_pem), error);
  if (!error) {
    context.use_private_key(asio::buffer(key_pem), asio::ssl::context::pem, error);
  }
  return error;
}

// Of a certificate without the extension every purpose is set.
bool is_for_clients_alone(X509* certificate) {
  return certificate != nullptr && X509_get_extended_key_usage(certificate) == XKU_SSL_CLIENT;
}

int go_on(int /*holds*/, X509_STORE_CTX* /*chain*/) { return 1; }

// Each connection shows its own: none goes on with what another one has shown.
void ask_for_certificate(SSL_CTX* context, TlsServerOptions::ClientCheck check) {
  const bool required = check == TlsServerOptions::ClientCheck::required;
  SSL_CTX_set_verify(context,
                     required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER,
                     required ? nullptr : go_on);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

}  // namespace

CertificateFault certificate_fault_of(SSL* ssl) {
  switch (SSL_get_verify_result(ssl)) {
    case X509_V_OK:
      return CertificateFault::none;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateFault::expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return CertificateFault::other_name;
    case X509_V_ERR_INVALID_PURPOSE:
      return CertificateFault::other_purpose;
    default:
      return CertificateFault::untrusted;
  }
}

TlsSession session_of(SSL* ssl) {
  return {.version = version_of(SSL_version(ssl)),
          .cipher = SSL_get_cipher_name(ssl),
          .peer_subject = subject_of(ssl),
          .peer_names = names_of(ssl),
          .peer_fault = certificate_fault_of(ssl),
          .peer_is_client_alone = is_for_clients_alone(SSL_get0_peer_certificate(ssl))};
}

std::string describe(const error_code& error, SSL* ssl) {
  if (ssl != nullptr) {
    const long verify = SSL_get_verify_result(ssl);
    if (verify != X509_V_OK) {
      return fmt::format("TLS: {}: {}", error.message(), X509_verify_cert_error_string(verify));
    }
    return "TLS: " + error.message();
  }
  return error.message();
}

Result<asio::ssl::context*> TlsContexts::Cache::client(const TlsClientOptions& options) {
  auto& slot = clients[{options.ca_pem, options.verify, options.min_version, options.max_version,
                        options.chain_pem, options.key_pem}];
  if (slot == nullptr) {
    auto made = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    error_code error;
    if (!options.ca_pem.empty()) {
      made->add_certificate_authority(asio::buffer(options.ca_pem), error);
    }
    if (error) {
      return fail(Errc::malformed, "the CA is not a PEM certificate: " + error.message());
    }
    made->set_verify_mode(options.verify ? asio::ssl::verify_peer : asio::ssl::verify_none, error);
    if (!options.chain_pem.empty()) {
      error = show_certificate(*made, options.chain_pem, options.key_pem);
    }
    if (error) {
      return fail(Errc::malformed, "certificate or key: " + error.message());
    }
    set_versions(*made, options.min_version, options.max_version);
    slot = std::move(made);
  }
  return slot.get();
}

Result<asio::ssl::context*> TlsContexts::Cache::server(const TlsServerOptions& options) {
  auto& slot = servers[{options.chain_pem, options.key_pem, options.min_version,
                        options.max_version, options.client_ca_pem, options.client_check}];
  if (slot == nullptr) {
    auto made = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    auto error = show_certificate(*made, options.chain_pem, options.key_pem);
    if (error) {
      return fail(Errc::malformed, "certificate or key: " + error.message());
    }
    if (!options.client_ca_pem.empty()) {
      made->add_certificate_authority(asio::buffer(options.client_ca_pem), error);
      if (error) {
        return fail(Errc::malformed, "the CA is not a PEM certificate: " + error.message());
      }
      ask_for_certificate(made->native_handle(), options.client_check);
    }
    set_versions(*made, options.min_version, options.max_version);
    slot = std::move(made);
  }
  return slot.get();
}

TlsContexts::TlsContexts() : cache_(std::make_unique<Cache>()) {}
TlsContexts::~TlsContexts() = default;

std::string_view to_string(CertificateFault fault) {
  switch (fault) {
    case CertificateFault::none:
      return "valid";
    case CertificateFault::untrusted:
      return "untrusted";
    case CertificateFault::expired:
      return "expired";
    case CertificateFault::other_name:
      return "other-name";
    case CertificateFault::other_purpose:
      return "other-purpose";
  }
  return "?";
}

std::string_view to_string(TlsVersion version) {
  switch (version) {
    case TlsVersion::tls1_0:
      return "1.0";
    case TlsVersion::tls1_1:
      return "1.1";
    case TlsVersion::tls1_2:
      return "1.2";
    case TlsVersion::tls1_3:
      return "1.3";
  }
  return "?";
}

}  // namespace parley::net
