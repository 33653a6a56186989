// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/client_content.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/wire/content.h"

namespace parley::reference::whatsapp {
namespace {

// What a reader makes of plaintext, with a mark for none.
std::string read(std::string_view octets, std::string_view version) {
  const auto content = read_content(octets, version, {});
  return content ? (content->media ? "media: " : "") + content->text : "(none)";
}

TEST(ClientContent, HasPaddingInVersion2Alone) {
  Rng rng(3);
  const Bytes written = write_text("hello", {});
  const Bytes padded = padded_content(written, "2", rng, {});
  const Bytes plain = padded_content(written, "3", rng, {});
  EXPECT_EQ(plain, Bytes("\x0A\x05hello"));
  EXPECT_TRUE(padded.starts_with(plain));
  EXPECT_EQ(padded.size(), plain.size() + static_cast<std::uint8_t>(padded.back()));
  EXPECT_EQ(read(padded, "2"), "hello");
  EXPECT_EQ(read(plain, "3"), "hello");
  EXPECT_EQ(read(plain, "2"), "(none)");
  EXPECT_EQ(read(padded, "3"), "(none)");
}

TEST(ClientContent, ShowsTheTextOfEachKindThatHasOne) {
  wire::MediaMessage image;
  image.caption = "caption";
  wire::Content with_image;
  with_image.media.push_back(image);
  EXPECT_EQ(read(wire::write(with_image), "3"), "media: caption");
  with_image.media.front().caption.reset();
  EXPECT_EQ(read(wire::write(with_image), "3"), "media: ");
  with_image.conversation = "beside";
  EXPECT_EQ(read(wire::write(with_image), "3"), "beside");
  wire::Content with_extended;
  with_extended.extended_text.emplace().text = "long";
  EXPECT_EQ(read(wire::write(with_extended), "3"), "long");
}

TEST(ClientContent, ShowsNothingWithoutTextOrInAnotherEncoding) {
  EXPECT_EQ(read("", "3"), "(none)");
  EXPECT_EQ(read("", "2"), "(none)");
  EXPECT_EQ(read("\x01", "2"), "(none)");
  EXPECT_EQ(read("\x0A\x02\xC3\x28", "3"), "(none)");  // no character begins so
  EXPECT_EQ(read("\x0A\x05half", "3"), "(none)");
}

}  // namespace
}  // namespace parley::reference::whatsapp
