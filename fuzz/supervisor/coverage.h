// SPDX-License-Identifier: GPL-3.0-or-later
// How much of the instrumented code a corpus reaches, by libFuzzer's own counters (-print_coverage
// of clang 19): no other build is needed. What an input reaches that ends the program is not known.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/supervisor/catalogue.h"
#include "fuzz/supervisor/watch.h"

namespace parley::fuzz {

struct FileCoverage {
  std::string name;
  std::uint64_t functions = 0;
  std::uint64_t functions_reached = 0;
  std::uint64_t edges = 0;
  std::uint64_t edges_reached = 0;

  friend bool operator==(const FileCoverage&, const FileCoverage&) = default;
};

// Adds what a line "COVERED_FUNC: hits: 3 edges: 5/7 name file:line" says; other lines add nothing.
void add_coverage(std::string_view line, std::map<std::string, FileCoverage>& files);

struct Coverage {
  std::vector<FileCoverage> files;    // that with the most edges first
  std::vector<std::string> left_out;  // the inputs that show a defect, which are not counted
};

// Of the target's corpus and of the inputs in the folders `more`; `limits` are those of one input.
// `work` is an empty folder for it. Errors: not_found (no such program), unsupported (it is no
// fuzzer), malformed (it printed no coverage), io.
Result<Coverage> coverage_of(const Target& target, const std::vector<std::string>& more,
                             const Limits& limits, const std::string& work);

}  // namespace parley::fuzz
