// SPDX-License-Identifier: GPL-3.0-or-later
// What the commands take from the command line, and the commands. Each returns an exit code and
// prints its own output: only this floor prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/cli/exit_code.h"
#include "harness/engine/journal.h"
#include "harness/model/library.h"
#include "harness/reference/reference.h"

namespace parley::cli {

struct Selection {
  std::vector<std::string> suites;
  std::vector<std::string> cases;         // ids or globs
  std::vector<std::string> requirements;  // ids or globs
  std::string party;                      // only this party under test
};

struct RunArguments {
  std::set<std::string> given;  // options on the command line: "--case"
  std::string suites_folder;
  std::vector<std::string> case_files;  // beside it
  std::string program;                  // this program, to start the embedded reference
  std::vector<std::string> sut_files;   // two: Parley stands between them
  std::string profile = "xmpp";
  Selection selection;
  std::uint64_t seed = 1;
  std::size_t jobs = 32;
  std::size_t workers = 0;  // 0: as many as cores
  bool shuffle = false;
  int repeat = 1;
  std::string resume;
  std::string out;
  bool json = false;
  std::string junit;
  bool quiet = false;
  bool full = false;          // selftest: every fault against every case
  std::size_t parallel = 16;  // selftest: faults at once
  std::vector<std::string> faults;
  std::string null_mode;
  std::map<std::string, std::string> settings;  // of the profile
  std::chrono::milliseconds patience{0};
  bool unchecked = false;  // judge a SUT that fails the preflight all the same
};

// Of `parley fuzz live`, beside what it shares with `parley run`.
struct LiveArguments {
  std::vector<std::string> flows;  // names or globs
  int seconds = 600;
  std::uint64_t executions = 0;  // 0: as many as there is time for
};

ExitCode run(const RunArguments& arguments);
ExitCode fuzz_live(const RunArguments& arguments, const LiveArguments& live);
ExitCode selftest(const RunArguments& arguments);
ExitCode list(const RunArguments& arguments, const std::string& what);
ExitCode show(const RunArguments& arguments, const std::string& case_id);
ExitCode init(const RunArguments& arguments, const std::string& party, const std::string& file);
ExitCode doctor(const RunArguments& arguments);
ExitCode replay(const RunArguments& arguments, const std::string& path);
ExitCode report(const RunArguments& arguments, const std::string& folder);

// Unchecked: what the declaration names, or what was asked for.
std::string profile_of(const RunArguments& arguments);

// Loads the suites, printing what is wrong with them: all of them, or what `profile` has.
// Nullopt: usage error.
std::optional<model::Library> library_of(const RunArguments& arguments,
                                         const std::string& profile = {});

// Puts `settings` into `profile`, or says on the standard error what is wrong with them.
bool give(model::Library& library, const std::string& profile,
          const std::map<std::string, std::string>& settings);
// The same with what a recorded run was judged with, its token dictionary as it was then.
bool give(model::Library& library, const engine::Plan& plan);

// The cases selected, in order of id. Prints unknown selectors with the nearest names; nullopt
// then.
std::optional<std::vector<const model::Case*>> select(const model::Library& library,
                                                      const RunArguments& arguments);

}  // namespace parley::cli
