// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/encoding.h"

#include <gtest/gtest.h>

#include "harness/base/rng.h"

namespace parley {
namespace {

Bytes every_octet() {
  Bytes out;
  for (int i = 0; i < 256; ++i) {
    out += static_cast<char>(i);
  }
  return out;
}

TEST(ToHex, WritesTwoLowerCaseDigitsAnOctet) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex(std::string_view("\x00\x0A\xFF", 3)), "000aff");
}

TEST(FromHex, ReadsBothCasesAndSkipsWhiteSpaceBetweenOctets) {
  EXPECT_EQ(from_hex("00 0a\n0B\tfF\r\n"), Bytes("\x00\x0A\x0B\xFF", 4));
}

TEST(FromHex, UndoesToHexForEveryOctet) {
  EXPECT_EQ(from_hex(to_hex(every_octet())), every_octet());
}

struct Encoded {
  const char* octets;
  const char* text;
};
class Base64Vector : public testing::TestWithParam<Encoded> {};

TEST_P(Base64Vector, EncodesAndDecodes) {
  EXPECT_EQ(to_base64(GetParam().octets), GetParam().text);
  EXPECT_EQ(from_base64(GetParam().text), Bytes(GetParam().octets));
}

// RFC 4648 section 10.
INSTANTIATE_TEST_SUITE_P(Rfc4648, Base64Vector,
                         testing::Values(Encoded{"", ""}, Encoded{"f", "Zg=="},
                                         Encoded{"fo", "Zm8="}, Encoded{"foo", "Zm9v"},
                                         Encoded{"foob", "Zm9vYg=="}, Encoded{"fooba", "Zm9vYmE="},
                                         Encoded{"foobar", "Zm9vYmFy"}));

TEST(Base64, RoundTripsEveryLengthOfRandomOctets) {
  Rng rng(1);
  for (std::size_t length = 0; length < 100; ++length) {
    const Bytes octets = rng.octets(length);
    EXPECT_EQ(from_base64(to_base64(octets)), octets) << length;
  }
  EXPECT_EQ(from_base64(to_base64(every_octet())), every_octet());
}

struct BadText {
  const char* name;
  Result<Bytes> (*decode)(std::string_view);
  std::string_view text;
  Errc code;
  std::size_t offset;
};
class RejectsText : public testing::TestWithParam<BadText> {};

TEST_P(RejectsText, WithCodeAndOffset) {
  const auto octets = GetParam().decode(GetParam().text);
  ASSERT_FALSE(octets);
  EXPECT_EQ(octets.error().code, GetParam().code) << octets.error();
  EXPECT_EQ(octets.error().offset, GetParam().offset) << octets.error();
}

INSTANTIATE_TEST_SUITE_P(
    Hex, RejectsText,
    testing::Values(BadText{"HalfAnOctet", from_hex, "abc", Errc::truncated, 3},
                    BadText{"NotADigit", from_hex, "0g", Errc::malformed, 1},
                    BadText{"SpaceInsideAnOctet", from_hex, "a b", Errc::malformed, 1},
                    BadText{"Nul", from_hex, std::string_view("00\0", 3), Errc::malformed, 2}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Base64, RejectsText,
    testing::Values(BadText{"MissingPadding", from_base64, "Zg", Errc::truncated, 2},
                    BadText{"OnePaddingTooFew", from_base64, "Zg=", Errc::truncated, 3},
                    BadText{"OnlyPadding", from_base64, "====", Errc::malformed, 0},
                    BadText{"ThreePaddings", from_base64, "Z===", Errc::malformed, 1},
                    BadText{"PaddingInTheMiddle", from_base64, "Zg==Zm9v", Errc::malformed, 2},
                    BadText{"PaddingThenCharacter", from_base64, "Zg=v", Errc::malformed, 2},
                    BadText{"UnusedBitsAfterOneOctet", from_base64, "Zh==", Errc::malformed, 1},
                    BadText{"UnusedBitsAfterTwoOctets", from_base64, "Zm9=", Errc::malformed, 2},
                    BadText{"LineBreak", from_base64, "Zm9\n", Errc::malformed, 3},
                    BadText{"UrlSafeAlphabet", from_base64, "Zm9vZm-_", Errc::malformed, 6},
                    BadText{"Nul", from_base64, std::string_view("Zm\0v", 4), Errc::malformed, 2}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley
