// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "harness/base/text.h"
#include "harness/cli/option_checks.h"
#include "harness/cli/output.h"
#include "harness/sut/pool.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

std::string own_path() {
  std::error_code error;
  const auto path = fs::read_symlink("/proc/self/exe", error);
  return error ? "parley" : path.string();
}

// --suites, PARLEY_SUITES, beside the installed program, or the source tree it was built from.
std::string default_suites() {
  if (const char* named = std::getenv("PARLEY_SUITES")) {
    return named;
  }
  const auto installed = fs::path(own_path()).parent_path() / "../share/parley/suites";
  std::error_code error;
  return fs::is_directory(installed, error) ? installed.lexically_normal().string()
                                            : PARLEY_SUITES_FOLDER;
}

std::string footer() {
  return exit_code_table() +
         "\nFirst steps:\n  parley run                          judge the embedded reference\n"
         "  parley init gatekeeper.server       write a commented sut.yaml\n"
         "  parley doctor --sut sut.yaml        check it\n"
         "  parley run --sut sut.yaml           judge your system\n"
         "  parley run --sut a.yaml --sut b.yaml  judge two, Parley between them\n";
}

void add_selection(CLI::App& app, RunArguments& arguments) {
  app.add_option("--suite", arguments.selection.suites, "Only these suites")->delimiter(',');
  app.add_option("--case", arguments.selection.cases, "Only these cases: ids or globs")
      ->delimiter(',');
  app.add_option("--requirement", arguments.selection.requirements,
                 "Only cases of these requirements: ids or globs")
      ->delimiter(',');
  app.add_option("--party", arguments.selection.party, "Only cases with this party under test");
  app.add_option("--profile", arguments.profile, "The dialect")->capture_default_str();
}

void add_run_options(CLI::App& app, RunArguments& arguments) {
  add_selection(app, arguments);
  app.add_option("--seed", arguments.seed,
                 "Fixes our choices in each case, keys included; not which case carries out a run "
                 "that several share. With --sut another one is drawn for each run: a SUT that "
                 "has seen a seed's ids and keys takes them for resends and replays")
      ->capture_default_str()
      ->check(kSeed);
  app.add_option("--jobs", arguments.jobs, "Cases at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--workers", arguments.workers, "Threads; 0: one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  app.add_option("--out", arguments.out,
                 "Folder for journal, transcripts and reports (default: out/<time>)");
  app.add_option_function<int>(
         "--patience-ms",
         [&arguments](int value) { arguments.patience = std::chrono::milliseconds(value); },
         "Least time to wait for an answer; grows with the slowest answer seen")
      ->check(CLI::Range(1, 3'600'000));
  app.add_flag("--json", arguments.json, "Print JSON");
  app.add_flag("--quiet", arguments.quiet, "No progress");
}

reference::NullMode null_mode(const std::string& name) {
  using reference::NullMode;
  if (name == "silent") {
    return NullMode::silent;
  }
  if (name == "hang-up") {
    return NullMode::hang_up;
  }
  if (name == "refuse-all") {
    return NullMode::refuse_all;
  }
  return name == "accept-all" ? NullMode::accept_all : NullMode::none;
}

// The commands, each with its options and what it calls.
class Program {
 public:
  explicit Program(const Commands& commands) : commands_(commands) {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(footer());
    app_.set_version_flag("--version", std::string("parley ") + PARLEY_VERSION);
    arguments_.program = own_path();
    arguments_.suites_folder = default_suites();
    app_.add_option("--suites", arguments_.suites_folder, "The suites folder")
        ->capture_default_str();
    app_.add_option("--cases", arguments_.case_files,
                    "More case files, or folders of them, as 'parley fuzz live' writes them: their "
                    "cases are own/CASE")
        ->check(CLI::ExistingPath)
        ->allow_extra_args(false);
    add_run();
    add_queries();
    add_reference();
    add_fuzz(app_, fuzz_, commands_.fuzz, action_);
    add_live();
    refuse_empty(app_);
  }

