// SPDX-License-Identifier: GPL-3.0-or-later
// What the commands of `parley fuzz` share: which targets are meant, and how a finding reads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fuzz/supervisor/catalogue.h"
#include "fuzz/supervisor/defect.h"
#include "harness/cli/fuzz.h"

namespace parley::cli {

// The targets that `arguments` name, in order of name; all of them where it names none. Prints what
// is wrong (no fuzz build, an unknown name with the nearest ones); nullopt then.
std::optional<std::vector<fuzz::Target>> fuzz_targets(const FuzzArguments& arguments);

// Whether the programs of all `targets` are there; false after a message. Says too which of them
// has no corpus.
bool fuzz_can_run(const FuzzArguments& arguments, const std::vector<fuzz::Target>& targets);

// Whether a file can be made in `folder`; false after a message.
bool fuzz_can_write(const std::string& folder);
// The same, and makes it: before an hour is spent on what cannot be kept.
bool fuzz_can_make(const std::string& folder);

// The one target that is named, whose program is there; nullopt after a message.
std::optional<fuzz::Target> fuzz_target(const FuzzArguments& arguments);

fuzz::Limits fuzz_limits(const FuzzArguments& arguments);

// Of a target that a command could not run: `usage` where another program must be named.
ExitCode fuzz_exit_code(const Error& error);

// What is kept with a finding of a command called with `arguments`.
fuzz::RunOptions fuzz_options(const FuzzArguments& arguments);

// The command that shows a finding's input again, which lies in `file`.
std::string fuzz_again(const fuzz::Defect& defect, const std::string& file);

// The command that fuzzes on in the folder `out` of a run that was stopped: for the whole time
// again.
std::string fuzz_go_on(const FuzzArguments& arguments, const std::string& out);

// The same finding with where its input lies, below `findings_folder`, and the command.
fuzz::Defect fuzz_offered(fuzz::Defect defect, const std::string& findings_folder);

// A finding for people, as fuzz_offered() has made it: what, where, how often, its input and the
// commands that show it again.
std::string fuzz_finding(const fuzz::Target& target, const fuzz::Defect& defect);

// Where the inputs of one finding ended, in one line; empty: unknown.
std::string fuzz_places(const fuzz::Defect& defect);

// The files below what is named, sorted within each folder; of a finding's folder or a run's the
// inputs alone. Nullopt after a message: there is none, or a folder cannot be read.
std::optional<std::vector<std::string>> fuzz_inputs(const FuzzArguments& arguments);

}  // namespace parley::cli
