// SPDX-License-Identifier: GPL-3.0-or-later
// A child process with pipes at its standard input and output, in a process group of its own.
// Source: POSIX.1-2024 posix_spawn, waitid. One thread owns a Process; start() may run on any.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
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

class Process {
 public:
  // Starts `command` (looked up in PATH unless it has a '/') in `folder`; an empty folder means
  // this one. Standard error is appended to `log_file`, or dropped when that is empty. Ignores
  // SIGPIPE in this program: a child that is gone is an error of the write.
  // Errors: not_found when the folder or the program does not exist or cannot be executed; io.
  static Result<Process> start(const std::vector<std::string>& command, const std::string& folder,
                               const std::string& log_file);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  // Ends the process and what is left of its group: SIGTERM, then SIGKILL. The caller has closed
  // its standard input. Blocks for at most a second, and reaps it.
  ~Process();

  Descriptor take_input() { return std::move(input_); }    // the end that is written
  Descriptor take_output() { return std::move(output_); }  // the end that is read

  // "exit status 3" or "signal 9" once the process has ended.
  std::optional<std::string> ending() const;

 private:
  Process(pid_t pid, Descriptor input, Descriptor output)
      : pid_(pid), input_(std::move(input)), output_(std::move(output)) {}
  bool ends_within(std::chrono::milliseconds time) const;

  pid_t pid_;
  Descriptor input_;
  Descriptor output_;
};

}  // namespace parley::sut
