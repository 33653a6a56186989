// SPDX-License-Identifier: GPL-3.0-or-later
// A folder for what a command needs meanwhile: it goes with its owner.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace parley::cli {

class WorkFolder {
 public:
  WorkFolder() {
    std::error_code error;
    auto pattern = (std::filesystem::temp_directory_path(error) / "parley-fuzz-XXXXXX").string();
    path_ = mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) {
      std::filesystem::remove_all(path_, ignored);
    }
  }

  // Empty: it could not be made, and nothing can be written into it.
  const std::string& path() const { return path_; }
  std::string in(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace parley::cli
