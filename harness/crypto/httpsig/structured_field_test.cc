// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/httpsig/structured_field.h"

#include <gtest/gtest.h>

namespace parley::crypto::httpsig {
namespace {

struct Same {
  const char* name;
  std::string_view text;
  std::string_view written;  // empty: as it came
};
class ReadDictionary : public testing::TestWithParam<Same> {};

TEST_P(ReadDictionary, IsWrittenInTheOneCanonicalForm) {
  const auto& [name, text, written_form] = GetParam();
  const auto read = read_dictionary(text);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(write(*read), written_form.empty() ? text : written_form);
  EXPECT_EQ(read_dictionary(write(*read)), read);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9651, ReadDictionary,
    testing::Values(Same{"section_3_2", R"(en="Applepie", da=:w4ZibGV0w6ZydGU=:)", ""},
                    Same{"section_3_2_boolean", "a=?0, b, c; foo=bar", "a=?0, b, c;foo=bar"},
                    Same{"section_3_2_list", "rating=1.5, feelings=(joy sadness)", ""},
                    Same{"section_3_2_mixed", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", ""},
                    Same{"section_3_1_2", "a=abc;a=1;b=2; c", "a=abc;a=1;b=2;c"},
                    Same{"blanks", "  a=1 ,\t b=( 1   2 )  ", "a=1, b=(1 2)"},
                    Same{"true_by_name", "a=?1;b=?1", "a;b"},
                    Same{"decimals", "a=-1.500, b=0.25, c=2.0", "a=-1.5, b=0.25, c=2.0"},
                    Same{"escapes", R"(a="\"\\")", ""}, Same{"empty_list", "a=()", ""},
                    Same{"longest_number", "a=-999999999999999", ""}, Same{"token", "a=*b:/c", ""},
                    Same{"nothing", "", ""}),
    [](const auto& row) { return row.param.name; });

struct Wrong {
  const char* name;
  std::string text;
  std::size_t offset;
  Errc code = Errc::malformed;
};
class RefusesDictionary : public testing::TestWithParam<Wrong> {};

TEST_P(RefusesDictionary, WithCodeAndOffset) {
  const auto read =
      read_dictionary(GetParam().text, {.max_octets = 100, .max_members = 3, .max_items = 3});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, GetParam().code) << read.error();
  EXPECT_EQ(read.error().offset, GetParam().offset) << read.error();
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9651, RefusesDictionary,
    testing::Values(
        Wrong{"capital", "A=1", 0}, Wrong{"no_value", "a=", 2}, Wrong{"trailing_comma", "a=1,", 4},
        Wrong{"no_comma", "a=1 b=2", 4}, Wrong{"name_twice", "a=1, a=2", 8},
        Wrong{"parameter_twice", "a;b=1;b=2", 7}, Wrong{"open_list", "a=(1", 4},
        Wrong{"joined_items", "a=(1\"b\")", 4}, Wrong{"open_string", "a=\"b", 4},
        Wrong{"escaped_letter", "a=\"\\b\"", 4}, Wrong{"control_in_string", "a=\"\x01\"", 3},
        Wrong{"no_ascii_in_string", "a=\"\xc3\xa4\"", 3}, Wrong{"open_octets", "a=:AA==", 2},
        Wrong{"no_base64", "a=:A:", 2}, Wrong{"boolean", "a=?2", 3}, Wrong{"sign_alone", "a=-", 3},
        Wrong{"long_number", "a=1234567890123456", 17}, Wrong{"point_alone", "a=1.", 4},
        Wrong{"four_places", "a=1.2345", 8}, Wrong{"long_decimal", "a=1234567890123.1", 17},
        Wrong{"date", "a=@1", 2}, Wrong{"many_members", "a, b, c, d", 10, Errc::too_large},
        Wrong{"many_items", "a=(1 2 3 4)", 9, Errc::too_large},
        Wrong{"many_parameters", "a;b;c;d;e", 9, Errc::too_large},
        Wrong{"long_text", std::string(101, ' '), 100, Errc::too_large}),
    [](const auto& row) { return row.param.name; });

TEST(IsFieldString, TakesVisibleAsciiAlone) {
  EXPECT_TRUE(is_field_string("a \"~"));
  EXPECT_FALSE(is_field_string("\x7f"));
  EXPECT_FALSE(is_field_string("\n"));
  EXPECT_FALSE(is_field_string("\xc3\xa4"));
}

}  // namespace
}  // namespace parley::crypto::httpsig
