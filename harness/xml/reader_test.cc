// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/xml/reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/xml/reader_streams.h"

namespace parley::xml {
namespace {

using namespace streams;
using namespace std::string_view_literals;

// One line an item: what must not depend on the segmentation, offsets and raw octets included.
std::string shown(const Item& item) {
  if (const auto* opened = std::get_if<StreamOpened>(&item)) {
    return "opened " + opened->content_ns + " " + print(opened->element);
  }
  if (const auto* stanza = std::get_if<Stanza>(&item)) {
    return "stanza " + print(stanza->element) + " from " + stanza->raw;
  }
  if (const auto* refused = std::get_if<Refused>(&item)) {
    return "refused " + refused->condition + " (" + refused->detail + ") at " +
           std::to_string(refused->offset);
  }
  return "closed";
}

class Collector {
 public:
  explicit Collector(Limits limits = {}) : reader_(limits) {}

  Collector& feed(std::string_view octets) {
    for (auto& item : reader_.feed(octets)) {
      items_.push_back(std::move(item));
    }
    return *this;
  }
  const std::vector<Item>& items() const { return items_; }
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::ranges::transform(items_, std::back_inserter(out), shown);
    return out;
  }
  // The condition of the refusal that ended the stream; "" when there is none.
  std::string condition() const {
    const auto* refused = items_.empty() ? nullptr : std::get_if<Refused>(&items_.back());
    return refused == nullptr ? "" : refused->condition;
  }
  StreamReader& reader() { return reader_; }

