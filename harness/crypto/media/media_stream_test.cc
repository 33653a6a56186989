// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/media/media_stream.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/crypto/digest.h"
#include "harness/testkit/heap_watch.h"

namespace parley::crypto::media {
namespace {

MediaKeys keys() { return expand_with(SecretBytes(Bytes(32, 'k')), info_of(MediaKind::video)); }

Bytes text_of(std::size_t size) {
  Rng rng(size);
  return rng.octets(size);
}

class SizesOfMedia : public testing::TestWithParam<std::size_t> {};

TEST_P(SizesOfMedia, ComeBackWholeAndSayTheirDescription) {
  const auto text = text_of(GetParam());
  const auto made = encrypt_media(keys(), text, SidecarWanted::yes);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->file.size(), text.size() / 16 * 16 + 16 + kMediaMacOctets);
  EXPECT_EQ(made->description.file_sha256, sha256(text));
  EXPECT_EQ(made->description.file_enc_sha256, sha256(made->file));
  EXPECT_EQ(made->description.file_length, text.size());
  const auto read = decrypt_media(keys(), made->file, made->description);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, text);
  EXPECT_EQ(made->file.substr(made->file.size() - kMediaMacOctets),
            hmac_sha256(keys().mac.reveal(),
                        keys().iv + made->file.substr(0, made->file.size() - kMediaMacOctets))
                .substr(0, kMediaMacOctets));
}

TEST_P(SizesOfMedia, AreTheSameInPieces) {
  const auto text = text_of(GetParam());
  const auto whole = *encrypt_media(keys(), text, SidecarWanted::yes);
  for (const std::size_t piece : {1, 9, 10, 11, 16, 65536}) {
    if (text.size() / piece > 100'000) {
      continue;
    }
    auto encryptor = MediaEncryptor::make(keys(), SidecarWanted::yes);
    auto decryptor = MediaDecryptor::make(keys(), whole.description);
    ASSERT_TRUE(encryptor && decryptor);
    Bytes file;
    Bytes read;
    Bytes out;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(encryptor->update(std::string_view(text).substr(at, piece), out));
      file += out;
    }
    EXPECT_EQ(*encryptor->finish(out), whole.description);
    file += out;
    EXPECT_EQ(file, whole.file) << piece;
    for (std::size_t at = 0; at < file.size(); at += piece) {
      decryptor->update(std::string_view(file).substr(at, piece), out);
      read += out;
    }
    ASSERT_TRUE(decryptor->finish(out)) << piece;
    EXPECT_EQ(read + out, text) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(Octets, SizesOfMedia,
                         testing::Values(0, 1, 15, 16, 17, 65509, 65510, 65511, 65525, 65526, 65527,
                                         65535, 65536, 65537, 131072, 200000),
                         [](const auto& row) { return std::to_string(row.param); });

TEST(MediaFiles, CutAnywhereAreRefused) {
  const auto made = *encrypt_media(keys(), text_of(50));
  for (std::size_t size = 0; size < made.file.size(); ++size) {
    const auto read = decrypt_media(keys(), made.file.substr(0, size), {});
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().reason, size < 26 ? MediaRefusal::truncated : MediaRefusal::mac) << size;
  }
}

// A file of 64 MiB in pieces of 64 KiB. What the streams hold is a few blocks; the sidecar alone
// grows, by ten octets for each piece.
TEST(MediaStreams, HoldNoMoreForALargeFileThanForASmallOne) {
  constexpr std::size_t kPieces = 1024;
  const Bytes piece(65536, 'x');
  const testkit::HeapWatch watch;
  auto encryptor = *MediaEncryptor::make(keys(), SidecarWanted::yes);
  auto decryptor = *MediaDecryptor::make(keys(), {.file_sha256 = {},
                                                  .file_enc_sha256 = {},
                                                  .file_length = kPieces * piece.size(),
                                                  .sidecar = {}});
  Bytes sealed;
  Bytes read;
  bool same = true;
  for (std::size_t i = 0; i < kPieces; ++i) {
    ASSERT_TRUE(encryptor.update(piece, sealed));
    decryptor.update(sealed, read);
    same = same && std::ranges::all_of(read, [](char octet) { return octet == 'x'; });
  }
  ASSERT_TRUE(encryptor.finish(sealed));
  decryptor.update(sealed, read);
  ASSERT_TRUE(decryptor.finish(read));
  EXPECT_TRUE(same);
  EXPECT_LT(watch.peak_octets(), std::size_t{1} << 20U);
}

TEST(Sidecars, HaveAnEntryForEach64KiBOfTheFileThatProvesIt) {
  const auto made = *encrypt_media(keys(), text_of(200'000), SidecarWanted::yes);
  const auto& sidecar = *made.description.sidecar;
  ASSERT_EQ(sidecar.size(), (made.file.size() + kSidecarStep - 1) / kSidecarStep * kMediaMacOctets);
  for (std::size_t i = 0; i * kSidecarStep < made.file.size(); ++i) {
    auto part = made.file.substr(i * kSidecarStep, kSidecarStep + kSidecarOverlap);
    EXPECT_TRUE(check_part(keys(), sidecar, i, part)) << i;
    part.back() = static_cast<char>(part.back() ^ 1);
    EXPECT_EQ(check_part(keys(), sidecar, i, part).error().code, Errc::bad_signature) << i;
  }
  EXPECT_EQ(check_part(keys(), sidecar, 4, "x").error().code, Errc::not_found);
  EXPECT_EQ(check_part(keys(), sidecar + "x", 0, "x").error().code, Errc::malformed);
  EXPECT_EQ(check_part(keys(), sidecar, 0, Bytes(65553, 'x')).error().code, Errc::malformed);
}

// Where the file ends within the overlap of an entry, both entries end with it.
TEST(Sidecars, EndWithTheFile) {
  for (const std::size_t size : {65536, 65537, 65551, 65552, 65553, 131072, 131073}) {
    const auto file = text_of(size);
    SidecarMaker maker(keys().mac);
    maker.update(file);
    Bytes expected;
    for (std::size_t at = 0; at < size; at += kSidecarStep) {
      expected += hmac_sha256(keys().mac.reveal(), std::string_view(file).substr(at, 65552))
                      .substr(0, kMediaMacOctets);
    }
    EXPECT_EQ(maker.finish(), expected) << size;
  }
  EXPECT_EQ(SidecarMaker(keys().mac).finish(), "");
}

}  // namespace
}  // namespace parley::crypto::media
