// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "fuzz/supervisor/merge.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/fuzz_targets.h"
#include "harness/cli/options.h"
#include "harness/cli/output.h"
#include "harness/cli/seed_source.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

// By target, then by the octets: the first name stays.
using Seeds = std::map<std::string, std::map<Bytes, std::string>>;

// Nullopt after a message.
std::optional<Seeds> seeds_of_folder(const std::string& folder, const std::string& suites) {
  RunArguments arguments;
  arguments.suites_folder = suites;
  const auto record = engine::Journal::load(folder);
  if (!record) {
    put(stderr, "parley: {}\n", record.error().detail);
    return std::nullopt;
  }
  arguments.case_files = record->plan.case_files;
  auto library = library_of(arguments);
  if (!library) {
    return std::nullopt;
  }
  if (!give(*library, record->plan)) {
    return std::nullopt;
  }
  Seeds out;
  for (const auto& result : record->done) {
    const auto* one = library->find_case(result.id);
    const auto transcript = engine::load_transcript(engine::transcript_path(folder, result));
    if (one == nullptr || !transcript) {
      put(stderr, "parley: {} is left out: {}\n", printable(result.id),
          one == nullptr ? "the suites do not hold it any more" : transcript.error().detail);
      continue;
    }
    const auto again = result.repetition == 0 ? "" : fmt::format("-{}", result.repetition);
    for (auto& seed : seeds_of(*one, *library, *transcript)) {
      out[seed.target].try_emplace(std::move(seed.octets), seed.name + again);
    }
  }
  return out;
}

bool write_all(const std::map<Bytes, std::string>& seeds, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  for (const auto& [octets, name] : seeds) {
    std::ofstream file(folder / name, std::ios::binary);
    file << octets;
    if (!file.flush()) {
      put(stderr, "parley: {} cannot be written\n", (folder / name).string());
      return false;
    }
  }
  return true;
}

// Takes away what reaches nothing new; says why where that cannot be told.
std::string reduced(const fuzz::Target& target, const fs::path& folder) {
  const auto work = folder.string() + ".merge";
  std::error_code error;
  fs::create_directories(work, error);
  const auto kept = fuzz::set_cover(target, folder.string(), work);
  fs::remove_all(work, error);
  if (!kept) {
    return fmt::format("all are kept: {}", kept.error().detail);
  }
  for (const auto& file : fs::directory_iterator(folder, error)) {
    if (!std::ranges::binary_search(*kept, file.path().string())) {
      fs::remove(file.path(), error);
    }
  }
  return fmt::format("{} reach what the corpus does not", kept->size());
}

std::string seeds_folder(const FuzzArguments& arguments) {
  if (!arguments.out.empty()) {
    return arguments.out;
  }
  return fmt::format("out/seeds-{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
}

bool is_free(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) || fs::is_empty(folder, error)) {
    return true;
  }
  put(stderr, "parley: {} is there and not empty: --out names a new folder\n", folder);
  return false;
}

}  // namespace

ExitCode fuzz_seeds(const FuzzArguments& arguments) {
  const auto targets = fuzz_targets(arguments);
  const auto out = seeds_folder(arguments);
  if (!targets || !is_free(out)) {
    return ExitCode::usage;
  }
  const auto seeds = seeds_of_folder(arguments.from, arguments.suites_folder);
  if (!seeds) {
    return ExitCode::usage;
  }
  if (const auto made = make_private_folder(out); !made) {
    put(stderr, "parley: {}\n", made.error().detail);
    return ExitCode::usage;
  }
  std::size_t written = 0;
  for (const auto& target : *targets) {
    // A vendor's target reads what that one of ours does whose corpus it has.
    const auto found = seeds->find(fs::path(target.corpus).filename().string());
    if (found == seeds->end()) {
      continue;
    }
    const auto folder = fs::path(out) / target.name;
    if (!write_all(found->second, folder)) {
      return ExitCode::harness_error;
    }
    put(stdout, "{:16} {} of the run, {}\n", target.name, found->second.size(),
        reduced(target, folder));
    written += found->second.size();
  }
  if (written == 0) {
    put(stderr, "parley: the run holds nothing that these targets read\n");
    return ExitCode::nothing_judged;
  }
  put(stdout, "they hold what the run held, passwords and tokens too\n");
  put(stdout, "in {}: parley fuzz run TARGET --corpus {}/TARGET\n", out, out);
  return ExitCode::ok;
}

}  // namespace parley::cli
