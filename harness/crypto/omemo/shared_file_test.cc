// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/omemo/shared_file.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"

namespace parley::crypto::omemo {
namespace {

const std::string kIv = "8c3d050e9386ec173861778f";
const std::string kKey = "68e9af38a97aaf82faa4063b4d0878a61261534410c8a84331eaac851759f587";
const std::string kPlace = "download.montague.tld/4a771ac1/tr%C3%A8s%20cool.jpg";

std::string url(const std::string& anchor) { return "aesgcm://" + kPlace + "#" + anchor; }

// XEP-0454, "The AESGCM URI scheme", its example.
TEST(SharedFile, IsReadFromTheUrlOfTheSpecification) {
  const auto file = read_shared_file(url(kIv + kKey));
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->https, "https://" + kPlace);
  EXPECT_EQ(to_hex(file->key.iv), kIv);
  EXPECT_EQ(to_hex(file->key.key.reveal()), kKey);
  EXPECT_EQ(shared_file_url(*file), url(kIv + kKey));
}

TEST(SharedFile, MayHaveAThumbnailBehindItAndALongerIv) {
  const auto file = read_shared_file(url(kIv + "00112233" + kKey) + "\ndata:image/jpeg,/9j/4AAQ");
  ASSERT_TRUE(file) << file.error();
  EXPECT_EQ(file->key.iv.size(), 16U);
}

TEST(SharedFile, IsReadAsItWasEncryptedUnderAnIvOfEitherLength) {
  for (const auto& iv : {kIv, kIv + "00112233"}) {
    const auto key = read_shared_key(iv + kKey);
    ASSERT_TRUE(key) << key.error();
    for (const std::string text : {"", "x", "more than one block of sixteen octets"}) {
      const auto octets = seal_shared_file(*key, text);
      ASSERT_TRUE(octets) << octets.error();
      EXPECT_EQ(octets->size(), text.size() + kGcmTagOctets);
      EXPECT_EQ(open_shared_file(*key, *octets), text);
      auto other = *octets;
      other.back() = static_cast<char>(other.back() ^ 1);
      EXPECT_FALSE(open_shared_file(*key, other));
    }
  }
}

TEST(SharedFile, HasNoUrlOfWhatGoesInTheClear) {
  const auto key = read_shared_key(kIv + kKey);
  ASSERT_TRUE(key);
  const auto made = shared_file_url({.https = "http://" + kPlace, .key = *key});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::unsupported);
}

struct BadUrl {
  const char* name;
  std::string text;
  Errc code;
};
class RefusesSharedFile : public testing::TestWithParam<BadUrl> {};

TEST_P(RefusesSharedFile, WithCode) {
  const auto file = read_shared_file(GetParam().text);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, GetParam().code) << file.error();
}

INSTANTIATE_TEST_SUITE_P(
    Urls, RefusesSharedFile,
    testing::Values(BadUrl{"https", "https://" + kPlace + "#" + kIv + kKey, Errc::unsupported},
                    BadUrl{"word", "picture", Errc::unsupported},
                    BadUrl{"no_anchor", "aesgcm://" + kPlace, Errc::malformed},
                    BadUrl{"empty_anchor", url(""), Errc::malformed},
                    BadUrl{"key_alone", url(kKey), Errc::malformed},
                    BadUrl{"odd", url((kIv + kKey).substr(1)), Errc::malformed},
                    BadUrl{"longer", url(kIv + kKey + "00"), Errc::malformed},
                    BadUrl{"no_hex", url("g" + (kIv + kKey).substr(1)), Errc::malformed},
                    BadUrl{"spaced", url("  " + (kIv + kKey).substr(2)), Errc::malformed},
                    BadUrl{"no_host", "aesgcm:///a#" + kIv + kKey, Errc::malformed},
                    BadUrl{"space", "aesgcm://a b/c#" + kIv + kKey, Errc::malformed},
                    BadUrl{"text_before", "see " + url(kIv + kKey), Errc::unsupported},
                    BadUrl{"text_behind", url(kIv + kKey) + "\nsee", Errc::malformed},
                    BadUrl{"endless", "aesgcm://a/" + std::string(9000, 'a'), Errc::too_large}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace parley::crypto::omemo
