// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/pretty.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

using namespace std::string_literals;

xml::Element with_content(std::string content) {
  xml::Element out{.ns = {}, .name = "enc", .attributes = {}, .children = {}};
  out.children.emplace_back(std::move(content));
  return out;
}

TEST(Pretty, ShowsTextAsThePrinterOfXmlDoes) {
  const auto element = with_content("ça <va>\n");
  EXPECT_EQ(pretty(element), xml::print_pretty(element));
}

TEST(Pretty, ShowsFewOctetsAsHexWithTheirNumber) {
  EXPECT_EQ(pretty(with_content("\x00\x01\xFF"s)), "<enc>(3 octets, hex) 0001ff</enc>\n");
}

TEST(Pretty, ShowsManyOctetsAsBase64AndCutsThem) {
  EXPECT_EQ(pretty(with_content(std::string(100, '\0')), 6),
            "<enc>(100 octets, base64) AAAAAAAA…</enc>\n");
}

TEST(Pretty, LeavesNoControlCharacterInNamesAndValues) {
  xml::Element element{.ns = {}, .name = "a\x01", .attributes = {}, .children = {}};
  element.set("k\x1b[2J", "v\xff");
  EXPECT_EQ(pretty(element), "<a\\x01 k\\x1B[2J='v\\xFF'/>\n");
}

TEST(IsText, HoldsForUtf8WithoutControlsOnly) {
  EXPECT_TRUE(is_text("a\t\r\n é €"));
  for (const auto& octets :
       {"\x00"s, "\x1b"s, "\x7f"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xE2\x82"s}) {
    EXPECT_FALSE(is_text(octets));
  }
}

}  // namespace
}  // namespace parley::wire
