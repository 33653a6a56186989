// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_content.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/wire/content.h"
#include "harness/wire/transport_message.h"

namespace parley::reference::whatsapp {
namespace {

// What a reader makes of plaintext, with a mark for none.
std::string read(std::string_view octets, std::string_view version) {
  const auto content = read_content(octets, version, {});
  return content ? (content->media ? "media: " : "") + content->text : "(none)";
}

Bytes sealed(std::string_view text, std::string_view version, Rng& rng, const FaultSet& faults) {
  return padded_content(write_text(text, version, faults), version, rng, faults);
}

TEST(ClientContent, HasPaddingAroundItInVersion2) {
  Rng rng(3);
  const Bytes plain("\x0A\x05hello");
  const Bytes padded = sealed("hello", "2", rng, {});
  EXPECT_TRUE(padded.starts_with(plain));
  EXPECT_EQ(padded.size(), plain.size() + static_cast<std::uint8_t>(padded.back()));
  EXPECT_EQ(read(padded, "2"), "hello");
  EXPECT_EQ(read(plain, "2"), "(none)");
}

TEST(ClientContent, IsATransportWithPaddingInsideInVersion3) {
  Rng rng(3);
  const Bytes transport = sealed("hello", "3", rng, {});
  const auto message = wire::parse_transport(transport);
  ASSERT_TRUE(message);
  EXPECT_EQ(wire::shown_text(*message), "hello");
  EXPECT_GE(message->padding.value_or("").size(), 1U);
  EXPECT_EQ(read(transport, "3"), "hello");
  EXPECT_EQ(read(transport, "2"), "(none)");
  EXPECT_EQ(read("\x0A\x05hello", "3"), "(none)");
}

TEST(ClientContent, IsReadInOneVersionOfTheTransportAlone) {
  auto message = wire::transport_of("hello");
  message.application_version = 3;
  EXPECT_EQ(read(wire::write(message), "3"), "(none)");
  message = wire::transport_of("hello");
  message.consumer_version = 2;
  EXPECT_EQ(read(wire::write(message), "3"), "(none)");
}

TEST(ClientContent, OfVersion3IsBentByItsFaults) {
  Rng rng(3);
  const auto written = [&](Fault fault) {
    FaultSet faults;
    faults.add(fault);
    return wire::parse_transport(sealed("hello", "3", rng, faults));
  };
  EXPECT_FALSE(written(Fault::mt_sends_without_envelope));
  EXPECT_EQ(written(Fault::mt_sends_other_application_version)->application_version, 3U);
  EXPECT_EQ(written(Fault::mt_sends_other_consumer_version)->consumer_version, 2U);
  const auto read_under = [&](Fault fault, const Bytes& octets) {
    FaultSet faults;
    faults.add(fault);
    const auto content = read_content(octets, "3", faults);
    return content ? content->text : "(none)";
  };
  auto message = wire::transport_of("hello");
  message.application_version = 3;
  EXPECT_EQ(read_under(Fault::mt_application_version_unchecked, wire::write(message)), "hello");
  message = wire::transport_of("hello");
  message.consumer_version = 2;
  EXPECT_EQ(read_under(Fault::mt_consumer_version_unchecked, wire::write(message)), "hello");
  EXPECT_EQ(read_under(Fault::mt_envelope_optional, "\x0A\x05hello"), "hello");
}

TEST(ClientContent, ShowsTheTextOfEachKindThatHasOne) {
  wire::MediaMessage image;
  image.caption = "caption";
  wire::Content with_image;
  with_image.media.push_back(image);
  Rng rng(3);
  EXPECT_EQ(read(wire::pad(wire::write(with_image), rng), "2"), "media: caption");
  with_image.media.front().caption.reset();
  EXPECT_EQ(read(wire::pad(wire::write(with_image), rng), "2"), "media: ");
  with_image.conversation = "beside";
  EXPECT_EQ(read(wire::pad(wire::write(with_image), rng), "2"), "beside");
  wire::Content with_extended;
  with_extended.extended_text.emplace().text = "long";
  EXPECT_EQ(read(wire::pad(wire::write(with_extended), rng), "2"), "long");
}

TEST(ClientContent, ShowsNothingWithoutTextOrInAnotherEncoding) {
  EXPECT_EQ(read("", "3"), "(none)");
  EXPECT_EQ(read("", "2"), "(none)");
  EXPECT_EQ(read("\x01", "2"), "(none)");
  EXPECT_EQ(read("\x0A\x02\xC3\x28\x01", "2"), "(none)");  // no character begins so
  EXPECT_EQ(read("\x0A\x05half\x01", "2"), "(none)");
  EXPECT_EQ(read(wire::write(wire::transport_of("\xC3\x28")), "3"), "(none)");
}

}  // namespace
}  // namespace parley::reference::whatsapp
