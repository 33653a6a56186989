// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "harness/cli/command_line.h"
#include "harness/cli/output.h"

namespace {

using parley::cli::ExitCode;

parley::cli::Commands commands() {
  return {
      .run = parley::cli::run,
      .selftest = parley::cli::selftest,
      .list = parley::cli::list,
      .show = parley::cli::show,
      .init = parley::cli::init,
      .doctor = parley::cli::doctor,
      .replay = parley::cli::replay,
      .report = parley::cli::report,
      .reference =
          [](const parley::reference::Options& options) {
            return static_cast<ExitCode>(parley::reference::run(options));
          },
      .fuzz = {.list = parley::cli::fuzz_list,
               .run = parley::cli::fuzz_run,
               .replay = parley::cli::fuzz_replay,
               .minimize = parley::cli::fuzz_minimize,
               .triage = parley::cli::fuzz_triage,
               .coverage = parley::cli::fuzz_coverage,
               .seeds = parley::cli::fuzz_seeds},
      .live = parley::cli::fuzz_live,
  };
}

// Why the standard output did not take everything; 0: it did.
int output_error() {
  if (std::ferror(stdout) != 0) {
    (void)std::fputc('\n', stdout);  // an earlier write failed: this one fails for the same reason
  }
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return 0;
  }
  return errno == 0 ? EIO : errno;
}

// A reader that left has read what it wanted (`| head`).
int with_output_checked(int code) {
  const int error = output_error();
  if (error == 0 || error == EPIPE) {
    return code;
  }
  parley::cli::put(stderr, "parley: standard output: {}\n", std::strerror(error));
  return static_cast<int>(ExitCode::harness_error);
}

// Else the next file that is opened would be the standard output of a program started without one.
void occupy_standard_streams() {
  int descriptor = ::open("/dev/null", O_RDWR);
  while (descriptor >= 0 && descriptor <= 2) {
    descriptor = ::open("/dev/null", O_RDWR);
  }
  if (descriptor > 2) {
    ::close(descriptor);
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  // A peer that is gone is an event, never the end of the harness.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return with_output_checked(parley::cli::run_command_line(argc, argv, commands()));
  } catch (const std::exception& error) {
    parley::cli::put(stderr, "parley: {}\n", error.what());
    return static_cast<int>(ExitCode::harness_error);
  }
}
