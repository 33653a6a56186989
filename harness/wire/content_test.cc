// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/content.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace parley::wire {
namespace {

using protobuf::octets_field;
using protobuf::varint_field;

MediaMessage media_of(MediaType type) {
  MediaMessage out;
  out.type = type;
  out.url = "url";
  out.mimetype = "mimetype";
  out.caption = "caption";
  out.file_sha256 = "sha";
  out.file_length = 300;
  out.media_key = SecretBytes("key");
  out.file_enc_sha256 = "enc";
  out.direct_path = "path";
  out.media_key_timestamp = 1;
  out.jpeg_thumbnail = "jpeg";
  out.context_info = "info";
  out.sidecar = "sidecar";
  out.height = 2;
  out.width = 3;
  out.seconds = 4;
  out.gif_playback = 1;
  out.ptt = 1;
  out.waveform = "wave";
  out.title = "title";
  out.page_count = 5;
  out.file_name = "name";
  return out;
}

struct Numbers {
  MediaType type;
  std::vector<std::uint32_t> present;  // by number, as they are written
  std::vector<std::pair<std::uint32_t, std::string>> octets;
};

// The table of observed clients, field by field.
const std::vector<Numbers>& numbers() {
  static const std::vector<Numbers> rows{
      {MediaType::image,
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 17, 21},
       {{3, "caption"}, {4, "sha"}, {8, "key"}, {9, "enc"}, {11, "path"}, {21, "sidecar"}}},
      {MediaType::video,
       {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 14, 16, 17, 18},
       {{3, "sha"}, {6, "key"}, {7, "caption"}, {11, "enc"}, {13, "path"}, {18, "sidecar"}}},
      {MediaType::audio,
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 18, 19},
       {{3, "sha"}, {7, "key"}, {8, "enc"}, {9, "path"}, {18, "sidecar"}, {19, "wave"}}},
      {MediaType::document,
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 20},
       {{3, "title"},
        {4, "sha"},
        {7, "key"},
        {8, "name"},
        {9, "enc"},
        {10, "path"},
        {20, "caption"}}},
      {MediaType::sticker,
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17},
       {{1, "url"}, {2, "sha"}, {3, "enc"}, {4, "key"}, {5, "mimetype"}, {8, "path"}}},
  };
  return rows;
}

TEST(MediaMessages, HaveEachTypesOwnNumbers) {
  for (const auto& row : numbers()) {
    Content content;
    content.media.push_back(media_of(row.type));
    const auto outer = *protobuf::read_fields(write(content));
    ASSERT_EQ(outer.size(), 1U);
    EXPECT_EQ(outer[0].number, static_cast<std::uint32_t>(row.type));
    const auto inner = *protobuf::read_fields(outer[0].octets);
    std::vector<std::uint32_t> present;
    for (const auto& field : inner) {
      present.push_back(field.number);
      for (const auto& [number, octets] : row.octets) {
        if (field.number == number) {
          EXPECT_EQ(field.octets, octets) << to_string(row.type) << number;
        }
      }
    }
    EXPECT_EQ(present, row.present) << to_string(row.type);
  }
}

TEST(MediaMessages, AreReadAsTheyWereWritten) {
  Content content;
  for (const auto& row : numbers()) {
    content.media.push_back(media_of(row.type));
  }
  const auto octets = write(content);
  const auto read = parse_content(octets);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->media.size(), 5U);
  EXPECT_EQ(write(*read), octets);
  EXPECT_EQ(read->media[0].media_key->reveal(), "key");
  EXPECT_EQ(read->media[0].file_length, 300U);
  EXPECT_EQ(read->media[2].caption, std::nullopt) << "audio has none";
  EXPECT_EQ(read->media[0].unknown.size(), 0U);
}

