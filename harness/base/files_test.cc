// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/base/files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace parley {
namespace {

namespace fs = std::filesystem;

TEST(PrivateFolder, IsItsOwnersAloneAndOneThatWasThereKeepsItsMode) {
  const auto base = fs::path(testing::TempDir()) / "private-folder";
  fs::remove_all(base);
  ASSERT_TRUE(make_private_folder(base / "new"));
  EXPECT_EQ(fs::status(base / "new").permissions(), fs::perms::owner_all);
  constexpr auto kOpen = fs::perms::owner_all | fs::perms::group_read;
  fs::permissions(base / "new", kOpen);
  ASSERT_TRUE(make_private_folder(base / "new"));
  EXPECT_EQ(fs::status(base / "new").permissions(), kOpen);
  std::ofstream(base / "file") << "no folder";
  const auto refused = make_private_folder(base / "file/below");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_NE(refused.error().detail.find("file/below"), std::string::npos);
  fs::remove_all(base);
}

}  // namespace
}  // namespace parley
