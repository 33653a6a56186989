// SPDX-License-Identifier: GPL-3.0-or-later
// A file for a driver's standard error that goes with its owner.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "harness/base/text.h"
#include "harness/sut/pool.h"
#include "harness/sut/process.h"

namespace parley::sut {

class LogFile {
 public:
  // No name when it cannot be made.
  LogFile() {
    std::error_code error;
    auto pattern = (std::filesystem::temp_directory_path(error) / "parley-doctor-XXXXXX").string();
    const Descriptor made(mkstemp(pattern.data()));
    name_ = made.get() < 0 ? "" : pattern;
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() {
    std::error_code ignored;
    std::filesystem::remove(name_, ignored);
  }
  const std::string& name() const { return name_; }
  // "; its standard error ends: …", or nothing when nothing was written.
  std::string last_lines() const {
    const auto text = name_.empty() ? Result<std::string>("") : read_file(name_, kMaxLogOctets);
    if (!text) {
      return "";
    }
    auto lines = split(*text, '\n');
    std::erase(lines, "");
    if (lines.empty()) {
      return "";
    }
    if (lines.size() > kLastLines) {
      lines.erase(lines.begin(), lines.end() - kLastLines);
    }
    for (auto& line : lines) {
      line = printable(line, 200);
    }
    return "; its standard error ends: " + join(lines, " | ");
  }

 private:
  static constexpr std::size_t kMaxLogOctets = 1024 * 1024;
  static constexpr std::size_t kLastLines = 5;

  std::string name_;
};

}  // namespace parley::sut
