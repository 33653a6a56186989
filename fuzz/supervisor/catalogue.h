// SPDX-License-Identifier: GPL-3.0-or-later
// The fuzz targets that a build has: CMake writes them to fuzz/targets.json of the build's folder,
// an array of objects in order of name.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace parley::fuzz {

struct Target {
  std::string name;
  std::string program;       // absolute; the fuzzer, or the replaying program of a build without
  std::string replay{};      // absolute; runs files without a fuzzer; empty: none
  std::string corpus{};      // absolute; seeds/ and regressions/ lie in it
  std::string dictionary{};  // absolute; empty: none
  std::string mutator{};     // its name; empty: the fuzzer's own, on octets
  std::size_t edges = 0;     // the corpus covers at least so many
  std::string oracle{};      // one sentence
  std::vector<std::string> dependencies{};  // libraries that are not ours

  friend bool operator==(const Target&, const Target&) = default;
};

// Errors: not_found (no file), malformed (no such JSON, with the object's number and the member).
Result<std::vector<Target>> load_catalogue(const std::string& path);
Result<std::vector<Target>> read_catalogue(std::string_view text);

struct CorpusSize {
  std::size_t seeds = 0;
  std::size_t regressions = 0;
};
CorpusSize corpus_size(const Target& target);

// The folders below `corpus` that are there: seeds, regressions.
std::vector<std::string> corpus_folders(const Target& target);

}  // namespace parley::fuzz
