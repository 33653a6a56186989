// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "fuzz/supervisor/watch.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;  // a file that vanished is none
    if (at->is_regular_file(ignored)) {
      out.push_back(at->path().string());
    }
  }
  std::ranges::sort(out);
  return out;
}

Bytes octets_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The corpus under other names: the fuzzer writes into that folder.
bool copy_corpus(const Target& target, const std::string& into) {
  std::size_t count = 0;
  for (const auto& folder : corpus_folders(target)) {
    for (const auto& file : files_in(folder)) {
      std::error_code error;
      fs::copy_file(file, fs::path(into) / fmt::format("corpus-{}", count++), error);
      if (error) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

Result<std::vector<std::string>> set_cover(const Target& target, const std::string& folder,
                                           const std::string& work) {
  if (!copy_corpus(target, work)) {
    return fail(Errc::io,
                fmt::format("the corpus of {} cannot be copied to {}", target.name, work));
  }
  Limits limits;
  limits.total = 600s;
  limits.memory_mib = 8192;
  bool merged = false;
  const auto ended = watch(
      // An input that ends the program lies in `folder` already; no second one is left anywhere.
      {.command = {target.program, "-set_cover_merge=1", "-detect_leaks=0", "-timeout=20",
                   "-exact_artifact_path=/dev/null", work, folder},
       .record = nullptr,
       .limits = limits,
       .on_line =
           [&](std::string_view line) { merged = merged || line.starts_with("MERGE-OUTER: "); },
       .stop = {}});
  if (!ended) {
    return std::unexpected(ended.error());
  }
  if (!merged) {
    return fail(Errc::malformed,
                fmt::format("'{}' is built without libFuzzer, or died", target.program));
  }
  std::set<Bytes> kept;
  for (const auto& file : files_in(work)) {
    if (!fs::path(file).filename().string().starts_with("corpus-")) {
      kept.insert(octets_of(file));
    }
  }
  std::vector<std::string> out;
  for (auto& file : files_in(folder)) {
    if (kept.erase(octets_of(file)) > 0) {
      out.push_back(std::move(file));
    }
  }
  return out;
}

}  // namespace parley::fuzz
