// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/noise/handshake_message.h"

#include <gtest/gtest.h>

#include "harness/crypto/noise/two_sides.h"

namespace parley::crypto::noise {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }

struct Carried {
  const char* name;
  HandshakeMessage message;
  const char* octets;
};
class HandshakeProtobuf : public testing::TestWithParam<Carried> {};

TEST_P(HandshakeProtobuf, IsWrittenAsTheSchemaSaysAndReadAgain) {
  const auto& row = GetParam();
  EXPECT_EQ(to_hex(write(row.message)), to_hex(hex(row.octets)));
  const auto again = parse_handshake_message(hex(row.octets));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, row.message);
}

HandshakeMessage extended_hello() {
  HandshakeMessage out = client_hello({.ephemeral = "e", .static_key = {}, .payload = {}});
  out.client_hello->use_extended = true;
  out.client_hello->pq_mode = 2;
  out.client_hello->extended_ephemeral = "x";
  return out;
}

HandshakeMessage with_unknown_fields() {
  HandshakeMessage out = server_hello({.ephemeral = "e", .static_key = {}, .payload = {}});
  out.server_hello->unknown = {protobuf::octets_field(5, "?")};
  out.unknown = {protobuf::varint_field(200, 1)};
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Messages, HandshakeProtobuf,
    testing::Values(
        Carried{"ClientHelloOfXx",
                client_hello({.ephemeral = "e", .static_key = {}, .payload = {}}),
                "12 03 0a 01 65"},
        Carried{"ClientHelloOfIk",
                client_hello({.ephemeral = "e", .static_key = "s", .payload = "p"}),
                "12 09 0a 01 65 12 01 73 1a 01 70"},
        Carried{"ClientHelloExtended", extended_hello(), "12 0a 0a 01 65 20 01 48 02 52 01 78"},
        Carried{"ServerHello", server_hello({.ephemeral = "e", .static_key = "s", .payload = "p"}),
                "1a 09 0a 01 65 12 01 73 1a 01 70"},
        Carried{"ClientFinish", client_finish({.ephemeral = {}, .static_key = "s", .payload = "p"}),
                "22 06 0a 01 73 12 01 70"},
        Carried{"UnknownFields", with_unknown_fields(), "1a 06 0a 01 65 2a 01 3f c0 0c 01"},
        Carried{"Empty", HandshakeMessage{}, ""}),
    [](const auto& row) { return row.param.name; });

TEST(HandshakeProtobuf, MergesARepeatedHelloAsProtobufDoes) {
  const auto message = parse_handshake_message(hex("12 03 0a 01 65 12 06 0a 01 66 1a 01 70"));
  ASSERT_TRUE(message && message->client_hello);
  EXPECT_EQ(message->client_hello->ephemeral, "f");
  EXPECT_EQ(message->client_hello->payload, "p");
}

TEST(HandshakeProtobuf, LeavesAFieldOfAnotherTypeUnknown) {
  const auto message = parse_handshake_message(hex("12 02 08 07"));
  ASSERT_TRUE(message && message->client_hello);
  EXPECT_FALSE(message->client_hello->ephemeral);
  EXPECT_EQ(message->client_hello->unknown.size(), 1U);
}

// A handshake as it goes over the wire. Whatever is cut off the frame or added to it, the receiver
// reads no further than it would a whole one, and no cut makes it accept.
TEST(HandshakeProtobuf, CarriesAHandshakeAndRefusesEveryTruncation) {
  auto sides = two_sides(Pattern::xx, kWhatsApp);
  ASSERT_TRUE(sides);
  Rng rng(1);
  const auto hello = sides->client.write("", rng);
  ASSERT_TRUE(hello && sides->server.read(*hello));
  const auto answer = sides->server.write("cert", rng);
  ASSERT_TRUE(answer);
  const Bytes frame = write(server_hello(*answer));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto cut = parse_handshake_message(frame.substr(0, size));
    if (!cut || !cut->server_hello) {
      continue;
    }
    ASSERT_FALSE(sides->client.read(to_parts(*cut->server_hello))) << size;
  }
  const auto whole = parse_handshake_message(frame);
  ASSERT_TRUE(whole && whole->server_hello);
  EXPECT_EQ(sides->client.read(to_parts(*whole->server_hello)), "cert");
}

struct BadFrame {
  const char* name;
  const char* octets;
  Errc code;
};
class HandshakeProtobufRefuses : public testing::TestWithParam<BadFrame> {};

TEST_P(HandshakeProtobufRefuses, WithItsCode) {
  const auto message = parse_handshake_message(hex(GetParam().octets));
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, GetParam().code) << message.error();
}

INSTANTIATE_TEST_SUITE_P(Frames, HandshakeProtobufRefuses,
                         testing::Values(BadFrame{"OuterCutOff", "12 03 0a 01", Errc::truncated},
                                         BadFrame{"InnerCutOff", "12 02 0a 05", Errc::truncated},
                                         BadFrame{"InnerNumberZero", "1a 02 00 00",
                                                  Errc::malformed},
                                         BadFrame{"InnerGroup", "22 01 0b", Errc::unsupported}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace parley::crypto::noise
