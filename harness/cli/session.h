// SPDX-License-Identifier: GPL-3.0-or-later
// One judged run from arguments to results; `run` and `selftest` share it.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/cli/options.h"
#include "harness/engine/scheduler.h"
#include "harness/sut/preflight.h"

namespace parley::cli {

// The declarations to judge: the user's, or the embedded reference for each party that has cases.
std::map<model::Party, model::Declaration> reference_declarations(
    const RunArguments& arguments, const model::Library& library,
    const std::vector<const model::Case*>& cases);

struct Session {
  const model::Library& library;
  std::map<model::Party, model::Declaration> declarations;
  std::vector<model::Party> suts{};  // see engine::Job
  std::vector<std::string> faults;   // of the reference
  engine::SchedulerOptions options;
  engine::Watcher watch;
  std::function<bool()> stop{};  // see engine::Job
};

struct JudgedSession {
  engine::Outcome outcome;
  std::size_t useless_notices = 0;  // of the drivers; why stands in the run's driver.log
};
// Errors: as engine::carry_out.
Result<JudgedSession> judge_session(const Session& session, engine::Journal& journal);

engine::SchedulerOptions scheduler_options(const RunArguments& arguments);

// What `parley doctor` checks, for a run by so many `workers`. Errors: refused when SIGINT or
// SIGTERM stopped it; the harness's own.
Result<std::vector<sut::Check>> preflight_of(const model::Declaration& declaration,
                                             const model::Profile& profile, std::size_t workers);
// Says why there are no checks. Returns the exit code of that.
ExitCode print_no_checks(const model::Declaration& declaration, const Error& error);
void print_check(std::FILE* to, const sut::Check& check);
// Nullopt: ready. Else says on the standard error what is wrong: judging a SUT that is not there
// would tell nothing, case after case.
std::optional<ExitCode> unready(const model::Declaration& declaration,
                                const model::Library& library, std::size_t workers);

// A pass becomes flaky where the SUT fell silent beside other cases though the machine was not
// busy, and where the verdicts of the case's repetitions differ. Returns the cases of the latter.
std::vector<std::string> mark_flaky(std::vector<engine::CaseResult>& results);
// Says on the standard error which cases were judged again because `sut` fell silent.
void warn_of_silence(const std::string& sut, const std::vector<engine::CaseResult>& results);
// Of a run in which each planned case has its verdict. Says on the standard error why it is not ok
// where the report does not.
ExitCode exit_code_of(const engine::RunSummary& summary);

// Whether `file` can be opened for writing; says so on the standard error if not. Makes it.
bool can_write(const std::string& file);
// Errors: io, naming the file.
Result<void> write_text(const std::filesystem::path& file, const std::string& text);

// `word` as one word of a shell's command line.
std::string quoted(const std::string& word);
// What goes on with the run in `folder`.
std::string resume_command(const RunArguments& arguments, const std::string& folder);

// A folder for a run: --out, or out/<time> below the working directory.
std::string run_folder(const RunArguments& arguments);

}  // namespace parley::cli
