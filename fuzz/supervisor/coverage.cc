// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "fuzz/supervisor/inputs.h"
#include "fuzz/supervisor/libfuzzer.h"
#include "fuzz/supervisor/session.h"

namespace parley::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Cuts a number off the front; 0 where there is none.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return out;
}

bool has(const std::string& path, const Bytes& octets) {
  std::ifstream file(path, std::ios::binary);
  return std::equal(std::istreambuf_iterator<char>(file), {}, octets.begin(), octets.end());
}

// Passes over one corpus, each without the inputs that ended those before it.
class Measurement {
 public:
  Measurement(const Target& target, const Limits& limits, RecordFile record, const fs::path& work)
      : target_(target), limits_(limits), record_(std::move(record)), folder_(work / "inputs") {}

  Result<Coverage> of(const std::vector<std::string>& folders) {
    for (const auto& folder : folders) {
      auto inputs = inputs_below(folder);
      if (!inputs) {
        return std::unexpected(inputs.error());
      }
      std::ranges::move(*inputs, std::back_inserter(inputs_));
    }
    std::ranges::sort(inputs_);
    if (const auto gathered = gather(); !gathered) {
      return std::unexpected(gathered.error());
    }
    for (bool looked = false;;) {
      const auto ended = pass();
      if (!ended) {
        return std::unexpected(ended.error());
      }
      if (!judge_end(*ended, limits_)) {
        if (files_.empty()) {
          return fail(Errc::malformed, why_none(*ended));
        }
        return take();
      }
      if (!looked) {
        looked = true;
        const auto out = leave_out_each();
        if (!out) {
          return std::unexpected(out.error());
        }
        if (*out > 0) {
          continue;
        }
      }
      // It does so after others alone.
      if (!leave_out_last()) {
        return fail(Errc::malformed, fmt::format("'{}' died, of no input that is known: {}",
                                                 target_.program, ended->output.substr(0, 300)));
      }
    }
  }

 private:
  // The fuzzer follows links. Named by number: two folders may have files of one name.
  Result<void> gather() const {
    std::error_code error;
    fs::create_directories(folder_, error);
    for (std::size_t i = 0; i < inputs_.size() && !error; ++i) {
      fs::create_symlink(inputs_[i], link(i), error);
    }
    if (error) {
      return fail(Errc::io, fmt::format("'{}': {}", folder_.string(), error.message()));
    }
    return {};
  }

  fs::path link(std::size_t input) const { return folder_ / fmt::format("{:08}", input); }

  Result<Ended> pass() {
    files_.clear();
    record_.clear();
    limits_.total = 600s;
    auto ended = watch({.command = coverage_command(target_, folder_.string(), limits_,
                                                    record_.path(), find_symbolizer()),
                        .record = &record_,
                        .limits = outer_limits(limits_),
                        .on_line = [&](std::string_view line) { add_coverage(line, files_); },
                        .stop = {}});
    if (ended && ended->last.begun == 0 && !is_fuzzer(ended->output)) {
      return fail(Errc::unsupported, why_no_fuzzer(target_, ended->output));
    }
    return ended;
  }

  std::string why_none(const Ended& ended) const {
    return fmt::format("'{}' tells no coverage: {}: {}", target_.program,
                       ended.stopped_for == StoppedFor::total_time
                           ? "its corpus takes too long"
                           : "it is built without instrumentation or without debug information",
                       ended.output.substr(0, 300));
  }

  void leave_out(std::size_t input) {
    std::error_code error;
    if (fs::remove(link(input), error)) {
      left_out_.push_back(inputs_[input]);
    }
  }

  // Those that show a defect by themselves; how many.
  Result<std::size_t> leave_out_each() {
    const auto shown = replay_each(target_, inputs_, limits_, Leaks::ignored, record_);
    if (!shown) {
      return std::unexpected(shown.error());
    }
    for (const auto& one : *shown) {
      leave_out(one.which);
    }
    return shown->size();
  }

  // That with which a pass ended; false: it is none of them.
  bool leave_out_last() {
    const auto last = record_.last_input();
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      std::error_code error;
      if (fs::is_symlink(link(i), error) && has(inputs_[i], last)) {
        leave_out(i);
        return true;
      }
    }
    return false;
  }

  Coverage take() {
    Coverage out{.files = {}, .left_out = std::move(left_out_)};
    for (auto& [name, file] : files_) {
      out.files.push_back(std::move(file));
    }
    std::ranges::sort(out.files, [](const FileCoverage& a, const FileCoverage& b) {
      return a.edges != b.edges ? a.edges > b.edges : a.name < b.name;
    });
    std::ranges::sort(out.left_out);
    return out;
  }

  const Target& target_;
  Limits limits_;
  RecordFile record_;
  const fs::path folder_;
  std::vector<std::string> inputs_;
  std::map<std::string, FileCoverage> files_;
  std::vector<std::string> left_out_;
};

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

Result<Coverage> coverage_of(const Target& target, const std::vector<std::string>& more,
                             const Limits& limits, const std::string& work) {
  auto folders = corpus_folders(target);
  folders.insert(folders.end(), more.begin(), more.end());
  auto record = RecordFile::create((fs::path(work) / "record").string());
  if (!record) {
    return std::unexpected(record.error());
  }
  return Measurement(target, limits, std::move(*record), work).of(folders);
}

}  // namespace parley::fuzz
