// SPDX-License-Identifier: GPL-3.0-or-later
// For tests of what reads the suites: a copy of the shipped ones that a test may break.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "harness/base/text.h"
#include "harness/model/library.h"

namespace parley::model {

// Whether it is a file of cases: beside a suite's requirements.
inline bool holds_cases(const std::filesystem::path& file) {
  const auto suite = file.parent_path().filename();
  return file.extension() == ".yaml" && suite != "profiles" && suite != "flows" &&
         !file.filename().string().starts_with("requirements");
}

// A copy of them without their cases, so that a test can break one file and what is loaded is
// little.
class Suites : public testing::Test {
 protected:
  void SetUp() override {
    copy([](const std::filesystem::path& file) { return !holds_cases(file); });
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void copy(const std::function<bool(const std::filesystem::path&)>& wanted) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    const auto from = std::filesystem::path(PARLEY_SOURCE_DIR) / "suites";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
      const auto to = folder_ / std::filesystem::relative(entry.path(), from);
      if (entry.is_directory()) {
        std::filesystem::create_directories(to);
      } else if (wanted(entry.path())) {
        std::filesystem::copy_file(entry.path(), to);
      }
    }
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  // The first; of the profile alone where one is named.
  std::string complaint(const std::string& profile = {}) const {
    Problems problems;
    load_library(folder_, problems, profile);
    return problems.empty() ? "" : replace_all(to_string(problems[0]), folder_.string() + "/", "");
  }

  std::filesystem::path folder_;
};

}  // namespace parley::model
