// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/certificate_chain.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/crypto/noise/certificate_authority.h"

namespace parley::crypto::noise {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{seconds(1'800'000'000)};

Bytes server_static() {
  return x25519_key_pair(Bytes(32, '\4')).value_or(X25519KeyPair{}).public_key;
}

const ChainAuthority& authority() {
  static const auto made = ChainAuthority::make(Rng(11), kNow);
  return *made;
}

Bytes chain(ChainKind kind) { return authority().issue(server_static(), kind).value_or(""); }

ChainExpectation expectation(sys_seconds now = kNow) {
  return {.root_key = authority().root_key(), .server_static = server_static(), .now = now};
}

TEST(CertificateChain, IsVerifiedWhenEveryLinkIsRight) {
  const auto verified = verify_chain(chain(ChainKind::valid), expectation());
  ASSERT_TRUE(verified) << verified.error();
  EXPECT_EQ(verified->leaf.key, server_static());
  EXPECT_EQ(verified->leaf.issuer_serial, verified->intermediate.serial);
  EXPECT_EQ(verified->intermediate.issuer_serial, 0U);
}

TEST(CertificateChain, IsTheSameForTheSameSeed) {
  const auto again = ChainAuthority::make(Rng(11), kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->issue(server_static(), ChainKind::valid), chain(ChainKind::valid));
}

struct BrokenLink {
  const char* name;
  ChainKind kind;
  Errc code;
  const char* detail;
};
class BrokenChain : public testing::TestWithParam<BrokenLink> {};

TEST_P(BrokenChain, IsRefusedForThatReason) {
  const auto verified = verify_chain(chain(GetParam().kind), expectation());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, GetParam().code);
  EXPECT_TRUE(verified.error().detail.contains(GetParam().detail)) << verified.error();
}

INSTANTIATE_TEST_SUITE_P(
    Links, BrokenChain,
    testing::Values(
        BrokenLink{"LeafExpired", ChainKind::leaf_expired, Errc::refused, "leaf has expired"},
        BrokenLink{"LeafNotYetValid", ChainKind::leaf_not_yet_valid, Errc::refused,
                   "leaf is not yet valid"},
        BrokenLink{"IntermediateExpired", ChainKind::intermediate_expired, Errc::refused,
                   "intermediate has expired"},
        BrokenLink{"IntermediateNotYetValid", ChainKind::intermediate_not_yet_valid, Errc::refused,
                   "intermediate is not yet valid"},
        BrokenLink{"LeafOfOtherIssuer", ChainKind::leaf_of_other_issuer, Errc::refused,
                   "leaf names issuer 9, not 7"},
        BrokenLink{"IntermediateOfOtherIssuer", ChainKind::intermediate_of_other_issuer,
                   Errc::refused, "intermediate names issuer 1, not 0"},
        BrokenLink{"LeafWithOtherKey", ChainKind::leaf_with_other_key, Errc::refused,
                   "not the server's static key"},
        BrokenLink{"LeafWithWrongSignature", ChainKind::leaf_with_wrong_signature,
                   Errc::bad_signature, "leaf: "},
        BrokenLink{"IntermediateWithWrongSignature", ChainKind::intermediate_with_wrong_signature,
                   Errc::bad_signature, "intermediate: "},
        BrokenLink{"LeafSignedByRoot", ChainKind::leaf_signed_by_root, Errc::bad_signature,
                   "leaf: "},
        BrokenLink{"IntermediateSignedByItself", ChainKind::intermediate_signed_by_itself,
                   Errc::bad_signature, "intermediate: "},
        BrokenLink{"UnknownRoot", ChainKind::unknown_root, Errc::bad_signature, "intermediate: "},
        BrokenLink{"LeafMissing", ChainKind::leaf_missing, Errc::not_found, "leaf"},
        BrokenLink{"IntermediateMissing", ChainKind::intermediate_missing, Errc::not_found,
                   "intermediate"}),
    [](const auto& row) { return row.param.name; });

struct Moment {
  const char* name;
  seconds from_now;
  bool valid;
};
class Validity : public testing::TestWithParam<Moment> {};

TEST_P(Validity, IncludesBothEnds) {
  const auto verified =
      verify_chain(chain(ChainKind::valid), expectation(kNow + GetParam().from_now));
  EXPECT_EQ(verified.has_value(), GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(Moments, Validity,
                         testing::Values(Moment{"Before", -days(1) - seconds(1), false},
                                         Moment{"First", -days(1), true},
                                         Moment{"Last", days(30), true},
                                         Moment{"After", days(30) + seconds(1), false},
                                         Moment{"Before1970", -seconds(1'800'000'001), false}),
                         [](const auto& row) { return row.param.name; });

TEST(CertificateChain, RefusesEveryFlippedBitOfIt) {
  const Bytes right = chain(ChainKind::valid);
  for (std::size_t bit = 0; bit < right.size() * 8; ++bit) {
    Bytes wrong = right;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(verify_chain(wrong, expectation())) << bit;
  }
}

TEST(CertificateChain, RefusesEveryTruncation) {
  const Bytes right = chain(ChainKind::valid);
  for (std::size_t size = 0; size < right.size(); ++size) {
    ASSERT_FALSE(verify_chain(right.substr(0, size), expectation())) << size;
  }
}

// TRN-022: unknown fields are ignored where no signature covers them.
TEST(CertificateChain, IsVerifiedWithUnknownFieldsBesideTheSignedDetails) {
  auto parsed = parse_certificate_chain(chain(ChainKind::valid));
  ASSERT_TRUE(parsed && parsed->leaf);
  parsed->unknown = {protobuf::varint_field(100, 1)};
  parsed->leaf->unknown = {protobuf::octets_field(9, "?")};
  EXPECT_TRUE(verify_chain(write(*parsed), expectation()));
}

TEST(CertificateDetails, AreWrittenAsTheSchemaSaysAndReadAgain) {
  const CertificateDetails details{.serial = 8,
                                   .issuer_serial = 0,
                                   .key = "k",
                                   .not_before_s = 1,
                                   .not_after_s = 300,
                                   .unknown = {}};
  EXPECT_EQ(to_hex(write(details)), "080810001a016b200128ac02");
  EXPECT_EQ(parse_certificate_details(write(details)), details);
}

}  // namespace
}  // namespace parley::crypto::noise
