// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/markup.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::fuzz {
namespace {

// "<a x>…</a> <b/>": what stands in the tags, a pair's with what is between them left out.
std::string found_in(std::string_view text) {
  const auto cut = [&](const Span& span) {
    return std::string(text.substr(span.begin, span.end - span.begin));
  };
  std::string out;
  for (const auto& element : find_elements(text)) {
    out += out.empty() ? "" : " ";
    out += cut(element.start.name) + "=" + cut(element.start.span);
    out += element.form == Element::Form::pair    ? ".." + cut(element.end.span)
           : element.form == Element::Form::alone ? "!"
                                                  : "";
  }
  return out;
}

struct Markup {
  const char* name;
  std::string_view text;
  std::string_view found;
};
class FindElements : public testing::TestWithParam<Markup> {};

TEST_P(FindElements, InOrderOfTheirStartTags) {
  EXPECT_EQ(found_in(GetParam().text), GetParam().found);
}

using namespace std::string_view_literals;

INSTANTIATE_TEST_SUITE_P(
    All, FindElements,
    testing::Values(Markup{"Nothing", "", ""}, Markup{"NoTags", "a < b > c <1> <> </> < a> <", ""},
                    Markup{"Nested", "<a><b:c d='e'>f</b:c><g/></a>",
                           "a=<a>..</a> b:c=<b:c d='e'>..</b:c> g=<g/>"},
                    Markup{"SameNames", "<a><a>x</a><a/></a>", "a=<a>..</a> a=<a>..</a> a=<a/>"},
                    Markup{"EndTagWithSpace", "<a>x</a >", "a=<a>..</a >"},
                    Markup{"QuotedEnd", "<a b='/>' c=\"'>\">x</a>", "a=<a b='/>' c=\"'>\">..</a>"},
                    Markup{"OpenQuote", "<a b='><c d='e'/>", "a=<a b='>! c=<c d='e'/>"},
                    Markup{"StreamThatStaysOpen", "<?xml?><s><a>x</a>", "s=<s>! a=<a>..</a>"},
                    Markup{"Crossed", "<a><b></a></b>", "a=<a>..</a> b=<b>! b=</b>!"},
                    Markup{"CutOff", "<a><b c='d", "a=<a>!"},
                    Markup{"Octets", "\x00<\xFF\x80>\x00</\xFF\x80><a\x00>"sv,
                           "\xFF\x80=<\xFF\x80>..</\xFF\x80> a\x00=<a\x00>!"sv}),
    [](const auto& one) { return one.param.name; });

// None of them would end within a test's time if an octet were looked at once for each tag.
TEST(FindElementsIn, TimeThatGrowsWithTheOctetsAlone) {
  constexpr std::size_t kMany = 1'000'000;
  const auto many = [](std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < kMany; ++i) {
      out += text;
    }
    return out;
  };
  EXPECT_EQ(find_elements(many("<a>")).size(), kMany);
  EXPECT_EQ(find_elements(many("<a ")).size(), 0U);
  EXPECT_EQ(find_elements(many("<a '\"")).size(), 0U);
  EXPECT_EQ(find_elements(many("<a>") + many("</b>")).size(), 2 * kMany);
  EXPECT_EQ(find_elements(many("<a>") + many("</a>")).size(), kMany);
}

}  // namespace
}  // namespace parley::fuzz