TEST(ParseContent, ReadsTextsReactionsAndWhatItDoesNotKnow) {
  Content content;
  content.conversation = "hello";
  content.extended_text = ExtendedText{.text = "long", .unknown = {varint_field(9, 1)}};
  content.reaction = Reaction{.key = "key", .text = "+", .sender_timestamp_ms = 7, .unknown = {}};
  content.message_context_info = "info";
  content.protocol_message = "protocol";
  content.device_sent_message = "sent";
  content.unknown = {octets_field(100, "later")};
  const auto octets = write(content);
  const auto read = parse_content(octets);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->conversation, "hello");
  EXPECT_EQ(read->extended_text->text, "long");
  EXPECT_EQ(read->extended_text->unknown, content.extended_text->unknown);
  EXPECT_EQ(read->reaction->text, "+");
  EXPECT_EQ(read->reaction->sender_timestamp_ms, 7U);
  EXPECT_EQ(read->message_context_info, "info");
  EXPECT_EQ(read->unknown, content.unknown);
  EXPECT_EQ(write(*read), octets);
}

// conversation is field 1, so a plain text has these octets and no others.
TEST(Write, OfAPlainTextIsItsFieldAlone) {
  Content content;
  content.conversation = "hi";
  EXPECT_EQ(to_hex(write(content)), "0a026869");
  EXPECT_EQ(write(Content{}), "");
}

TEST(ParseContent, RefusesBrokenMessagesAtEachDepth) {
  EXPECT_EQ(parse_content("\x0A\x05hi").error().code, Errc::truncated);
  for (const std::uint32_t number : {3, 6, 7, 8, 9, 46}) {
    const auto octets = protobuf::write_fields({octets_field(number, "\x0A\x05hi")});
    EXPECT_EQ(parse_content(octets).error().code, Errc::truncated) << number;
  }
  EXPECT_EQ(parse_content("\x0B").error().code, Errc::unsupported);
}

TEST(ParseContent, MergesRepeatedMessagesAndTakesTheLastText) {
  const auto octets =
      protobuf::write_fields({octets_field(1, "first"), octets_field(1, "last"),
                              octets_field(3, protobuf::write_fields({octets_field(1, "url")})),
                              octets_field(3, protobuf::write_fields({octets_field(2, "type")}))});
  const auto read = parse_content(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->conversation, "last");
  ASSERT_EQ(read->media.size(), 1U);
  EXPECT_EQ(read->media[0].url, "url");
  EXPECT_EQ(read->media[0].mimetype, "type");
}

TEST(ShownText, IsThatOfTheConversationTheExtendedTextOrTheCaption) {
  Content content;
  EXPECT_EQ(shown_text(content), std::nullopt);
  content.media.push_back(media_of(MediaType::image));
  EXPECT_EQ(shown_text(content), "caption");
  content.extended_text = ExtendedText{.text = "long", .unknown = {}};
  EXPECT_EQ(shown_text(content), "long");
  content.conversation = "hello";
  EXPECT_EQ(shown_text(content), "hello");
}

TEST(Padding, HasOneTo15OctetsAndComesOffAgain) {
  Rng rng(1);
  std::set<std::size_t> seen;
  for (int i = 0; i < 500; ++i) {
    const auto padded = pad("text", rng);
    seen.insert(padded.size() - 4);
    const auto text = unpad(padded);
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "text");
  }
  EXPECT_EQ(seen.size(), 15U);
  EXPECT_EQ(*seen.begin(), 1U);
  EXPECT_EQ(*seen.rbegin(), 15U);
}

struct BadPadding {
  const char* name;
  Bytes padded;
  Errc code;
  std::size_t offset;
};

TEST(Padding, ThatIsWrongIsRefusedWhereItIs) {
  const std::vector<BadPadding> rows{
      {"no octet", "", Errc::truncated, 0},
      {"zero", pad_with("text", 1, 0), Errc::malformed, 4},
      {"sixteen", pad_with("text", 16, 16), Errc::malformed, 19},
      {"more than there is", pad_with("", 2, 3), Errc::malformed, 1},
      {"fewer than it says", pad_with("text", 2, 3), Errc::malformed, 3},
      {"uneven", pad_with("text\x02", 1, 3), Errc::malformed, 3},
  };
  for (const auto& row : rows) {
    const auto text = unpad(row.padded);
    ASSERT_FALSE(text) << row.name;
    EXPECT_EQ(text.error().code, row.code) << row.name;
    EXPECT_EQ(text.error().offset, row.offset) << row.name;
  }
  EXPECT_EQ(*unpad(pad_with("", 15, 15)), "");
}

}  // namespace
}  // namespace parley::wire
