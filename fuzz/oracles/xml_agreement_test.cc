// SPDX-License-Identifier: GPL-3.0-or-later
// The oracle must be silent on our reader, whatever it is fed, and speak up for a reader that is
// wrong in any one way.
#include "fuzz/oracles/xml_agreement.h"

#include <gtest/gtest.h>

#include "harness/xml/reader_streams.h"

namespace parley::fuzz {
namespace {

using namespace xml;

std::vector<Item> ours(std::string_view octets) { return StreamReader().feed(octets); }

std::vector<std::string> streams_that_are_taken() {
  using streams::after_header;
  using streams::in_body;
  return {after_header(""),
          after_header("<message/>"),
          after_header("<a xmlns=''><b xmlns='n'/></a><c/> \n<d/>"),
          after_header("<p:a xmlns:p='n' p:b='1' b='2'/></stream:stream>"),
          after_header("<a xmlns='not a URI' xmlns:q='n&amp;m'><q:b q:c='&#10;\t\r\n'/></a>"),
          after_header("<a>") + streams::many(60, "<b>"),
          in_body("&lt;&#x1F600;\r\n\r<![CDATA[]]><![CDATA[<&]]>\xF4\x8F\xBF\xBF"),
          in_body("<\xC3\xA9 \xE4\xB8\xAD='x'/>"),
          in_body("&#x0000010FFFF;"),
          in_body("</unfinished"),
          "<?xml version='1.0' encoding='uTf-8' standalone='yes'?><a/>",
          "<a></a>trailing",
          ""};
}

TEST(XmlDisagreement, IsNothingForOurReader) {
  for (const auto& octets : streams_that_are_taken()) {
    EXPECT_EQ(xml_disagreement(octets, ours), std::nullopt) << octets;
  }
  for (const auto& refused : streams::refused_streams()) {
    EXPECT_EQ(xml_disagreement(refused.octets, ours), std::nullopt) << refused.name;
  }
}

TEST(XmlDisagreement, IsNothingWhereALimitIsExceeded) {
  const auto small = [](std::string_view octets) {
    return StreamReader(streams::kSmall).feed(octets);
  };
  for (const auto& stream : {streams::after_header(streams::many(5, "<a>")),
                             streams::after_header("<a" + streams::attributes(5) + "/>"),
                             streams::after_header("<a>" + streams::many(6, "<b/>") + "</a>")}) {
    EXPECT_EQ(xml_disagreement(stream, small, streams::kSmall), std::nullopt) << stream;
    EXPECT_NE(xml_disagreement(stream, ours, streams::kSmall), std::nullopt) << stream;
  }
}

// A reader that is wrong in one way: what it makes of ours.
struct Wrong {
  const char* name;
  std::string octets;
  void (*bend)(std::vector<Item>& items);
  std::string said;  // a part of it
};
class NoticesAReader : public testing::TestWithParam<Wrong> {};

TEST_P(NoticesAReader, ThatIsWrong) {
  const auto wrong = [](std::string_view octets) {
    auto items = ours(octets);
    GetParam().bend(items);
    return items;
  };
  EXPECT_EQ(xml_disagreement(GetParam().octets, ours), std::nullopt);
  const auto said = xml_disagreement(GetParam().octets, wrong);
  ASSERT_TRUE(said);
  EXPECT_NE(said->find(GetParam().said), std::string::npos) << *said;
}

void refuse(std::vector<Item>& items) { items.push_back(Refused{"not-well-formed", "", 0}); }
void take(std::vector<Item>& items) {
  std::erase_if(items, [](const Item& item) { return std::holds_alternative<Refused>(item); });
}
void lose_a_stanza(std::vector<Item>& items) { items.pop_back(); }
void see_another_text(std::vector<Item>& items) {
  std::get<Stanza>(items.back()).element.set_text("other");
}
void see_another_header(std::vector<Item>& items) {
  std::get<StreamOpened>(items.front()).element.set("to", "b.example");
}
void see_the_end(std::vector<Item>& items) { items.emplace_back(StreamClosed{}); }

INSTANTIATE_TEST_SUITE_P(
    Xml, NoticesAReader,
    testing::Values(
        Wrong{"TooStrict", streams::after_header("<a/>"), refuse, "does not forbid"},
        Wrong{"TooLenientInXml", streams::after_header("<a></b>"), take, "mismatched tag"},
        Wrong{"TooLenientInXmpp", streams::after_header("<a><!-- c --></a>"), take, "a comment"},
        Wrong{"TakesAMark", "\xEF\xBB\xBF" + streams::after_header(""), take, "a mark"},
        Wrong{"LosesAStanza", streams::after_header("<a/><b/>"), lose_a_stanza, "other stanzas"},
        Wrong{"SeesAnotherText", streams::after_header("<a>x</a>"), see_another_text, "stanzas"},
        Wrong{"SeesAnotherHeader", streams::after_header(""), see_another_header, "header"},
        Wrong{"SeesTheEnd", streams::after_header("<a/>"), see_the_end, "end"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace parley::fuzz
