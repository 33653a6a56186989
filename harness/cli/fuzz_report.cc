// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/fuzz_report.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "fuzz/supervisor/sarif.h"
#include "harness/base/text.h"
#include "harness/cli/fuzz_targets.h"
#include "harness/cli/session.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t kMostSessionOctets = 64 * 1024;
constexpr int kDeepestOfSession = 4;  // what lies deeper is left out

std::string_view to_word(fuzz::SessionEnd end) {
  switch (end) {
    case fuzz::SessionEnd::time:
      return "time";
    case fuzz::SessionEnd::executions:
      return "executions";
    case fuzz::SessionEnd::stopped:
      return "stopped";
    case fuzz::SessionEnd::disk_full:
      return "disk-full";
    case fuzz::SessionEnd::dies_at_once:
      return "dies-at-once";
    case fuzz::SessionEnd::cannot_run:
      return "cannot-run";
    case fuzz::SessionEnd::unfit:
      return "unfit";
  }
  return "";
}

ordered_json json_of(const FuzzArguments& arguments, const FuzzDone& done) {
  const auto& last = done.result.last;
  return {{"target", done.target.name},
          {"end", to_word(done.result.end)},
          {"why", printable(done.result.why, 1000)},
          {"warning", printable(done.result.warning, 1000)},
          {"executions", last.executions},
          {"took_ms", last.took.count()},
          {"edges", last.status.edges},
          {"features", last.status.features},
          {"corpus", last.status.corpus},
          {"run", fuzz::json_of(fuzz_options(arguments))}};
}

// How a target's run went that this one knows of by its folder alone.
ordered_json json_of_earlier(const fs::path& folder) {
  std::ifstream file(folder / "session.json", std::ios::binary);
  std::string text(kMostSessionOctets + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() <= kMostSessionOctets) {
    const auto shallow = [](int depth, auto, auto&) { return depth < kDeepestOfSession; };
    auto out = ordered_json::parse(text, shallow, false);
    if (out.is_object()) {
      out["target"] = printable(folder.filename().string());
      return out;
    }
  }
  // It was killed, goes on at this moment, or holds what no run has written.
  return {{"target", printable(folder.filename().string())}, {"end", "unfinished"}};
}

// Names of the folders in `out` that a run of a target has made.
std::vector<std::string> targets_in(const fs::path& out) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(out, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (fs::is_directory(at->path() / "findings", ignored)) {
      names.push_back(at->path().filename().string());
    }
  }
  return names;
}

// Each target's entry, by name.
using Entries = std::map<std::string, ordered_json>;

Result<Entries> entries_of(const FuzzArguments& arguments, const std::vector<FuzzDone>& done,
                           const fs::path& out) {
  Entries entries;
  for (const auto& one : done) {
    auto entry = json_of(arguments, one);
    std::error_code error;
    const auto folder = out / one.target.name;
    if (fs::is_directory(folder, error)) {
      if (auto written = write_text(folder / "session.json", entry.dump(2) + "\n"); !written) {
        return std::unexpected(written.error());
      }
    }
    entry["earlier"] = false;
    entries[one.target.name] = std::move(entry);
  }
  for (const auto& name : targets_in(out)) {
    if (!entries.contains(name)) {
      entries[name] = json_of_earlier(out / name);
      entries[name]["earlier"] = true;
    }
  }
  return entries;
}

std::vector<fuzz::Defect> defects_of(const std::string& target, const fs::path& out) {
  const auto folder = (out / target / "findings").string();
  std::vector<fuzz::Defect> defects;
  for (auto& defect : fuzz::load_defects(folder)) {
    defect.target = target;
    defects.push_back(fuzz_offered(std::move(defect), folder));
  }
  return defects;
}

}  // namespace

Result<std::string> write_fuzz_report(const FuzzArguments& arguments,
                                      const std::vector<FuzzDone>& done, const std::string& out) {
  auto entries = entries_of(arguments, done, out);
  if (!entries) {
    return std::unexpected(entries.error());
  }
  auto targets = ordered_json::array();
  std::vector<fuzz::Defect> all;
  for (auto& [name, entry] : *entries) {
    auto defects = defects_of(name, out);
    entry["findings"] = ordered_json::parse(fuzz::to_json(defects));
    targets.push_back(std::move(entry));
    std::ranges::move(defects, std::back_inserter(all));
  }
  auto report = targets.dump(2) + "\n";
  auto written = write_text(fs::path(out) / "findings.json", report);
  if (written) {
    written = write_text(fs::path(out) / "findings.sarif", fuzz::to_sarif(all, PARLEY_VERSION));
  }
  if (!written) {
    return std::unexpected(written.error());
  }
  return report;
}

}  // namespace parley::cli
