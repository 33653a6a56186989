// SPDX-License-Identifier: GPL-3.0-or-later
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>

#include "harness/cli/fuzz.h"
#include "harness/cli/option_checks.h"

namespace parley::cli {
namespace {

class FuzzOptions {
 public:
  FuzzOptions(CLI::App& fuzz, FuzzArguments& arguments, std::function<int()>& action)
      : fuzz_(fuzz), arguments_(arguments), action_(action) {}

  CLI::App* command(const char* name, const char* what,
                    const std::function<ExitCode(const FuzzArguments&)>& carried_out) {
    auto* out = fuzz_.add_subcommand(name, what);
    out->callback([&arguments = arguments_, &action = action_, &carried_out] {
      action = [&arguments, &carried_out] { return static_cast<int>(carried_out(arguments)); };
    });
    out->add_option("--targets", arguments_.catalogue, "targets.json of a fuzz build")
        ->capture_default_str();
    return out;
  }

  void limits(CLI::App& command) {
    command.add_option("--input-seconds", arguments_.input_seconds, "Longest time for one input")
        ->capture_default_str()
        ->check(CLI::Range(1, 3600));
    command.add_option("--memory-mib", arguments_.memory_mib, "Most memory for one target")
        ->capture_default_str()
        ->check(CLI::Range(64, 1024 * 1024));
    command.add_flag_callback(
        "--leaks", [&arguments = arguments_] { arguments.leaks = fuzz::Leaks::reported; },
        "Report leaks: they end a round, so deeper defects are found without");
  }

  void seconds(CLI::App& command, const char* what) {
    command.add_option("--seconds", arguments_.seconds, what)
        ->capture_default_str()
        ->check(CLI::Range(1, kMostSeconds));
  }

  void out(CLI::App& command, const char* what) {
    command.add_option("--out", arguments_.out, what);
  }

  void json(CLI::App& command) { command.add_flag("--json", arguments_.json, "Print JSON"); }

 private:
  CLI::App& fuzz_;
  FuzzArguments& arguments_;
  std::function<int()>& action_;
};

void add_run(FuzzOptions& options, FuzzArguments& arguments, const FuzzCommands& commands) {
  auto* run = options.command("run", "Fuzz targets, and say what was found", commands.run);
  run->add_option("target", arguments.targets, "Names or globs; all of them without");
  options.seconds(*run, "Time for each target");
  run->add_option("--executions", arguments.executions,
                  "Inputs for each target; 0: as many as there is time for")
      ->capture_default_str()
      ->check(kSeed);
  run->add_option(
         "--seed", arguments.seed,
         "Fixes what the fuzzer draws: with --executions and one job a run can be repeated")
      ->capture_default_str()
      ->check(kSeed);
  run->add_option("--jobs", arguments.jobs, "Targets at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  run->add_option("--corpus", arguments.corpora, "More folders of inputs; they are only read")
      ->check(CLI::ExistingDirectory);
  run->add_option("--max-octets", arguments.max_octets,
                  "Longest input; 0: as long as the corpus has them")
      ->check(CLI::Range(0, 1 << 20));
  options.limits(*run);
  options.out(*run,
              "Folder of corpora and findings, which goes on where one is given again "
              "(default: out/fuzz-<time>)");
  options.json(*run);
  run->add_flag("--quiet", arguments.quiet, "No progress");
}

void add_others(FuzzOptions& options, FuzzArguments& arguments, const FuzzCommands& commands) {
  auto* list =
      options.command("list", "Targets: oracle, corpus, mutator, least edges", commands.list);
  list->add_option("target", arguments.targets, "Names or globs; all of them without");
  options.json(*list);
  auto* replay =
      options.command("replay", "Run inputs through a target, without fuzzing", commands.replay);
  auto* minimize =
      options.command("minimize", "Make an input small that shows a defect", commands.minimize);
  auto* triage = options.command(
      "triage", "Run inputs through a target and say which show the same defect", commands.triage);
  for (auto* one : {replay, minimize, triage}) {
    one->add_option("target", arguments.target, "Its name")->required();
    one->add_option("file", arguments.files, "Inputs, or folders of them")
        ->required()
        ->check(CLI::ExistingPath);
    options.limits(*one);
  }
  options.out(*minimize, "Where the small input goes, a new file (default: FILE.min)");
  options.out(*triage, "A folder for the findings, one of each defect");
  options.json(*triage);
  auto* coverage = options.command(
      "coverage", "How much of each file's functions a target's corpus reaches", commands.coverage);
  coverage->add_option("target", arguments.target, "Its name")->required();
  coverage->add_option("--corpus", arguments.corpora, "More folders of inputs")
      ->check(CLI::ExistingDirectory);
  options.json(*coverage);
}

void add_seeds(FuzzOptions& options, FuzzArguments& arguments, const FuzzCommands& commands) {
  auto* seeds = options.command(
      "seeds", "Make seeds of what a run has recorded, few and with names", commands.seeds);
  seeds->add_option("target", arguments.targets, "Names or globs; all of them without");
  seeds->add_option("--from", arguments.from, "The run's folder")
      ->required()
      ->check(CLI::ExistingDirectory);
  options.out(*seeds,
              "A new folder, with one below it for each target (default: out/seeds-<time>)");
}

}  // namespace

std::string default_catalogue() {
  const char* named = std::getenv("PARLEY_FUZZ_TARGETS");
  return named == nullptr ? PARLEY_FUZZ_CATALOGUE : named;
}

void add_fuzz(CLI::App& app, FuzzArguments& arguments, const FuzzCommands& commands,
              std::function<int()>& action) {
  arguments.catalogue = default_catalogue();
  auto* fuzz = app.add_subcommand("fuzz", "Fuzz the parsers: list, run, replay, minimize, …");
  fuzz->require_subcommand(1);
  fuzz->footer(exit_code_table() +
               "\nFirst steps:\n"
               "  ci/build fuzz fuzz_targets                    build the targets\n"
               "  parley fuzz list                              what there is\n"
               "  parley fuzz run xml_reader --seconds 600      fuzz one of them\n"
               "  parley fuzz run xml_reader --out FOLDER       go on in a folder of before\n"
               "  parley fuzz replay xml_reader FILE            what an input does\n"
               "  parley fuzz live --sut sut.yaml               fuzz a system over its protocol\n");
  FuzzOptions options(*fuzz, arguments, action);
  add_run(options, arguments, commands);
  add_others(options, arguments, commands);
  add_seeds(options, arguments, commands);
}

}  // namespace parley::cli