 private:
  StreamReader reader_;
  std::vector<Item> items_;
};

std::vector<std::string> read_by_octet(std::string_view octets, Limits limits) {
  Collector collector(limits);
  for (const char& octet : octets) {
    collector.feed({&octet, 1});
  }
  return collector.lines();
}

std::string name_of(const testing::TestParamInfo<Input>& row) { return row.param.name; }

class Refuses : public testing::TestWithParam<Input> {};

TEST_P(Refuses, WithItsConditionAndNothingAfterIt) {
  Collector collector(kSmall);
  collector.feed(GetParam().octets);
  EXPECT_EQ(collector.condition(), GetParam().condition)
      << testing::PrintToString(collector.lines());
  const auto refusals = std::ranges::count_if(
      collector.items(), [](const Item& item) { return std::holds_alternative<Refused>(item); });
  EXPECT_EQ(refusals, 1);
  EXPECT_TRUE(collector.reader().feed(after_header("<a/>")).empty());
}

INSTANTIATE_TEST_SUITE_P(Streams, Refuses, testing::ValuesIn(refused_streams()), name_of);

class Accepts : public testing::TestWithParam<Input> {};

TEST_P(Accepts, WithoutRefusal) {
  Collector collector(kSmall);
  collector.feed(GetParam().octets);
  EXPECT_EQ(collector.condition(), "") << testing::PrintToString(collector.lines());
}

TEST_P(Accepts, GivesStanzasWhoseOctetsAreSlicesOfTheInput) {
  Collector collector(kSmall);
  collector.feed(GetParam().octets);
  std::size_t at = 0;
  for (const auto& item : collector.items()) {
    if (const auto* stanza = std::get_if<Stanza>(&item)) {
      at = GetParam().octets.find(stanza->raw, at);
      ASSERT_NE(at, std::string::npos) << stanza->raw;
      EXPECT_TRUE(stanza->raw.starts_with('<') && stanza->raw.ends_with('>')) << stanza->raw;
      at += stanza->raw.size();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Streams, Accepts, testing::ValuesIn(accepted_streams()), name_of);

class SegmentsAlike : public testing::TestWithParam<Input> {};

TEST_P(SegmentsAlike, AtEveryCutAndOctetByOctet) {
  const std::string_view octets = GetParam().octets;
  const auto whole = Collector(kSmall).feed(octets).lines();
  for (std::size_t cut = 1; cut < octets.size(); ++cut) {
    Collector collector(kSmall);
    collector.feed(octets.substr(0, cut)).feed(octets.substr(cut));
    ASSERT_EQ(collector.lines(), whole) << "cut at " << cut;
  }
  EXPECT_EQ(read_by_octet(octets, kSmall), whole);
}

// With the limits that are not small, the same streams end in the same way, whatever that is.
TEST_P(SegmentsAlike, UnderTheUsualLimits) {
  const std::string_view octets = GetParam().octets;
  EXPECT_EQ(read_by_octet(octets, {}), Collector().feed(octets).lines());
}

// What has come so far is judged at once, not when more comes.
TEST_P(SegmentsAlike, InWhatEachPrefixGives) {
  const std::string_view octets = GetParam().octets;
  Collector growing(kSmall);
  for (std::size_t size = 1; size <= octets.size(); ++size) {
    growing.feed(octets.substr(size - 1, 1));
    ASSERT_EQ(growing.lines(), Collector(kSmall).feed(octets.substr(0, size)).lines())
        << "first " << size << " octets";
  }
}

INSTANTIATE_TEST_SUITE_P(Refused, SegmentsAlike, testing::ValuesIn(refused_streams()), name_of);
INSTANTIATE_TEST_SUITE_P(Accepted, SegmentsAlike, testing::ValuesIn(accepted_streams()), name_of);

std::vector<std::string> stanza_texts(const std::vector<Item>& items) {
  std::vector<std::string> out;
  for (const auto& item : items) {
    if (const auto* stanza = std::get_if<Stanza>(&item)) {
      out.push_back(stanza->element.text());
    }
  }
  return out;
}

TEST(StreamReader, ReportsTheHeaderWithItsContentNamespace) {
  const auto items = StreamReader().feed(kHeader);
  ASSERT_EQ(items.size(), 1U);
  const auto& opened = std::get<StreamOpened>(items[0]);
  EXPECT_EQ(opened.content_ns, "jabber:client");
  EXPECT_EQ(opened.element.ns, kStreamsNamespace);
  EXPECT_EQ(opened.element.name, "stream");
  EXPECT_EQ(opened.element.get("to"), "a.example");
}

TEST(StreamReader, GivesStanzasAsSoonAsTheirLastOctetCame) {
  StreamReader reader;
  reader.feed(kHeader);
  EXPECT_TRUE(reader.feed("<a").empty());
  EXPECT_TRUE(reader.feed(" b='c'").empty());
  EXPECT_EQ(reader.feed("/>").size(), 1U);
  EXPECT_EQ(reader.feed("<a/><b/>").size(), 2U);
}

TEST(StreamReader, GivesAnEndTagAsSoonAsItsLastOctetCameHoweverLongItWas) {
  StreamReader reader;
  reader.feed(kHeader);
  const std::string name(5000, 'n');
  for (const char octet : "<" + name + "></" + name) {
    EXPECT_TRUE(reader.feed({&octet, 1}).empty());
  }
  EXPECT_EQ(reader.feed(">").size(), 1U);
}

TEST(StreamReader, UnderstandsReferencesAndCdata) {
  StreamReader reader;
  reader.feed(kHeader);
  EXPECT_EQ(stanza_texts(reader.feed("<a>&lt;&amp;&#65;&#x1F600;<![CDATA[<&]]>\r\n</a>")),
            std::vector<std::string>{"<&A😀<&\n"});
}

TEST(StreamReader, KeepsTheOctetsOfAStanzaAsTheyCame) {
  const std::string raw = "<a  b=\"&#65;\" ><![CDATA[x]]>\r\n</a >";
  StreamReader reader;
  reader.feed(kHeader);
  const auto items = reader.feed(" \n" + raw + "\n");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(std::get<Stanza>(items[0]).raw, raw);
}

TEST(StreamReader, KnowsWhetherAStanzaIsUnderWay) {
  StreamReader reader;
  EXPECT_FALSE(reader.inside_stanza());
  reader.feed(kHeader);
  EXPECT_FALSE(reader.inside_stanza());
  reader.feed(" \n");
  EXPECT_FALSE(reader.inside_stanza());
  reader.feed("<");
  EXPECT_TRUE(reader.inside_stanza());
  reader.feed("a><b/>");
  EXPECT_TRUE(reader.inside_stanza());
  reader.feed("</a>");
  EXPECT_FALSE(reader.inside_stanza());
  reader.feed(" ");
  EXPECT_FALSE(reader.inside_stanza());
}

// RFC 6120 section 4.6.1: white space between stanzas is legal; it counts for no limit.
TEST(StreamReader, AcceptsTenMebibytesOfKeepalives) {
  Collector collector(kSmall);
  collector.feed(kHeader);
  const std::string block(64 * 1024, ' ');
  for (int i = 0; i < 160; ++i) {
    collector.feed(block);
  }
  for (int i = 0; i < 1000; ++i) {
    collector.feed("\n");
  }
  EXPECT_FALSE(collector.reader().inside_stanza());
  collector.feed("<a>x</a>");
  EXPECT_EQ(collector.condition(), "");
  EXPECT_EQ(stanza_texts(collector.items()), std::vector<std::string>{"x"});
}

TEST(StreamReader, AcceptsWhatRfc6120AsksForAtLeast) {
  StreamReader reader;
  reader.feed(kHeader);
  const std::string text(250'000, 'x');
  EXPECT_EQ(stanza_texts(reader.feed("<a>" + text + "</a>")), std::vector<std::string>{text});
}

// Quadratic work would take minutes here: the limit is the test's own timeout.
TEST(StreamReader, ReadsLongTokensOctetByOctetInLinearTime) {
  for (const auto* begin : {"<a b='", "<a ", "<a>&", "<a><![CDATA[", "<a>"}) {
    for (const char filler : {'>', ' ', 'x', ';', ']'}) {
      StreamReader reader;
      reader.feed(kHeader);
      reader.feed(begin);
      for (int i = 0; i < 200'000; ++i) {
        reader.feed({&filler, 1});
      }
    }
  }
}

TEST(StreamReader, BeginsAnewAfterRestart) {
  StreamReader reader;
  ASSERT_EQ(reader.feed(after_header("<proceed/>")).size(), 2U);
  reader.restart();
  EXPECT_FALSE(reader.inside_stanza());
  const auto items = reader.feed("<?xml version='1.0'?><s xmlns='other'><a/>");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(std::get<StreamOpened>(items[0]).content_ns, "other");
  EXPECT_EQ(std::get<Stanza>(items[1]).raw, "<a/>");
}

TEST(StreamReader, ForgetsEverythingOnRestart) {
  for (const auto octets :
       {"\xFF"sv, "<a"sv, "<s><a>\xE2"sv, "<s></s>"sv, "<s><a b='"sv, "<s><!--"sv}) {
    StreamReader reader;
    reader.feed(octets);
    reader.restart();
    EXPECT_EQ(reader.feed(after_header("<a/>")).size(), 2U) << octets;
  }
}

TEST(StreamReader, CountsOffsetsFromTheRestart) {
  StreamReader reader;
  reader.feed(after_header("<a/>"));
  reader.restart();
  const auto items = reader.feed("<s><a/>x");
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(std::get<Refused>(items[2]).offset, 7U);
}

TEST(StreamReader, GoesOnAfterBeingMoved) {
  StreamReader reader;
  reader.feed(after_header("<a>x"));
  StreamReader moved = std::move(reader);
  EXPECT_EQ(stanza_texts(moved.feed("y</a>")), std::vector<std::string>{"xy"});
}

}  // namespace
}  // namespace parley::xml
