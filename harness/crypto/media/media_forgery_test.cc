// SPDX-License-Identifier: GPL-3.0-or-later
// Each forgery is refused by the decryptor for the reason of its row, whole and octet by octet; the
// honest twin is read, with each kind's keys.
#include "harness/crypto/media/media_forgery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace parley::crypto::media {
namespace {

MediaForgeryInput input() {
  Rng rng(3);
  return {.media_key = make_media_key(rng),
          .other_key = make_media_key(rng),
          .kind = MediaKind::image,
          .plaintext = Bytes(70'000, 'p')};
}

std::string outcome(const ForgedMedia& forged, MediaKind kind, std::size_t piece) {
  const auto keys = expand(forged.media_key, kind);
  if (!keys) {
    return "key";
  }
  auto decryptor = MediaDecryptor::make(*keys, forged.description);
  EXPECT_TRUE(decryptor);
  Bytes out;
  for (std::size_t at = 0; at < forged.file.size(); at += piece) {
    decryptor->update(std::string_view(forged.file).substr(at, piece), out);
  }
  const auto done = decryptor->finish(out);
  return done ? "taken" : std::string(to_string(done.error().reason));
}

class MediaForgeries : public testing::TestWithParam<const MediaForgery*> {};

TEST_P(MediaForgeries, AreRefusedForTheReasonOfTheirRow) {
  const auto& forgery = *GetParam();
  const auto forged = forge_media(forgery.name, input());
  ASSERT_TRUE(forged) << forged.error();
  for (const std::size_t piece : {std::size_t{1} << 20U, std::size_t{4096}, std::size_t{7}}) {
    EXPECT_EQ(outcome(*forged, MediaKind::image, piece), to_string(forgery.refusal)) << piece;
  }
  EXPECT_EQ(forge_media(forgery.name, input())->file, forged->file) << "not the same twice";
}

std::vector<const MediaForgery*> all() {
  std::vector<const MediaForgery*> out;
  for (const auto& forgery : media_forgeries()) {
    out.push_back(&forgery);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, MediaForgeries, testing::ValuesIn(all()), [](const auto& row) {
  std::string name(row.param->name);
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(MediaForgeryTable, NamesEachOnceAndSaysClauseAndReason) {
  std::set<std::string_view> names;
  for (const auto& forgery : media_forgeries()) {
    EXPECT_TRUE(names.insert(forgery.name).second) << forgery.name;
    EXPECT_FALSE(forgery.clause.empty()) << forgery.name;
    EXPECT_FALSE(forgery.explanation.empty()) << forgery.name;
    EXPECT_NE(find_media_forgery(forgery.name), nullptr);
  }
  EXPECT_GE(names.size(), 65U);
  EXPECT_EQ(find_media_forgery("no-such"), nullptr);
}

// A description that leaves a value out is not checked for it: the rows depend on the values.
TEST(ForgedDescriptions, AreTakenByWhoDoesNotLook) {
  for (const auto* name : {"enc-hash-bit", "hash-bit", "length-huge", "sidecar-bit"}) {
    auto forged = *forge_media(name, input());
    forged.description = {};
    EXPECT_EQ(outcome(forged, MediaKind::image, 4096), "taken") << name;
  }
}

TEST(HonestTwins, AreReadWithTheKeysOfEachKindAndOfNoOther) {
  const auto honest = input();
  for (const auto kind : media_kinds()) {
    const auto made =
        *encrypt_media(*expand(honest.media_key, kind), honest.plaintext, SidecarWanted::yes);
    const ForgedMedia file{
        .file = made.file, .description = made.description, .media_key = honest.media_key};
    for (const auto other : media_kinds()) {
      EXPECT_EQ(outcome(file, other, 4096), kind == other ? "taken" : "mac")
          << to_string(kind) << " as " << to_string(other);
    }
  }
}

TEST(ForgeMedia, NamesTheNearestAndRefusesWhatItCannotUse) {
  const auto unknown = forge_media("mac-zero", input());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_NE(unknown.error().detail.find("mac-zeros"), std::string::npos);
  auto empty = input();
  empty.plaintext.clear();
  EXPECT_EQ(forge_media("mac-zeros", empty).error().code, Errc::malformed);
  auto keyless = input();
  keyless.media_key = SecretBytes("short");
  EXPECT_EQ(forge_media("mac-zeros", keyless).error().code, Errc::malformed);
}

}  // namespace
}  // namespace parley::crypto::media