  int run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const auto unknown = error.get_exit_code() == 0 ? "" : unknown_command();
      if (!unknown.empty()) {
        put(stderr, "parley: {}\nRun with --help for more information.\n", unknown);
        return static_cast<int>(ExitCode::usage);
      }
      const int code = app_.exit(error);
      return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    fuzz_.suites_folder = arguments_.suites_folder;
    return action_ ? action_() : static_cast<int>(ExitCode::usage);
  }

 private:
  static void refuse_empty(CLI::App& app) {
    for (auto* command : app.get_subcommands(nullptr)) {
      refuse_empty(*command);
    }
    for (auto* option : app.get_options()) {
      if (option->get_items_expected_max() > 0) {
        option->check(kNotEmpty);
      }
    }
  }

  // A word where one of several commands should stand; empty: that is not what is wrong.
  std::string unknown_command() {
    CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) {
      command = command->get_subcommands().front();
    }
    std::vector<std::string> known;
    for (const auto* one : command->get_subcommands(nullptr)) {
      known.push_back(one->get_name());
    }
    const auto words = app_.remaining(true);
    if (known.empty() || words.empty() || words.front().starts_with('-')) {
      return "";
    }
    const auto* kind = command == &app_ ? "command" : "subcommand of fuzz";
    return unknown_name(kind, words.front(), known);
  }

  template <class Action>
  void on(CLI::App* command, Action action) {
    command->callback([this, command, action] {
      note_given(app_);
      note_given(*command);
      action_ = [action] { return static_cast<int>(action()); };
    });
  }

  void note_given(const CLI::App& app) {
    for (const auto* option : app.get_options()) {
      if (option->count() > 0) {
        arguments_.given.insert(option->get_name());
      }
    }
  }

  void add_settings(CLI::App& command) {
    command
        .add_option_function<std::vector<std::string>>(
            "--set",
            [this](const std::vector<std::string>& pairs) {
              for (const auto& pair : pairs) {
                const auto at = std::min(pair.find('='), pair.size());
                arguments_.settings[pair.substr(0, at)] =
                    at == pair.size() ? "" : pair.substr(at + 1);
              }
            },
            "NAME=VALUE of a setting of the profile (parley list settings)")
        ->take_all();
  }

  void add_run() {
    auto* run = app_.add_subcommand("run", "Judge a SUT, or the embedded reference without --sut");
    add_run_options(*run, arguments_);
    run->add_option("--sut", arguments_.sut_files,
                    "The declaration (sut.yaml); two of them, a server's and a client's: Parley "
                    "stands between a gatekeeper and a client and judges what goes on, or is the "
                    "gatekeeper of a third party's server and its client")
        ->allow_extra_args(false);
    run->add_flag(
        "--shuffle", arguments_.shuffle,
        "In an order drawn from the seed, but for cases that may take long: they begin first");
    run->add_option("--repeat", arguments_.repeat, "Judge every case so often")
        ->check(CLI::Range(1, 10000));
    add_settings(*run);
    run->add_option("--resume", arguments_.resume, "Go on with the run in this folder");
    run->add_option("--junit", arguments_.junit, "Write a JUnit report here too");
    run->add_flag("--no-preflight", arguments_.unchecked,
                  "Judge a declared SUT even where 'parley doctor' would complain");
    run->add_option("--fault", arguments_.faults, "Faults of the embedded reference")
        ->delimiter(',');
    run->add_option("--null", arguments_.null_mode,
                    "Instead of the reference: silent, hang-up, refuse-all, accept-all")
        ->check(CLI::IsMember({"silent", "hang-up", "refuse-all", "accept-all"}));
    on(run, [this] { return commands_.run(arguments_); });
    auto* selftest =
        app_.add_subcommand("selftest", "Kill matrix, null SUTs, reference in shuffled order");
    add_run_options(*selftest, arguments_);
    selftest->add_flag("--full", arguments_.full,
                       "Every fault against every case, not only those of suites/kill-plan.json");
    add_settings(*selftest);
    selftest->add_option("--parallel", arguments_.parallel, "Faults judged side by side")
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
    on(selftest, [this] { return commands_.selftest(arguments_); });
  }

  void add_live() {
    auto* live = app_.get_subcommand("fuzz")->add_subcommand(
        "live",
        "Fuzz a SUT over its protocol, or the embedded reference without --sut: steps of flows "
        "are mutated, and what the SUT does not live through is written out as a case");
    add_run_options(*live, arguments_);
    live->get_option("--out")->description("Folder for findings (default: out/live-<time>)");
    live->add_option("--sut", arguments_.sut_files, "The declaration (sut.yaml)")
        ->allow_extra_args(false);
    live->add_option("--flow", live_.flows, "Only steps of these flows: names or globs")
        ->delimiter(',');
    live->add_option("--seconds", live_.seconds, "Time")
        ->capture_default_str()
        ->check(CLI::Range(1, kMostSeconds));
    live->add_option(
            "--executions", live_.executions,
            "Mutated steps; 0: as many as there is time for. The same seed draws the same steps")
        ->capture_default_str()
        ->check(kSeed);
    add_settings(*live);
    live->add_flag("--no-preflight", arguments_.unchecked,
                   "Fuzz a declared SUT even where 'parley doctor' would complain");
    live->add_option("--fault", arguments_.faults, "Faults of the embedded reference")
        ->delimiter(',');
    on(live, [this] { return commands_.live(arguments_, live_); });
  }

  void add_queries() {
    auto* list = app_.add_subcommand(
        "list",
        "suites, cases, requirements, flows, faults, profiles, settings, monitors or "
        "forgeries");
    add_selection(*list, arguments_);
    list->add_flag("--json", arguments_.json, "Print JSON");
    list->add_option("what", word_, "What to list")->required();
    on(list, [this] { return commands_.list(arguments_, word_); });
    auto* show = app_.add_subcommand(
        "show", "One case: requirement, flow as a ladder, change, what must follow");
    show->add_flag("--json", arguments_.json, "Print JSON");
    show->add_option("case", word_, "The case's id")->required();
    on(show, [this] { return commands_.show(arguments_, word_); });
    auto* init = app_.add_subcommand("init", "Write a commented sut.yaml for the party under test");
    init->add_option(
            "party", word_,
            "gatekeeper.server, third-party.client, third-party.server or gatekeeper.client")
        ->required();
    init->add_option("--profile", arguments_.profile, "The dialect")->capture_default_str();
    init->add_option("--file", file_, "Where")->capture_default_str();
    on(init, [this] { return commands_.init(arguments_, word_, file_); });
    auto* doctor = app_.add_subcommand(
        "doctor", "Check addresses, certificates, accounts and driver before a run");
    doctor
        ->add_option("--sut", arguments_.sut_files,
                     "The declaration (sut.yaml); two, as for 'parley run'")
        ->required()
        ->allow_extra_args(false);
    doctor->add_flag("--json", arguments_.json, "Print JSON");
    on(doctor, [this] { return commands_.doctor(arguments_); });
    auto* replay =
        app_.add_subcommand("replay", "Judge a recorded transcript again, without the SUT");
    replay->add_option("path", word_, "RUN/CASE: the run's folder and the case's id")->required();
    replay->add_flag("--json", arguments_.json, "Print JSON");
    replay->add_flag("--full", arguments_.full, "Every octet in the ladder");
    on(replay, [this] { return commands_.replay(arguments_, word_); });
    auto* report = app_.add_subcommand("report", "Print a recorded run's report again");
    report->add_option("run", word_, "The run's folder")->required();
    auto* json = report->add_flag("--json", arguments_.json, "Print JSON");
    auto* junit = report->add_option("--junit", arguments_.junit, "Write a JUnit report here");
    auto* cases = report
                      ->add_option("--case", arguments_.selection.cases,
                                   "Only these cases (ids or globs), each with its ladder")
                      ->delimiter(',')
                      ->excludes(json)
                      ->excludes(junit);
    report->add_flag("--full", arguments_.full, "Every octet in the ladders")->needs(cases);
    on(report, [this] { return commands_.report(arguments_, word_); });
  }

  void add_reference() {
    auto* reference =
        app_.add_subcommand("reference", "Run a reference party as a program of its own");
    reference
        ->add_option(
            "--party", reference_.party,
            "gatekeeper.server, third-party.client, third-party.server or gatekeeper.client")
        ->required()
        ->check(CLI::IsMember(
            {"gatekeeper.server", "third-party.client", "third-party.server", "gatekeeper.client"}))
        ->transform(CLI::Transformer(
            std::map<std::string, std::string>{{"gatekeeper", "gatekeeper.server"}}));
    reference
        ->add_option("--profile", reference_.profile, "The dialect: xmpp, whatsapp or messenger")
        ->capture_default_str();
    reference->add_option("--domain", reference_.domain, "The gatekeeper's domain")
        ->capture_default_str();
    reference->add_option(
        "--port", reference_.port,
        "The gatekeeper's port, of STARTTLS or of frames on TCP; 0: any free one");
    reference
        ->add_option("--fault", reference_.faults, "Faults for every user (parley list faults)")
        ->delimiter(',');
    reference->add_option("--null", word_, "A SUT that implements nothing")
        ->check(CLI::IsMember({"silent", "hang-up", "refuse-all", "accept-all"}));
    reference->add_option("--accounts", file_,
                          "Who exists at the gatekeeper: user,password a line (default: everybody, "
                          "with the password pw-USER)");
    reference->add_option("--tokens", tokens_,
                          "The file of the token dictionary (default: strings go literally)");
    reference->add_option("--state-dir", reference_.state_dir, "Where ca.pem is written");
    reference->add_flag("--driver", driver_, "Speak the driver protocol on the standard streams");
    on(reference, [this] {
      reference_.driver = driver_;
      reference_.null_mode = null_mode(word_);
      if (arguments_.given.contains("--accounts")) {
        const auto pool = sut::load_pool(file_);
        if (!pool) {
          put(stderr, "parley: {}\n", pool.error().detail);
          return ExitCode::usage;
        }
        for (const auto& one : *pool) {
          reference_.accounts.push_back({.user = one.user, .password = one.password});
        }
      }
      if (!tokens_.empty()) {
        auto tokens = wire::Tokens::load(tokens_);
        if (!tokens) {
          put(stderr, "parley: {}\n", tokens.error().detail);
          return ExitCode::usage;
        }
        reference_.tokens = std::move(*tokens);
      }
      return commands_.reference(reference_);
    });
  }

  const Commands& commands_;
  CLI::App app_{"Parley: conformance and fuzz tests for messaging interoperability"};
  RunArguments arguments_;
  reference::Options reference_;
  FuzzArguments fuzz_;
  LiveArguments live_;
  std::string tokens_;
  std::string word_;
  std::string file_ = "sut.yaml";
  bool driver_ = false;
  std::function<int()> action_;
};

}  // namespace

int run_command_line(int argc, const char* const* argv, const Commands& commands) {
  return Program(commands).run(argc, argv);
}

std::string contradiction(const RunArguments& arguments) {
  for (const auto* option :
       {"--case", "--suite", "--requirement", "--party", "--profile", "--seed", "--repeat",
        "--shuffle", "--sut", "--out", "--fault", "--null", "--set", "--cases"}) {
    if (!arguments.resume.empty() && arguments.given.contains(option)) {
      return fmt::format("--resume takes everything from the run's plan; leave out {}", option);
    }
  }
  for (const auto* option : {"--fault", "--null"}) {
    if (!arguments.sut_files.empty() && arguments.given.contains(option)) {
      return fmt::format("{} is for the embedded reference; leave out --sut or {}", option, option);
    }
  }
  std::vector<std::string> known;
  for (const auto& fault : reference::faults()) {
    known.emplace_back(fault.name);
  }
  for (const auto& fault : arguments.faults) {
    if (std::ranges::count(known, fault) == 0) {
      return unknown_name("fault", fault, known);
    }
  }
  return "";
}

}  // namespace parley::cli
