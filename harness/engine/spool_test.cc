// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/spool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace parley::engine {
namespace {

TEST(Spool, GivesWhatItWasGivenFromAnyPlace) {
  const auto spool = *Spool::make();
  ASSERT_TRUE(spool->append("abc"));
  ASSERT_TRUE(spool->append("defg"));
  EXPECT_EQ(spool->size(), 7U);
  EXPECT_EQ(spool->read(0, 100), "abcdefg");
  EXPECT_EQ(spool->read(2, 3), "cde");
  EXPECT_EQ(spool->read(7, 1), "");
  EXPECT_EQ(spool->read(100, 1), "");
}

TEST(Spool, IsReadAgainFromTheFileItIsWrittenTo) {
  const std::filesystem::path file =
      testing::TempDir() + "/parley-spool-" + std::to_string(getpid());
  const auto spool = *Spool::make();
  const Bytes octets(600'000, 'x');
  ASSERT_TRUE(spool->append(octets));
  ASSERT_TRUE(write_spool(*spool, file));
  const auto permissions = std::filesystem::status(file).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto again = Spool::open(file);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ((*again)->read(0, octets.size() + 1), octets);
  std::filesystem::remove(file);
  EXPECT_EQ(Spool::open(file).error().code, Errc::io);
}

// What comes after octets that a full disk has not taken would stand in their place.
TEST(Spool, IsOfNoUseOnceItsDiskHasFailed) {
  const std::filesystem::path file =
      testing::TempDir() + "/parley-failing-spool-" + std::to_string(getpid());
  const auto whole = *Spool::make();
  ASSERT_TRUE(whole->append("abcdefgh"));
  ASSERT_TRUE(write_spool(*whole, file));
  const auto spool = *Spool::open(file);  // to be read alone
  std::filesystem::remove(file);
  EXPECT_EQ(spool->read(0, 3), "abc");
  EXPECT_FALSE(spool->failed());
  EXPECT_EQ(spool->append(Bytes(600'000, 'x')).error().code, Errc::io);
  EXPECT_TRUE(spool->failed());
  EXPECT_EQ(spool->read(0, 3), "");
  EXPECT_EQ(spool->append("y").error().code, Errc::io);
  EXPECT_EQ(write_spool(*spool, file).error().code, Errc::io);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace parley::engine
