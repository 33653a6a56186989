// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/diagnosis.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>

#include "harness/base/text.h"

namespace parley::sut {
namespace {

using Kind = Diagnosis::Kind;

constexpr std::size_t kShownNames = 5;
constexpr std::size_t kShownOctets = 120;

// The first that fits; the verification errors stand before the general alerts.
constexpr std::array kTlsDiagnoses{
    Diagnosis{Kind::certificate, "certificate has expired", "the SUT's certificate has expired",
              "renew the SUT's certificate or set the clock right"},
    Diagnosis{Kind::certificate, "not yet valid", "the SUT's certificate is not yet valid",
              "set the clocks right or issue a new certificate"},
    Diagnosis{Kind::other_name, "unrecognized name", "the SUT has no certificate for the domain",
              "put the certificate's name into endpoints/domain, or issue a certificate for that "
              "domain"},
    Diagnosis{Kind::other_name, "hostname mismatch", "the SUT's certificate names another host",
              "put the certificate's name into endpoints/domain, or issue a certificate for that "
              "domain"},
    Diagnosis{Kind::certificate, "self-signed certificate",
              "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{Kind::certificate, "self signed certificate",
              "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{Kind::certificate, "unable to get local issuer",
              "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{Kind::certificate, "unable to verify the first",
              "the SUT's certificate comes from an unknown CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{Kind::certificate, "certificate signature failure",
              "the SUT's certificate comes from another CA",
              "name in endpoints/ca the PEM file of the CA that issued the SUT's certificate"},
    Diagnosis{Kind::not_tls, "wrong version number", "what answers there is not TLS",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{Kind::not_tls, "packet length too long", "what answers there is not TLS",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{Kind::not_tls, "stream truncated", "what answers there closes the TLS handshake",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{Kind::not_tls, "end of file", "what answers there closes the TLS handshake",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{Kind::not_tls, "onnection reset", "what answers there closes the TLS handshake",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
    Diagnosis{Kind::not_tls, "timed out", "nothing answers the TLS handshake",
              "give the address where TLS is spoken, or mend the SUT's TLS"},
};

struct X509Free {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

}  // namespace

const Diagnosis* tls_diagnosis(std::string_view said) {
  const auto known = std::ranges::find_if(kTlsDiagnoses, [said](const Diagnosis& diagnosis) {
    return said.find(diagnosis.sign) != std::string_view::npos;
  });
  return known == kTlsDiagnoses.end() ? nullptr : &*known;
}

std::optional<Diagnosis> wrong_with_ca(const std::string& pem) {
  const std::unique_ptr<BIO, BioFree> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::size_t count = 0;
  while (true) {
    const std::unique_ptr<X509, X509Free> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) {
      break;
    }
    ++count;
    if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
      return Diagnosis{Diagnosis::Kind::certificate, "", "the CA has expired",
                       "make a new CA and issue a new certificate"};
    }
    if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0) {
      return Diagnosis{Diagnosis::Kind::certificate, "", "the CA is not yet valid",
                       "set the clock right"};
    }
  }
  ERR_clear_error();
  if (count == 0) {
    return Diagnosis{Diagnosis::Kind::certificate, "", "the file holds no PEM certificate",
                     "give the CA as -----BEGIN CERTIFICATE-----"};
  }
  return std::nullopt;
}

std::string mend_domain(const std::string& domain, const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (const auto& name : names) {
    shown.push_back("'" + printable(name, kShownOctets) + "'");
  }
  if (shown.size() > kShownNames) {
    shown.resize(kShownNames);
    shown.emplace_back("…");
  }
  const auto certificate = fmt::format("a certificate for '{}'", printable(domain, kShownOctets));
  // A wildcard is not the domain of accounts.
  const auto own = std::ranges::find_if(
      names, [](const std::string& name) { return !name.empty() && !name.starts_with('*'); });
  if (own == names.end()) {
    return fmt::format("give the SUT {}; its present one is for {}", certificate,
                       shown.empty() ? "no domain name" : join(shown, ", "));
  }
  return fmt::format("set endpoints/domain to '{}' (the certificate is for {}), or give the SUT {}",
                     printable(*own, kShownOctets), join(shown, ", "), certificate);
}

}  // namespace parley::sut
