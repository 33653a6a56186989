// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/jose/base64url.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/rng.h"

namespace parley::crypto::jose {
namespace {

// RFC 7515 appendix C.
TEST(Base64Url, KnownAnswerOfRfc7515) {
  const Bytes octets("\x03\xEC\xFF\xE0\xC1", 5);
  EXPECT_EQ(to_base64url(octets), "A-z_4ME");
  EXPECT_EQ(from_base64url("A-z_4ME").value_or(""), octets);
}

TEST(Base64Url, ReadsWhatItWroteAtEachLength) {
  Rng rng(1);
  for (std::size_t size = 0; size < 70; ++size) {
    const Bytes octets = rng.octets(size);
    const auto again = from_base64url(to_base64url(octets));
    ASSERT_TRUE(again) << size;
    EXPECT_EQ(*again, octets);
  }
}

struct BadText {
  const char* name;
  std::string text;
  Base64Fault fault;
  std::size_t offset;
};
class RejectsBase64Url : public testing::TestWithParam<BadText> {};

TEST_P(RejectsBase64Url, WithFaultAndOffset) {
  const auto octets = from_base64url(GetParam().text);
  ASSERT_FALSE(octets);
  EXPECT_EQ(octets.error().fault, GetParam().fault);
  EXPECT_EQ(octets.error().offset, GetParam().offset);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RejectsBase64Url,
    testing::Values(BadText{"Padding", "QQ==", Base64Fault::padding, 2},
                    BadText{"LineBreak", "QUJD\r\nQUJD", Base64Fault::white_space, 4},
                    BadText{"BlankInFront", " QUJD", Base64Fault::white_space, 0},
                    BadText{"Plus", "A+z_", Base64Fault::standard_alphabet, 1},
                    BadText{"Slash", "A-z/", Base64Fault::standard_alphabet, 3},
                    BadText{"Nul", std::string("QQ\0", 3), Base64Fault::other_octet, 2},
                    BadText{"Utf8", "QU\xC3\xA9", Base64Fault::other_octet, 2},
                    BadText{"OneLetterTooMany", "QUJDA", Base64Fault::length, 4},
                    BadText{"FourUnusedBits", "QR", Base64Fault::trailing_bits, 1},
                    BadText{"TwoUnusedBits", "QUJ", Base64Fault::trailing_bits, 2}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::crypto::jose
