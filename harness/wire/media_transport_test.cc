// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/media_transport.h"

#include <gtest/gtest.h>

#include "harness/base/protobuf_wire.h"
#include "harness/wire/transport_message.h"

namespace parley::wire {
namespace {

using protobuf::octets_field;
using protobuf::varint_field;
using protobuf::write_fields;

MediaMessage media_of(MediaType type) {
  MediaMessage out;
  out.type = type;
  out.url = "u";
  out.mimetype = "m";
  out.caption = "c";
  out.file_sha256 = "s";
  out.file_length = 3;
  out.media_key = SecretBytes("k");
  out.file_enc_sha256 = "e";
  out.media_key_timestamp = 5;
  out.sidecar = "w";
  out.seconds = 4;
  out.gif_playback = 1;
  out.ptt = 1;
  out.file_name = "n";
  return out;
}

// Of each type, by the numbers in whatsmeow's protobufs: what proves the file is the same in all.
constexpr std::string_view kFile = "0a170a0e0a017312016b1a016522017528051205080312016d";

struct Written {
  const char* name;
  MediaType type;
  std::string ancillary;  // of the payload, in hex
  std::string beside;     // of the message
};
class WritesMedia : public testing::TestWithParam<Written> {};

TEST_P(WritesMedia, ByTheNumbersOfTheProtobufs) {
  const auto& row = GetParam();
  const auto file = *from_hex(kFile);
  const Bytes payload = write_fields({octets_field(1, file)}) + *from_hex(row.ancillary);
  const auto carrier = write_fields({octets_field(1, payload), varint_field(2, 1)});
  const auto right = write_fields({octets_field(1, carrier)}) + *from_hex(row.beside);
  EXPECT_EQ(to_hex(write_media_transport(media_of(row.type))), to_hex(right));
}

TEST_P(WritesMedia, AndReadsItAgain) {
  const auto octets = write_media_transport(media_of(GetParam().type));
  const auto read = parse_media_transport(GetParam().type, octets);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(write_media_transport(*read), octets);
  EXPECT_EQ(read->url, "u");
  EXPECT_EQ(read->mimetype, "m");
  EXPECT_EQ(read->file_length, 3U);
  EXPECT_EQ(read->media_key->reveal(), "k");
}

TEST_P(WritesMedia, InsideOfATransport) {
  const auto message = transport_of(media_of(GetParam().type));
  const auto read = parse_transport(write(message));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, message);
  const auto media = shown_media(*read);
  ASSERT_TRUE(media) << media.error();
  ASSERT_TRUE(*media);
  EXPECT_EQ((*media)->type, GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(Types, WritesMedia,
                         testing::Values(Written{"image", MediaType::image, "", "12030a0163"},
                                         Written{"video", MediaType::video, "120708041801320177",
                                                 "12030a0163"},
                                         Written{"audio", MediaType::audio, "12020804", "1001"},
                                         Written{"document", MediaType::document, "", "12016e"},
                                         Written{"sticker", MediaType::sticker, "", ""}),
                         [](const auto& row) { return row.param.name; });

TEST(MediaTransport, OfAnotherVersionOrOfNoneIsNothing) {
  for (const auto& carrier : {write_fields({octets_field(1, "")}),
                              write_fields({octets_field(1, ""), varint_field(2, 2)}),
                              write_fields({varint_field(2, 1)}), Bytes()}) {
    const auto read =
        parse_media_transport(MediaType::image, write_fields({octets_field(1, carrier)}));
    EXPECT_EQ(read.error().code, Errc::unsupported) << to_hex(carrier);
  }
}

TEST(MediaTransport, ThatIsNoProtobufIsRefused) {
  const Bytes wrong = "\x0a\x05\x01";
  EXPECT_EQ(parse_media_transport(MediaType::image, wrong).error().code, Errc::truncated);
  const auto carried = [](const Bytes& payload) {
    return write_fields(
        {octets_field(1, write_fields({octets_field(1, payload), varint_field(2, 1)}))});
  };
  EXPECT_FALSE(parse_media_transport(MediaType::video, carried(wrong)));
  EXPECT_FALSE(parse_media_transport(
      MediaType::video,
      carried(write_fields({octets_field(1, write_fields({octets_field(1, wrong)}))}))));
}

TEST(MediaTransport, OfSeveralFilesTheTransportShowsNone) {
  auto message = transport_of(media_of(MediaType::image));
  message.media.push_back(transport_of(media_of(MediaType::video)).media.front());
  const auto media = shown_media(message);
  ASSERT_FALSE(media);
  EXPECT_EQ(media.error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::wire
