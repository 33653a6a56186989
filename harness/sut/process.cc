// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kGrace = 300ms;  // for each of the three stages of an end
constexpr int kPollMs = 2;

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

struct Pipe {
  Descriptor read;
  Descriptor write;
};

// Both ends above the standard streams, so that the child's dup2 calls cannot hit one another.
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(Errc::io, "a pipe cannot be made: " + reason(errno));
  }
  Pipe out{Descriptor(ends[0]), Descriptor(ends[1])};
  for (auto* end : {&out.read, &out.write}) {
    if (end->get() <= STDERR_FILENO) {
      *end = Descriptor(fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    }
    if (end->get() < 0) {
      return fail(Errc::io, "a pipe cannot be made: " + reason(errno));
    }
  }
  return out;
}

// The attributes and file actions of posix_spawn, destroyed with their owner.
class SpawnPlan {
 public:
  SpawnPlan(const Pipe& input, const Pipe& output, const std::string& folder,
            const StandardError& standard_error) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_adddup2(&actions_, input.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output.write.get(), STDOUT_FILENO);
    if (const auto* log = std::get_if<AppendedTo>(&standard_error)) {
      const bool logged = !log->file.empty();
      posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO,
                                       logged ? log->file.c_str() : "/dev/null",
                                       O_WRONLY | O_APPEND | (logged ? O_CREAT : 0), 0644);
    } else {
      posix_spawn_file_actions_adddup2(&actions_, output.write.get(), STDERR_FILENO);
    }
    if (!folder.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    }
    // What this program ignores or blocks is no affair of the child's.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// What posix_spawn would report as the program's error, found before.
Result<void> check_places(const std::string& folder, const StandardError& standard_error) {
  std::error_code error;
  if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
    return fail(Errc::not_found, fmt::format("the folder '{}' does not exist", folder));
  }
  const auto* log = std::get_if<AppendedTo>(&standard_error);
  if (log != nullptr && !log->file.empty()) {
    const Descriptor file(open(log->file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (file.get() < 0) {
      return fail(Errc::io, fmt::format("the log '{}': {}", log->file, reason(errno)));
    }
  }
  return {};
}

// A log may be named from this program's folder; the child is in its own by then.
StandardError seen_from_anywhere(StandardError standard_error) {
  auto* log = std::get_if<AppendedTo>(&standard_error);
  if (log != nullptr && !log->file.empty()) {
    std::error_code error;
    log->file = std::filesystem::absolute(log->file, error).string();
  }
  return standard_error;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    const Descriptor old(std::exchange(fd_, other.release()));
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

int Descriptor::release() { return std::exchange(fd_, -1); }

Result<Process> Process::start(const std::vector<std::string>& command, const std::string& folder,
                               const StandardError& standard_error) {
  if (command.empty() || command.front().empty()) {
    return fail(Errc::not_found, "the command is empty");
  }
  if (const auto places = check_places(folder, standard_error); !places) {
    return std::unexpected(places.error());
  }
  auto input = make_pipe();
  auto output = make_pipe();
  if (!input || !output) {
    return std::unexpected(input ? output.error() : input.error());
  }
  std::signal(SIGPIPE, SIG_IGN);
  const SpawnPlan plan(*input, *output, folder, seen_from_anywhere(standard_error));
  std::vector<char*> arguments;
  for (const auto& argument : command) {
    // posix_spawn does not write to them (POSIX, exec: rationale).
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t pid = -1;
  // glibc reports a failed exec here, through memory that it shares with the child until then.
  const int failed = posix_spawnp(&pid, arguments.front(), plan.actions(), plan.attributes(),
                                  arguments.data(), environ);
  if (failed == EAGAIN || failed == ENOMEM) {
    return fail(Errc::io,
                fmt::format("'{}' cannot be started: {}", command.front(), reason(failed)));
  }
  if (failed != 0) {
    return fail(Errc::not_found,
                fmt::format("'{}' cannot be executed: {}", command.front(), reason(failed)));
  }
  return Process(pid, std::move(input->write), std::move(output->read));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)) {}

std::string to_string(const Ending& ending) {
  switch (ending.how) {
    case Ending::How::exit:
      return fmt::format("exit status {}", ending.status);
    case Ending::How::signal:
      return fmt::format("signal {}", ending.status);
    case Ending::How::unknown:
      return "exit status unknown";
  }
  return "";
}

std::optional<Ending> Process::ending() const {
  siginfo_t seen{};
  // WNOWAIT: while it is not reaped its number, which names the group, is not given to another.
  if (waitid(P_PID, static_cast<id_t>(pid_), &seen, WEXITED | WNOHANG | WNOWAIT) != 0) {
    return Ending{};
  }
  if (seen.si_pid == 0) {
    return std::nullopt;
  }
  return Ending{.how = seen.si_code == CLD_EXITED ? Ending::How::exit : Ending::How::signal,
                .status = seen.si_status};
}

std::optional<Ending> Process::ending_within(std::chrono::milliseconds time) const {
  const auto until = Clock::now() + time;
  auto out = ending();
  while (!out && Clock::now() < until) {
    poll(nullptr, 0, kPollMs);
    out = ending();
  }
  return out;
}

void Process::kill() const { ::kill(-pid_, SIGKILL); }

Process::~Process() {
  if (pid_ < 0) {
    return;
  }
  input_ = Descriptor();
  output_ = Descriptor();
  if (!ending_within(kGrace)) {
    ::kill(-pid_, SIGTERM);
    ending_within(kGrace);
  }
  // Always: children of it may be left when it has ended.
  kill();
  ending_within(kGrace);
  waitpid(pid_, nullptr, WNOHANG);
}

}  // namespace parley::sut
