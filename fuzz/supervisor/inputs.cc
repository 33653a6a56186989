// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;

// What stands beside the inputs in a folder that `parley fuzz` has written.
bool is_beside_inputs(const fs::path& file) {
  static const std::map<std::string, std::string> beside = {
      {"finding.json", "finding.json"},        {"report.txt", "finding.json"},
      {"report-as-found.txt", "finding.json"}, {"session.json", "session.json"},
      {"last-input", "session.json"},          {"findings.json", "findings.sarif"},
      {"findings.sarif", "findings.json"}};
  const auto found = beside.find(file.filename().string());
  std::error_code error;
  return found != beside.end() && fs::exists(file.parent_path() / found->second, error);
}

}  // namespace

Result<std::vector<std::string>> inputs_below(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  // A name that begins with '-' would be an option of the target's.
  const auto from = fs::absolute(folder, error);
  for (fs::recursive_directory_iterator at(from, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;  // a file that vanished is none
    if (at->is_regular_file(ignored) && !is_beside_inputs(at->path())) {
      out.push_back(at->path().string());
    }
  }
  if (error) {
    return fail(Errc::io, fmt::format("'{}': {}", folder, error.message()));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace parley::fuzz
