// SPDX-License-Identifier: GPL-3.0-or-later
// Known answers (vectors/media.json) of each kind's keys and of whole files.
#include "harness/crypto/media/media_keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "harness/crypto/media/media_stream.h"
#include "harness/testkit/known_answers.h"

namespace parley::crypto::media {
namespace {

Bytes octets(const nlohmann::json& test, const char* name) {
  return from_hex(test.at(name).get<std::string>()).value_or("not hex");
}

MediaKeys keys_of(const nlohmann::json& test) {
  for (const auto kind : media_kinds()) {
    if (to_string(kind) == test["kind"].get<std::string>()) {
      return expand(SecretBytes(octets(test, "media_key")), kind).value_or(MediaKeys{});
    }
  }
  return {};
}

constexpr const char* kVectors = "harness/crypto/media/vectors/media";

TEST(MediaVectors, FollowTheirSchema) { testkit::expect_known_answers(kVectors); }

TEST(MediaVectors, KnownAnswersOfEachKindAreExpandedAgain) {
  const auto vectors = testkit::known_answers(std::string(kVectors) + ".json");
  ASSERT_FALSE(vectors.is_discarded());
  std::set<std::string> kinds;
  for (const auto& test : vectors["groups"][0]["expansions"]) {
    const auto keys = keys_of(test);
    EXPECT_EQ(keys.iv, octets(test, "iv")) << test["kind"];
    EXPECT_EQ(keys.cipher.reveal(), octets(test, "cipher")) << test["kind"];
    EXPECT_EQ(keys.mac.reveal(), octets(test, "mac")) << test["kind"];
    EXPECT_EQ(keys.reference.reveal(), octets(test, "reference")) << test["kind"];
    kinds.insert(test["kind"].get<std::string>());
  }
  EXPECT_EQ(kinds.size(), media_kinds().size());
}

TEST(MediaVectors, KnownAnswersOfFilesAreMadeAndReadAgain) {
  const auto vectors = testkit::known_answers(std::string(kVectors) + ".json");
  ASSERT_FALSE(vectors.is_discarded());
  std::size_t count = 0;
  for (const auto& test : vectors["groups"][1]["files"]) {
    SCOPED_TRACE(test["comment"].get<std::string>());
    const auto keys = keys_of(test);
    const auto made = encrypt_media(keys, octets(test, "plaintext"), SidecarWanted::yes);
    ASSERT_TRUE(made);
    EXPECT_EQ(to_hex(made->file), test["file"].get<std::string>());
    EXPECT_EQ(made->description.file_sha256, octets(test, "file_sha256"));
    EXPECT_EQ(made->description.file_enc_sha256, octets(test, "file_enc_sha256"));
    EXPECT_EQ(made->description.sidecar, octets(test, "sidecar"));
    const auto read = decrypt_media(keys, octets(test, "file"), made->description);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, octets(test, "plaintext"));
    ++count;
  }
  EXPECT_EQ(count, 4U);
}

TEST(Expand, WantsAKeyOf32Octets) {
  for (const std::size_t size : {0, 31, 33}) {
    EXPECT_EQ(expand(SecretBytes(Bytes(size, 'k')), MediaKind::image).error().code, Errc::malformed)
        << size;
  }
}

TEST(Expand, GivesEachKindKeysOfItsOwn) {
  std::set<Bytes> seen;
  std::set<std::string_view> names;
  for (const auto kind : media_kinds()) {
    seen.insert(Bytes(expand(SecretBytes(Bytes(32, 'k')), kind)->mac.reveal()));
    names.insert(to_string(kind));
  }
  EXPECT_EQ(seen.size(), media_kinds().size());
  EXPECT_EQ(names.size(), media_kinds().size());
}

TEST(MakeMediaKey, IsTheGeneratorsAndAnotherEachTime) {
  Rng rng(1);
  Rng again(1);
  const auto key = make_media_key(rng);
  EXPECT_EQ(key.reveal(), make_media_key(again).reveal());
  EXPECT_NE(key.reveal(), make_media_key(rng).reveal());
  EXPECT_EQ(key.size(), kMediaKeyOctets);
}

}  // namespace
}  // namespace parley::crypto::media
