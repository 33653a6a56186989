// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/certificate_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace parley::reference {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(CertificateFolder, GoesWithTheObjectItWasMadeFor) {
  fs::path file;
  {
    auto made = CertificateFolder::make(Rng(1), "localhost", "");
    ASSERT_TRUE(made) << made.error();
    const CertificateFolder kept = std::move(*made);
    file = kept.ca_path();
    EXPECT_EQ(contents(file), kept.ca_pem());
    EXPECT_FALSE(kept.leaf().key_pem.empty());
  }
  EXPECT_FALSE(fs::exists(file.parent_path()));
}

TEST(CertificateFolder, LeavesAFolderThatIsSomebodyElses) {
  const fs::path folder = fs::path(testing::TempDir()) / "parley-certificate-folder";
  {
    const auto made = CertificateFolder::make(Rng(1), "localhost", folder.string());
    ASSERT_TRUE(made) << made.error();
  }
  EXPECT_TRUE(fs::exists(folder / "ca.pem"));
  fs::remove_all(folder);
}

TEST(CertificateFolder, SaysWhichFileCannotBeWritten) {
  const auto made = CertificateFolder::make(Rng(1), "localhost", "/proc/parley");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::io);
  EXPECT_NE(made.error().detail.find("ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace parley::reference
