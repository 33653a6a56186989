// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "fuzz/supervisor/libfuzzer.h"
#include "fuzz/supervisor/watch.h"

namespace parley::fuzz {
namespace {

using namespace std::chrono_literals;

// Cuts a number off the front; 0 where there is none.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return out;
}

}  // namespace

void add_coverage(std::string_view line, std::map<std::string, FileCoverage>& files) {
  constexpr std::string_view kEdges = " edges: ";
  if (!line.starts_with("COVERED_FUNC: ") && !line.starts_with("UNCOVERED_FUNC: ")) {
    return;
  }
  const auto at = line.find(kEdges);
  const auto space = line.rfind(' ');
  if (at == std::string_view::npos || space <= at + kEdges.size()) {
    return;
  }
  auto rest = line.substr(at + kEdges.size());
  const auto reached = take_number(rest);
  if (!rest.starts_with('/')) {
    return;
  }
  rest.remove_prefix(1);
  const auto edges = take_number(rest);
  auto place = line.substr(space + 1);
  place = place.substr(0, std::min(place.rfind(':'), place.size()));
  auto& file = files[std::string(place)];
  file.name = place;
  file.functions += 1;
  file.functions_reached += reached > 0 ? 1 : 0;
  file.edges += edges;
  file.edges_reached += reached;
}

Result<std::vector<FileCoverage>> coverage_of(const Target& target,
                                              const std::vector<std::string>& more) {
  std::map<std::string, FileCoverage> files;
  const auto symbolizer = find_symbolizer();
  const std::string names = symbolizer.empty() ? "" : ":external_symbolizer_path=" + symbolizer;
  std::vector<std::string> command = {"env",
                                      "ASAN_OPTIONS=detect_leaks=0:symbolize=1" + names,
                                      target.program,
                                      "-runs=0",
                                      "-print_coverage=1",
                                      "-detect_leaks=0"};
  for (const auto& folder : corpus_folders(target)) {
    command.push_back(folder);
  }
  command.insert(command.end(), more.begin(), more.end());
  Limits limits;
  limits.total = 600s;
  limits.memory_mib = 8192;
  const auto ended = watch({.command = command,
                            .record = nullptr,
                            .limits = limits,
                            .on_line = [&](std::string_view line) { add_coverage(line, files); },
                            .stop = {}});
  if (!ended) {
    return std::unexpected(ended.error());
  }
  if (files.empty()) {
    return fail(Errc::malformed,
                fmt::format("'{}' tells no coverage: it is built without libFuzzer, without "
                            "instrumentation or without debug information, or died: {}",
                            target.program, ended->output.substr(0, 300)));
  }
  std::vector<FileCoverage> out;
  for (auto& [name, file] : files) {
    out.push_back(std::move(file));
  }
  std::ranges::sort(out, [](const FileCoverage& a, const FileCoverage& b) {
    return a.edges != b.edges ? a.edges > b.edges : a.name < b.name;
  });
  return out;
}

}  // namespace parley::fuzz
