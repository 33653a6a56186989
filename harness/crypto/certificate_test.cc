// SPDX-License-Identifier: GPL-3.0-or-later
// What TLS clients make of these certificates is tested in net/stream_test.cc.
#include "harness/crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace parley::crypto {
namespace {

constexpr std::int64_t kNow = 1'750'000'000;
constexpr std::string_view kHost = "a.example";

using Certificate = std::unique_ptr<X509, decltype([](X509* x) { X509_free(x); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* key) { EVP_PKEY_free(key); })>;
using Memory = std::unique_ptr<BIO, decltype([](BIO* memory) { BIO_free(memory); })>;
using Store = std::unique_ptr<X509_STORE, decltype([](X509_STORE* x) { X509_STORE_free(x); })>;
using Context =
    std::unique_ptr<X509_STORE_CTX, decltype([](X509_STORE_CTX* x) { X509_STORE_CTX_free(x); })>;

Memory memory_of(const std::string& pem) {
  return Memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Certificate certificate_of(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(memory_of(pem).get(), nullptr, nullptr, nullptr));
}

Key key_of(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(memory_of(pem).get(), nullptr, nullptr, nullptr));
}

// OpenSSL's verdict (X509_V_…) on `leaf_pem` for `host` at the time kNow.
int verify(const std::string& ca_pem, const std::string& leaf_pem, const std::string& host) {
  const Certificate ca = certificate_of(ca_pem);
  const Certificate leaf = certificate_of(leaf_pem);
  const Store store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), ca.get());
  const Context context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), 0);
  X509_VERIFY_PARAM_set_time(wanted, kNow);
  X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

struct Made {
  std::string ca_pem;
  Leaf leaf;
};

// Empty on failure, which every test sees at once.
Made make(std::uint64_t seed, LeafKind kind) {
  const auto authority = CertificateAuthority::make(Rng(seed), kNow);
  const auto leaf = authority ? authority->issue(std::string(kHost), kind)
                              : Result<Leaf>(std::unexpected(authority.error()));
  return leaf ? Made{authority->pem(), *leaf} : Made{};
}

struct Kind {
  const char* name;
  LeafKind kind;
  int verdict;
};
class IssuesALeaf : public testing::TestWithParam<Kind> {};

TEST_P(IssuesALeaf, WrongInItsNamedWayOnly) {
  const Made made = make(1, GetParam().kind);
  ASSERT_FALSE(made.leaf.chain_pem.empty());
  EXPECT_EQ(verify(made.ca_pem, made.leaf.chain_pem, std::string(kHost)), GetParam().verdict);
}

TEST_P(IssuesALeaf, WithTheKeyThatBelongsToIt) {
  const Made made = make(1, GetParam().kind);
  const Certificate leaf = certificate_of(made.leaf.chain_pem);
  const Key key = key_of(made.leaf.key_pem);
  ASSERT_TRUE(leaf && key);
  EXPECT_EQ(X509_check_private_key(leaf.get(), key.get()), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 256);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, IssuesALeaf,
    testing::Values(
        Kind{"Valid", LeafKind::valid, X509_V_OK},
        Kind{"Expired", LeafKind::expired, X509_V_ERR_CERT_HAS_EXPIRED},
        Kind{"NotYetValid", LeafKind::not_yet_valid, X509_V_ERR_CERT_NOT_YET_VALID},
        Kind{"OtherHost", LeafKind::other_host, X509_V_ERR_HOSTNAME_MISMATCH},
        Kind{"SelfSigned", LeafKind::self_signed, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        Kind{"UnknownCa", LeafKind::unknown_ca, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        Kind{"LongerName", LeafKind::longer_name, X509_V_ERR_HOSTNAME_MISMATCH},
        Kind{"PrefixedName", LeafKind::prefixed_name, X509_V_ERR_HOSTNAME_MISMATCH},
        Kind{"SiblingName", LeafKind::sibling_name, X509_V_ERR_HOSTNAME_MISMATCH},
        Kind{"SubjectOnly", LeafKind::subject_only, X509_V_ERR_HOSTNAME_MISMATCH}),
    [](const auto& row) { return row.param.name; });

TEST(CertificateAuthority, MakesTheSameKeysFromTheSameSeed) {
  EXPECT_EQ(make(7, LeafKind::valid).leaf.key_pem, make(7, LeafKind::valid).leaf.key_pem);
  EXPECT_NE(make(7, LeafKind::valid).leaf.key_pem, make(8, LeafKind::valid).leaf.key_pem);
}

TEST(CertificateAuthority, IsNotTrustedForTheLeavesOfAnother) {
  EXPECT_NE(verify(make(1, LeafKind::valid).ca_pem, make(2, LeafKind::valid).leaf.chain_pem,
                   std::string(kHost)),
            X509_V_OK);
}

TEST(CertificateAuthority, NamesTheHostInTheSubjectAltName) {
  const Made made = make(1, LeafKind::valid);
  EXPECT_EQ(verify(made.ca_pem, made.leaf.chain_pem, "b.example"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(verify(made.ca_pem, made.leaf.chain_pem, "x.a.example"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST(CertificateAuthority, NamesWhatIsLikeTheHost) {
  const std::string host(kHost);
  const std::string parent = host.substr(host.find('.'));
  const std::vector<std::pair<LeafKind, std::string>> rows{
      {LeafKind::longer_name, host + ".evil.test"},
      {LeafKind::prefixed_name, "evil-" + host},
      {LeafKind::sibling_name, "sibling" + parent},
      {LeafKind::subject_only, "other.invalid"}};
  for (const auto& [kind, name] : rows) {
    const Made made = make(1, kind);
    EXPECT_EQ(verify(made.ca_pem, made.leaf.chain_pem, name), X509_V_OK) << name;
    const Certificate leaf = certificate_of(made.leaf.chain_pem);
    std::array<char, 100> subject{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(leaf.get()), NID_commonName, subject.data(),
                              static_cast<int>(subject.size()));
    EXPECT_EQ(subject.data(), kind == LeafKind::subject_only ? host : name);
  }
}

TEST(CertificateAuthority, GivesEachLeafItsOwnSerialNumber) {
  const auto authority = CertificateAuthority::make(Rng(1), kNow);
  ASSERT_TRUE(authority);
  const auto a = authority->issue("a.example", LeafKind::valid);
  const auto b = authority->issue("b.example", LeafKind::valid);
  ASSERT_TRUE(a && b);
  EXPECT_NE(a->key_pem, b->key_pem);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(certificate_of(a->chain_pem).get()),
                             X509_get0_serialNumber(certificate_of(b->chain_pem).get())),
            0);
}

}  // namespace
}  // namespace parley::crypto
