// SPDX-License-Identifier: GPL-3.0-or-later
// `parley fuzz`: what its commands take from the command line, and the commands. Each returns an
// exit code and prints its own output.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/supervisor/libfuzzer.h"
#include "harness/cli/exit_code.h"

namespace CLI {
class App;
}

namespace parley::cli {

struct FuzzArguments {
  std::string catalogue{};             // targets.json of a build
  std::vector<std::string> targets{};  // names or globs
  std::string target{};                // of commands that take one
  std::vector<std::string> files{};    // inputs, or folders of them
  std::string from{};                  // the folder of a run of `parley run`
  std::string suites_folder{};         // that the run was judged with
  int seconds = 60;                    // for each target
  std::uint64_t executions = 0;        // 0: as many as there is time for
  std::uint64_t seed = 1;
  int jobs = 1;  // targets at once
  std::string out{};
  std::vector<std::string> corpora{};
  fuzz::Leaks leaks = fuzz::Leaks::ignored;
  int input_seconds = 10;
  int memory_mib = 2048;
  int max_octets = 0;
  bool json = false;
  bool quiet = false;
};

// The list of the fuzz build that this program knows of: PARLEY_FUZZ_TARGETS, or that of its source
// tree.
std::string default_catalogue();

ExitCode fuzz_list(const FuzzArguments& arguments);
ExitCode fuzz_run(const FuzzArguments& arguments);
ExitCode fuzz_replay(const FuzzArguments& arguments);
ExitCode fuzz_minimize(const FuzzArguments& arguments);
ExitCode fuzz_triage(const FuzzArguments& arguments);
ExitCode fuzz_coverage(const FuzzArguments& arguments);
ExitCode fuzz_seeds(const FuzzArguments& arguments);

// What carries the commands out.
struct FuzzCommands {
  std::function<ExitCode(const FuzzArguments&)> list;
  std::function<ExitCode(const FuzzArguments&)> run;
  std::function<ExitCode(const FuzzArguments&)> replay;
  std::function<ExitCode(const FuzzArguments&)> minimize;
  std::function<ExitCode(const FuzzArguments&)> triage;
  std::function<ExitCode(const FuzzArguments&)> coverage;
  std::function<ExitCode(const FuzzArguments&)> seeds;
};

// Adds `fuzz` and its commands to `app`. The one that is named is put into `action`; `arguments`
// and `commands` outlive the app.
void add_fuzz(CLI::App& app, FuzzArguments& arguments, const FuzzCommands& commands,
              std::function<int()>& action);

}  // namespace parley::cli
