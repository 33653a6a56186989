// SPDX-License-Identifier: GPL-3.0-or-later
// A child process with pipes at its standard input and output, in a process group of its own.
// Source: POSIX.1-2024 posix_spawn, waitid. One thread owns a Process; start() may run on any.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/result.h"

namespace parley::sut {

// A file descriptor that closes itself; -1 when there is none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

// Where a process's standard error goes: to the end of a file (dropped when it has no name), or
// where its standard output goes.
struct AppendedTo {
  std::string file;
};
struct BesideOutput {};
using StandardError = std::variant<AppendedTo, BesideOutput>;

struct Ending {
  enum class How { exit, signal, unknown } how = How::unknown;
  int status = 0;  // exit status, or the signal's number
};
std::string to_string(const Ending& ending);  // "exit status 3", "signal 9"

class Process {
 public:
  // Starts `command` (looked up in PATH unless it has a '/') in `folder`; an empty folder means
  // this one. Ignores SIGPIPE in this program: a child that is gone is an error of the write.
  // Errors: not_found when the folder or the program does not exist or cannot be executed; io.
  static Result<Process> start(const std::vector<std::string>& command, const std::string& folder,
                               const StandardError& standard_error);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  // Ends the process and what is left of its group: SIGTERM, then SIGKILL. The caller has closed
  // its standard input. Blocks for at most a second, and reaps it.
  ~Process();

  Descriptor take_input() { return std::move(input_); }    // the end that is written
  Descriptor take_output() { return std::move(output_); }  // the end that is read

  // Once the process has ended.
  std::optional<Ending> ending() const;
  // The same, waiting for at most `time`.
  std::optional<Ending> ending_within(std::chrono::milliseconds time) const;

  // SIGKILL, to its whole group.
  void kill() const;
  pid_t pid() const { return pid_; }

 private:
  Process(pid_t pid, Descriptor input, Descriptor output)
      : pid_(pid), input_(std::move(input)), output_(std::move(output)) {}

  pid_t pid_;
  Descriptor input_;
  Descriptor output_;
};

}  // namespace parley::sut
