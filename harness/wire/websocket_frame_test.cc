// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/websocket_frame.h"

#include <gtest/gtest.h>

namespace parley::wire {
namespace {

constexpr WebSocketMask kMask{0x37, 0xfa, 0x21, 0x3d};

WebSocketFrame frame(std::uint8_t opcode, Bytes payload) {
  return {.opcode = opcode, .mask = kMask, .payload = std::move(payload)};
}
Bytes from_client(std::uint8_t opcode, Bytes payload) {
  return write(frame(opcode, std::move(payload)));
}
Bytes fragment(std::uint8_t opcode, Bytes payload) {
  auto out = frame(opcode, std::move(payload));
  out.fin = false;
  return write(out);
}
Bytes hex(std::string_view text) { return from_hex(text).value_or("not hex"); }

// One line an item.
std::string shown(const std::vector<WebSocketItem>& items) {
  std::string out;
  for (const auto& item : items) {
    if (const auto* message = std::get_if<WebSocketMessage>(&item)) {
      out += "message " + message->octets + "\n";
    } else if (const auto* control = std::get_if<WebSocketControl>(&item)) {
      out += (control->kind == WebSocketOpcode::close  ? "close " + std::to_string(control->code)
              : control->kind == WebSocketOpcode::ping ? "ping " + control->payload
                                                       : "pong " + control->payload) +
             "\n";
    } else {
      const auto& error = std::get<WebSocketError>(item);
      out += std::string(to_string(error.oddity)) + ", " + std::to_string(error.code) + " at " +
             std::to_string(error.offset) + "\n";
    }
  }
  return out;
}

std::string read(WebSocketRole own, const Bytes& octets) {
  return shown(WebSocketReader(own).feed(octets));
}

// RFC 6455 section 5.7, the examples that are not text messages.
TEST(WebSocketFrame, IsThatOfTheExamplesOfTheRfc) {
  EXPECT_EQ(to_hex(write({.opcode = 1, .payload = "Hello"})), "810548656c6c6f");
  EXPECT_EQ(to_hex(write({.opcode = 1, .mask = kMask, .payload = "Hello"})),
            "818537fa213d7f9f4d5158");
  EXPECT_EQ(to_hex(write({.opcode = 9, .payload = "Hello"})), "890548656c6c6f");
  EXPECT_EQ(to_hex(write({.payload = Bytes(256, 'x')}).substr(0, 4)), "827e0100");
  EXPECT_EQ(to_hex(write({.payload = Bytes(65536, 'x')}).substr(0, 10)), "827f0000000000010000");
}

TEST(WebSocketReader, UnmasksAndJoinsFragments) {
  const auto octets = fragment(2, "Hel") + from_client(9, "still there?") + fragment(0, "lo") +
                      from_client(0, "") + from_client(2, "again") + from_client(10, "") +
                      from_client(8, close_payload(1000, "bye"));
  EXPECT_EQ(read(WebSocketRole::server, octets),
            "ping still there?\nmessage Hello\nmessage again\npong \nclose 1000\n");
}

TEST(WebSocketReader, ReadsOctetByOctetWhatItReadsAtOnce) {
  const auto octets = fragment(2, "Hel") + from_client(9, "") + from_client(0, Bytes(300, 'l')) +
                      from_client(2, Bytes(70'000, 'o')) + from_client(8, "");
  WebSocketReader reader(WebSocketRole::server);
  std::string out;
  for (const char octet : octets) {
    out += shown(reader.feed(std::string_view(&octet, 1)));
  }
  EXPECT_EQ(out, read(WebSocketRole::server, octets));
  EXPECT_FALSE(reader.unfinished());
}

TEST(WebSocketReader, SaysWhatIsUnfinished) {
  for (const auto& [octets, unfinished] : {std::pair(fragment(2, "He"), true),
                                           {from_client(2, "Hello").substr(0, 1), true},
                                           {from_client(2, "Hello").substr(0, 8), true},
                                           {from_client(2, "Hello"), false},
                                           {from_client(2, ""), false}}) {
    WebSocketReader reader(WebSocketRole::server);
    reader.feed(octets);
    EXPECT_EQ(reader.unfinished(), unfinished) << to_hex(octets);
  }
}

struct BadFrames {
  const char* name;
  Bytes octets;
  WebSocketOddity oddity;
  std::uint16_t code;
  std::size_t offset;
};
void PrintTo(const BadFrames& row, std::ostream* out) { *out << row.name; }

class RefusesFrames : public testing::TestWithParam<BadFrames> {};

TEST_P(RefusesFrames, WithCodeAndOffset) {
  const auto& row = GetParam();
  const auto items =
      WebSocketReader(WebSocketRole::server).feed(row.octets + from_client(2, "later"));
  ASSERT_FALSE(items.empty());
  const auto* error = std::get_if<WebSocketError>(&items.back());
  ASSERT_NE(error, nullptr) << shown(items);
  EXPECT_EQ(to_string(error->oddity), to_string(row.oddity));
  EXPECT_EQ(error->code, row.code);
  EXPECT_EQ(error->offset, row.offset);
}

using enum WebSocketOddity;
INSTANTIATE_TEST_SUITE_P(
    All, RefusesFrames,
    testing::Values(
        BadFrames{"Unmasked", write({.payload = "x"}), unmasked, 1002, 0},
        BadFrames{"SecondUnmasked", from_client(2, "x") + write({.payload = "x"}), unmasked, 1002,
                  7},
        BadFrames{"ReservedBit", write({.reserved = 4, .mask = kMask, .payload = "x"}),
                  reserved_bits, 1002, 0},
        BadFrames{"Opcode3", from_client(3, "x"), unknown_opcode, 1002, 0},
        BadFrames{"Opcode11", from_client(11, "x"), unknown_opcode, 1002, 0},
        BadFrames{"Length5InSixteenBits", hex("82fe0005") + Bytes(9, 'x'), length_not_minimal, 1002,
                  0},
        BadFrames{"Length5InSixtyFourBits", hex("82ff0000000000000005") + Bytes(9, 'x'),
                  length_not_minimal, 1002, 0},
        BadFrames{"Length2To63", hex("82ff8000000000000000") + Bytes(4, 'x'), length_not_minimal,
                  1002, 0},
        BadFrames{"Length2To62", hex("82ff4000000000000000") + Bytes(4, 'x'), too_large, 1009, 0},
        BadFrames{"PingInFragments", fragment(9, "x"), control_fragmented, 1002, 0},
        BadFrames{"LongPing", from_client(9, Bytes(126, 'x')), control_too_long, 1002, 0},
        BadFrames{"ContinuationOfNothing", from_client(0, "x"), fragments_mixed, 1002, 0},
        BadFrames{"MessageInAMessage", fragment(2, "x") + from_client(2, "x"), fragments_mixed,
                  1002, 7},
        BadFrames{"CloseOfOneOctet", from_client(8, "x"), bad_close, 1002, 0},
        BadFrames{"CloseThatIsNeverSent", from_client(8, close_payload(1006)), bad_close, 1002, 0},
        BadFrames{"CloseBelow1000", from_client(8, close_payload(999)), bad_close, 1002, 0},
        BadFrames{"CloseThatIsNotUtf8", from_client(8, close_payload(1000, "\xff")), bad_close,
                  1002, 0},
        BadFrames{"Text", from_client(1, "x"), text, 1003, 0},
        BadFrames{"TextInFragments", fragment(1, "x"), text, 1003, 0}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(WebSocketReader, RefusesAMaskFromAServer) {
  EXPECT_EQ(read(WebSocketRole::client, write({.payload = "x"}) + from_client(2, "x")),
            "message x\na server's frame with a mask, 1002 at 3\n");
}

TEST(WebSocketReader, BoundsMessagesAndFragments) {
  const WebSocketLimits limits{.max_message_octets = 10, .max_fragments = 3};
  WebSocketReader exact(WebSocketRole::server, {}, limits);
  EXPECT_EQ(shown(exact.feed(fragment(2, "12345") + fragment(0, "1234") + from_client(0, "1") +
                             from_client(2, "1234567890"))),
            "message 1234512341\nmessage 1234567890\n");
  WebSocketReader larger(WebSocketRole::server, {}, limits);
  EXPECT_EQ(shown(larger.feed(fragment(2, "12345") + from_client(0, "123456"))),
            "a message that is too large, 1009 at 11\n");
  WebSocketReader many(WebSocketRole::server, {}, limits);
  EXPECT_EQ(
      shown(many.feed(fragment(2, "") + fragment(0, "") + fragment(0, "") + from_client(0, ""))),
      "a message that is too large, 1009 at 18\n");
}

TEST(WebSocketReader, ToleratesWhatItIsTold) {
  const auto octets = write({.payload = "a"}) + from_client(1, "b") + from_client(3, "c") +
                      write({.reserved = 2, .mask = kMask, .payload = "d"});
  WebSocketReader reader(WebSocketRole::server, {unmasked, text, unknown_opcode, reserved_bits});
  EXPECT_EQ(shown(reader.feed(octets)), "message a\nmessage b\nmessage c\nmessage d\n");
}

}  // namespace
}  // namespace parley::wire
