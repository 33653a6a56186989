// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/certificate.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <utility>

namespace parley::crypto {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Memory = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Group = std::unique_ptr<EC_GROUP, Deleter<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Deleter<EC_POINT_free>>;

constexpr std::int64_t kDay = 86'400;

// P-256 from a seeded scalar, so that one seed gives the same keys.
Key make_key(Rng& rng) {
  const Bytes secret = "\x01" + rng.octets(31);  // below the group's order by its first octet
  Number scalar(BN_bin2bn(reinterpret_cast<const unsigned char*>(secret.data()), 32, nullptr));
  Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  Point point(EC_POINT_new(group.get()));
  EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr);
  std::array<unsigned char, 65> octets{};
  EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, octets.data(),
                     octets.size(), nullptr);
  std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>> build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get());
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, octets.data(),
                                   octets.size());
  std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>> params(
      OSSL_PARAM_BLD_to_param(build.get()));
  std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get());
  return Key(key);
}

std::string contents(BIO* memory) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(length)};
}

std::string to_pem(X509* certificate) {
  Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  return contents(memory.get());
}

std::string to_pem(EVP_PKEY* key) {
  Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return contents(memory.get());
}

void extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Its extended key usage; empty: it has none.
std::string_view purposes_of(LeafKind kind) {
  switch (kind) {
    case LeafKind::client_only:
      return "clientAuth";
    case LeafKind::server_only:
      return "serverAuth";
    case LeafKind::both_purposes:
      return "serverAuth,clientAuth";
    case LeafKind::valid:
    case LeafKind::expired:
    case LeafKind::not_yet_valid:
    case LeafKind::other_host:
    case LeafKind::self_signed:
    case LeafKind::unknown_ca:
    case LeafKind::longer_name:
    case LeafKind::prefixed_name:
    case LeafKind::sibling_name:
    case LeafKind::subject_only:
      break;
  }
  return "";
}

// The DNS name in its subjectAltName.
std::string name_of(LeafKind kind, const std::string& host) {
  switch (kind) {
    case LeafKind::other_host:
    case LeafKind::subject_only:
      return "other.invalid";
    case LeafKind::longer_name:
      return host + ".evil.test";
    case LeafKind::prefixed_name:
      return "evil-" + host;
    case LeafKind::sibling_name: {
      const auto parent = host.find('.');
      return "sibling" + (parent == std::string::npos ? "" : host.substr(parent));
    }
    case LeafKind::valid:
    case LeafKind::expired:
    case LeafKind::not_yet_valid:
    case LeafKind::self_signed:
    case LeafKind::unknown_ca:
    case LeafKind::client_only:
    case LeafKind::server_only:
    case LeafKind::both_purposes:
      break;
  }
  return host;
}

struct Shape {
  std::string common_name;
  std::int64_t from_s;
  std::int64_t to_s;
};

Certificate make_certificate(const Shape& shape, EVP_PKEY* key, X509* issuer, Rng& rng) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), rng.next() >> 1);
  ASN1_TIME_set(X509_getm_notBefore(x), shape.from_s);
  ASN1_TIME_set(X509_getm_notAfter(x), shape.to_s);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(shape.common_name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(issuer == nullptr ? x : issuer));
  return certificate;
}

Key read_key(const std::string& pem) {
  Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

Certificate read_certificate(const std::string& pem) {
  Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

}  // namespace

Result<CertificateAuthority> CertificateAuthority::make(Rng rng, std::int64_t now_s) {
  CertificateAuthority authority(rng.child("leaves"), now_s);
  const Key key = make_key(rng);
  const Shape shape{"Parley test CA " + rng.token(6), now_s - kDay, now_s + 365 * kDay};
  const Certificate certificate = make_certificate(shape, key.get(), nullptr, rng);
  extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
    return fail(Errc::io, "OpenSSL could not sign the test CA");
  }
  authority.pem_ = to_pem(certificate.get());
  authority.key_pem_ = to_pem(key.get());
  return authority;
}

Result<Leaf> CertificateAuthority::issue(const std::string& host, LeafKind kind) const {
  Rng rng = rng_.child(fmt::format("{}/{}", host, static_cast<int>(kind)));
  if (kind == LeafKind::unknown_ca) {
    auto stranger = make(rng.child("stranger"), now_s_);
    return stranger ? stranger->issue(host, LeafKind::valid) : std::unexpected(stranger.error());
  }
  Shape shape{host, now_s_ - kDay, now_s_ + 30 * kDay};
  if (kind == LeafKind::expired) {
    shape.from_s = now_s_ - 60 * kDay;
    shape.to_s = now_s_ - kDay;
  } else if (kind == LeafKind::not_yet_valid) {
    shape.from_s = now_s_ + kDay;
  }
  const std::string name = name_of(kind, host);
  shape.common_name = kind == LeafKind::subject_only ? host : name;
  const Key key = make_key(rng);
  const Certificate issuer = read_certificate(pem_);
  const Key issuer_key = read_key(key_pem_);
  const bool self = kind == LeafKind::self_signed;
  const Certificate leaf = make_certificate(shape, key.get(), self ? nullptr : issuer.get(), rng);
  extend(leaf.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(leaf.get(), NID_subject_alt_name, "DNS:" + name);
  if (const auto purposes = purposes_of(kind); !purposes.empty()) {
    extend(leaf.get(), NID_ext_key_usage, std::string(purposes));
  }
  if (X509_sign(leaf.get(), self ? key.get() : issuer_key.get(), EVP_sha256()) == 0) {
    return fail(Errc::io, "OpenSSL could not sign a leaf certificate");
  }
  return Leaf{.chain_pem = to_pem(leaf.get()), .key_pem = to_pem(key.get())};
}

}  // namespace parley::crypto
