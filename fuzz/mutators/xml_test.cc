// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutators/xml.h"

#include <expat.h>
#include <gtest/gtest.h>

#include <functional>

#include "fuzz/mutators/xml_document.h"

namespace parley::mutators {
namespace {

using namespace xml;

// Why namespace-aware expat refuses it; empty when it does not.
std::string refused(const std::string& document) {
  const auto parser = XML_ParserCreateNS("UTF-8", '\x1F');
  std::string out;
  if (XML_Parse(parser, document.data(), static_cast<int>(document.size()), XML_TRUE) !=
      XML_STATUS_OK) {
    out = XML_ErrorString(XML_GetErrorCode(parser));
  }
  XML_ParserFree(parser);
  return out;
}

struct Generator {
  const char* name;
  std::function<std::string(Random&)> make;
};
class Generated : public testing::TestWithParam<Generator> {};

TEST_P(Generated, IsWellFormedAndNeverTheSame) {
  std::string last;
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    Random random(seed);
    const auto document = GetParam().make(random);
    ASSERT_EQ(refused(document), "") << document;
    ASSERT_TRUE(document.size() < 30 || document != last) << document;
    last = document;
  }
}

// A stream may have been left open.
std::string closed_stream(Random& random) {
  const auto out = some_stream(random);
  return out.ends_with("</stream:stream>") ? out : out + "</stream:stream>";
}

INSTANTIATE_TEST_SUITE_P(
    Xml, Generated,
    testing::Values(Generator{"Elements", [](Random& random) { return some_element(random, 4); }},
                    Generator{"Stanzas", some_stanza}, Generator{"Streams", closed_stream},
                    Generator{"Documents", some_document}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(MutateXml, LeavesAShareWellFormedAndBreaksTheRest) {
  std::size_t whole = 0;
  constexpr std::size_t kCount = 4'000;
  for (std::uint64_t seed = 0; seed < kCount; ++seed) {
    whole += refused(mutate_xml("<a xmlns='n'><b c='d'>text</b><b/></a>", 2000, seed)).empty();
  }
  EXPECT_GT(whole, kCount / 10);
  EXPECT_LT(whole, kCount * 2 / 3);
}

TEST(CrossXml, TakesSomethingOfBoth) {
  std::size_t both = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto out = cross_xml("<a>11111</a><a>11111</a>", "<b>22222</b><b>22222</b>", 500, seed);
    both += out.find('1') != std::string::npos && out.find('2') != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(both, 60U);
}

TEST(InAnotherEncoding, MakesOfEachCharacterOneUnitOrTwo) {
  bool two = false;
  bool four = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const auto out = in_another_encoding("<a>\xF0\x9F\x98\x80</a>", random);
    two = two || out == std::string("<\0a\0>\0\x3D\xD8\0\xDE<\0/\0a\0>\0", 18);
    four = four ||
           out == std::string("\0\0\0<\0\0\0a\0\0\0>\0\1\xF6\0\0\0\0<\0\0\0/\0\0\0a\0\0\0>", 32);
  }
  EXPECT_TRUE(two);
  EXPECT_TRUE(four);
}

}  // namespace
}  // namespace parley::mutators
