// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/large_media.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "harness/crypto/digest.h"

namespace parley::crypto::media {
namespace {

// A file of several windows of a sidecar.
LargeMedia file_with(const std::string& forgery) {
  Bytes octets;
  for (int i = 0; i < 4096; ++i) {
    octets += static_cast<char>(i % 253);
  }
  return {.octets = octets,
          .times = 50,
          .media_key = SecretBytes(Bytes(32, 'k')),
          .kind = MediaKind::video,
          .forgery = forgery};
}

Bytes read(const LargeMedia& file, const LargeMediaFacts& facts) {
  auto stream = LargeMediaStream::make(file, facts);
  Bytes out;
  for (auto piece = stream->next(); !piece.empty(); piece = stream->next()) {
    out += piece;
  }
  return out;
}

MediaOutcome<Bytes> opened(const LargeMedia& file) {
  const auto facts = facts_of(file);
  return decrypt_media(*expand(file.media_key, file.kind), read(file, *facts), facts->description);
}

TEST(LargeMedia, IsWhatASmallOneIs) {
  const auto file = file_with("");
  Bytes plain;
  for (std::uint64_t i = 0; i < file.times; ++i) {
    plain += file.octets;
  }
  const auto facts = facts_of(file);
  ASSERT_TRUE(facts) << facts.error();
  const auto small = encrypt_media(*expand(file.media_key, file.kind), plain, SidecarWanted::yes);
  EXPECT_EQ(read(file, *facts), small->file);
  EXPECT_EQ(facts->description, small->description);
  EXPECT_EQ(facts->octets, small->file.size());
  EXPECT_EQ(facts->sha256, sha256(small->file));
  EXPECT_EQ(facts->plain_sha256, sha256(plain));
}

TEST(LargeMedia, OfEachForgeryIsRefusedForItsReason) {
  std::set<std::string_view> names;
  for (const auto& forgery : large_media_forgeries()) {
    EXPECT_TRUE(names.insert(forgery.name).second) << forgery.name;
    EXPECT_FALSE(find_media_forgery(forgery.name)) << forgery.name;
    const auto out = opened(file_with(std::string(forgery.name)));
    ASSERT_FALSE(out) << forgery.name;
    EXPECT_EQ(out.error().reason, forgery.refusal) << forgery.name;
  }
}

TEST(LargeMedia, OfEachForgeryLiesThereAsItsFactsSay) {
  for (const auto& forgery : large_media_forgeries()) {
    const auto file = file_with(std::string(forgery.name));
    const auto facts = facts_of(file);
    const auto lies = read(file, *facts);
    EXPECT_EQ(lies.size(), facts->octets) << forgery.name;
    EXPECT_EQ(sha256(lies), facts->sha256) << forgery.name;
  }
}

TEST(LargeMedia, OfNothingOrAnUnknownForgeryIsNone) {
  EXPECT_EQ(facts_of(file_with("large-mac-bi")).error().code, Errc::not_found);
  auto file = file_with("");
  file.media_key = SecretBytes(Bytes(31, 'k'));
  EXPECT_EQ(facts_of(file).error().code, Errc::malformed);
  file = file_with("");
  file.times = 0;
  EXPECT_EQ(facts_of(file).error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::crypto::media
