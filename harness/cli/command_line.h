// SPDX-License-Identifier: GPL-3.0-or-later
// The command line: which options there are, what each may hold, which go together.
#pragma once

#include <functional>
#include <string>

#include "harness/cli/fuzz.h"
#include "harness/cli/options.h"
#include "harness/reference/reference.h"

namespace parley::cli {

// What carries the commands out.
struct Commands {
  std::function<ExitCode(const RunArguments&)> run;
  std::function<ExitCode(const RunArguments&)> selftest;
  std::function<ExitCode(const RunArguments&, const std::string& what)> list;
  std::function<ExitCode(const RunArguments&, const std::string& case_id)> show;
  std::function<ExitCode(const RunArguments& arguments, const std::string& party,
                         const std::string& file)>
      init;
  std::function<ExitCode(const RunArguments&)> doctor;
  std::function<ExitCode(const RunArguments&, const std::string& path)> replay;
  std::function<ExitCode(const RunArguments&, const std::string& folder)> report;
  std::function<ExitCode(const reference::Options&)> reference;
  FuzzCommands fuzz;
  std::function<ExitCode(const RunArguments&, const LiveArguments& live)> live;
};

// Calls the command that is named and returns its exit code. Help goes to the standard output, what
// is wrong to the standard error; then no command is called.
int run_command_line(int argc, const char* const* argv, const Commands& commands);

// What is wrong with the options of `run` together; empty: nothing. `arguments` hold what a resumed
// run was begun with; `given` is what stands on the command line.
std::string contradiction(const RunArguments& arguments);

}  // namespace parley::cli
