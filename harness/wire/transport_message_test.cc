// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/wire/transport_message.h"

#include <gtest/gtest.h>

#include "harness/base/protobuf_wire.h"

namespace parley::wire {
namespace {

using protobuf::octets_field;
using protobuf::write_fields;

// "hi" under three octets of padding, by the numbers in whatsmeow's protobufs.
constexpr std::string_view kHi =
    "0a1a0a180a140a122210120e0a0a0a080a060a040a0268691001100212070a050a03030303";

TransportMessage hi() {
  auto out = transport_of("hi");
  out.padding = "\x03\x03\x03";
  return out;
}

TEST(TransportMessage, IsWrittenByTheNumbersOfTheProtobufs) { EXPECT_EQ(to_hex(write(hi())), kHi); }

TEST(TransportMessage, IsReadAsItWasWritten) {
  const auto read = parse_transport(*from_hex(kHi));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, hi());
  EXPECT_EQ(shown_text(*read), "hi");
}

TEST(TransportMessage, ShowsAnExtendedTextToo) {
  auto message = transport_of("");
  message.text.reset();
  message.extended_text = "long";
  const auto read = parse_transport(write(message));
  ASSERT_TRUE(read);
  EXPECT_EQ(shown_text(*read), "long");
}

TEST(TransportMessage, ShowsNothingOfAnotherVersionOrOfNone) {
  for (const std::optional<std::uint64_t> version : {std::optional<std::uint64_t>{}, {1}, {3}}) {
    auto message = transport_of("hi");
    message.application_version = version;
    EXPECT_EQ(shown_text(message), std::nullopt);
    message = transport_of("hi");
    message.consumer_version = version ? std::optional(*version + 1) : version;
    EXPECT_EQ(shown_text(message), std::nullopt);
  }
}

TEST(TransportMessage, LacksWhatIsNotThereOrOfAnotherType) {
  EXPECT_EQ(parse_transport("").value(), TransportMessage{});
  EXPECT_EQ(parse_transport("\x08\x01").value(), TransportMessage{});
  EXPECT_EQ(write(TransportMessage{}), "");
  const auto other_form = parse_transport(write_fields({octets_field(1, "hi")}));
  ASSERT_TRUE(other_form);
  EXPECT_EQ(shown_text(*other_form), std::nullopt);
}

TEST(TransportMessage, IsRefusedWhereverItIsNoProtobuf) {
  auto message = *from_hex(kHi);
  for (std::size_t kept = 1; kept < message.size(); ++kept) {
    const auto cut = parse_transport(message.substr(0, kept));
    EXPECT_TRUE(!cut || cut->text == "hi") << kept;  // without its padding it is whole
  }
  message[message.find("hi") - 2] = '\x0B';
  EXPECT_FALSE(parse_transport(message));
}

}  // namespace
}  // namespace parley::wire
