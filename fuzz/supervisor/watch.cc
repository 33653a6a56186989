// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/supervisor/watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <utility>

#include "harness/sut/process.h"

namespace parley::fuzz {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = 100ms;
constexpr auto kGraceForReport = 20s;  // names of functions take seconds to find
constexpr auto kGraceAtStart = 60s;    // a fuzzer that reads a large corpus is not in the target
constexpr std::size_t kKept = 128 * 1024;    // octets of the output, at each end
constexpr std::size_t kMaxLine = 16 * 1024;  // octets; the rest of a longer line is one of its own
constexpr std::uint64_t kMib = 1024 * 1024;

// The beginning and the end of what a child prints, and its lines as they come.
class Output {
 public:
  explicit Output(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}

  void add(std::string_view octets) {
    const auto room = kKept - std::min(kKept, head_.size());
    head_ += octets.substr(0, room);
    tail_ += octets.substr(std::min(room, octets.size()));
    if (tail_.size() > 2 * kKept) {
      cut_ = true;
      tail_.erase(0, tail_.size() - kKept);
    }
    line_ += octets;
    for (auto end = line_.find('\n'); end != std::string::npos || line_.size() > kMaxLine;
         end = line_.find('\n')) {
      const auto length = std::min({end, line_.size(), kMaxLine});
      tell(std::string_view(line_).substr(0, length));
      line_.erase(0, std::min(line_.size(), length + (end == length ? 1 : 0)));
    }
  }

  // Whether the child has begun to say what is wrong.
  bool has_report() const { return read_trace(head_ + "\n" + tail_).has_value(); }

  std::string take() {
    if (!line_.empty()) {
      tell(line_);
    }
    return head_ + (cut_ ? "\n[…]\n" : "") + tail_;
  }

 private:
  void tell(std::string_view line) const {
    if (on_line_) {
      on_line_(line);
    }
  }

  const std::function<void(std::string_view)>& on_line_;
  std::string head_;
  std::string tail_;
  std::string line_;
  bool cut_ = false;
};

std::uint64_t resident_mib(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return file ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / kMib : 0;
}

bool is_disk_full(const Limits& limits) {
  struct statvfs seen{};
  if (limits.disk.empty() || statvfs(limits.disk.c_str(), &seen) != 0) {
    return false;
  }
  return static_cast<std::uint64_t>(seen.f_bavail) * seen.f_frsize / kMib < limits.disk_left_mib;
}

// How long the child has been doing one and the same thing.
class Patience {
 public:
  explicit Patience(const RecordFile* record) : record_(record) {}

  bool is_over(const Limits& limits) {
    if (record_ == nullptr) {
      return false;
    }
    const auto moment = record_->now();
    const auto now = Clock::now();
    if (moment.begun != last_.begun || moment.ended != last_.ended || moment.doing != last_.doing) {
      last_ = moment;
      since_ = now;
    }
    return now - since_ > (moment.doing == Doing::nothing
                               ? std::max<Clock::duration>(limits.input, kGraceAtStart)
                               : limits.input);
  }
  void extend(Clock::duration time) { since_ += time; }

 private:
  const RecordFile* record_;
  Moment last_;
  Clock::time_point since_ = Clock::now();
};

StoppedFor reason_to_stop(const Watched& watched, Patience& patience, pid_t pid,
                          Clock::time_point until) {
  if (watched.stop && watched.stop()) {
    return StoppedFor::request;
  }
  if (patience.is_over(watched.limits)) {
    return StoppedFor::input_time;
  }
  if (Clock::now() > until) {
    return StoppedFor::total_time;
  }
  if (resident_mib(pid) > watched.limits.memory_mib) {
    return StoppedFor::memory;
  }
  return is_disk_full(watched.limits) ? StoppedFor::disk : StoppedFor::nothing;
}

bool is_ready(int file, std::chrono::milliseconds within) {
  pollfd one{.fd = file, .events = POLLIN, .revents = 0};
  return poll(&one, 1, static_cast<int>(within.count())) > 0;
}

// Reads what is there; false: the child has closed its output.
bool read_some(int file, Output& output) {
  std::array<char, 65536> octets{};
  const auto count = read(file, octets.data(), octets.size());
  if (count > 0) {
    output.add({octets.data(), static_cast<std::size_t>(count)});
    return true;
  }
  return count < 0 && errno == EINTR;
}

}  // namespace

Result<Ended> watch(const Watched& watched) {
  const auto until = Clock::now() + watched.limits.total;
  auto process = sut::Process::start(watched.command, "", sut::BesideOutput{});
  if (!process) {
    return std::unexpected(process.error());
  }
  const auto pipe = process->take_output();
  Output output(watched.on_line);
  Patience patience(watched.record);
  Ended out;
  bool open = true;
  bool extended = false;
  auto ending = process->ending();
  while (open && !ending) {
    open = !is_ready(pipe.get(), kTick) || read_some(pipe.get(), output);
    if (out.stopped_for == StoppedFor::nothing) {
      out.stopped_for = reason_to_stop(watched, patience, process->pid(), until);
      if (out.stopped_for == StoppedFor::input_time && !extended && output.has_report()) {
        extended = true;
        patience.extend(kGraceForReport);
        out.stopped_for = StoppedFor::nothing;
      }
      if (out.stopped_for != StoppedFor::nothing) {
        process->kill();
      }
    }
    ending = process->ending();
  }
  while (open && is_ready(pipe.get(), 0ms)) {
    open = read_some(pipe.get(), output);
  }
  if (!ending) {
    ending = process->ending_within(watched.limits.input);
  }
  if (ending) {
    out.by_signal = ending->how == sut::Ending::How::signal;
    out.status = ending->status;
  }
  if (watched.record != nullptr) {
    out.last = watched.record->now();
  }
  out.output = output.take();
  return out;
}

std::optional<Trace> judge_end(const Ended& ended, const Limits& limits) {
  // A parser may print what it likes and go on.
  const bool well =
      ended.stopped_for == StoppedFor::nothing && !ended.by_signal && ended.status == 0;
  if (well) {
    return std::nullopt;
  }
  const auto trace = read_trace(ended.output);
  const bool in_mutator = ended.last.doing == Doing::mutator;
  const auto told = [&](Kind kind, std::string what) {
    auto out = trace.value_or(Trace{.kind = kind, .what = "", .frames = {}});
    out.kind = in_mutator && is_finding(kind) ? Kind::mutator : kind;
    out.what = std::move(what);
    return out;
  };
  if (trace) {
    return told(trace->kind, trace->what);
  }
  switch (ended.stopped_for) {
    case StoppedFor::input_time:
      if (ended.last.doing == Doing::nothing) {
        return told(Kind::killed, "the fuzzer itself did nothing any more, between two inputs");
      }
      return told(Kind::hang,
                  fmt::format("no end within {} ms, and no report", limits.input.count()));
    case StoppedFor::memory:
      return told(Kind::out_of_memory, "out of memory, and no report");
    case StoppedFor::disk:
      return told(Kind::disk_full, fmt::format("less than {} MiB are left at '{}'",
                                               limits.disk_left_mib, limits.disk));
    case StoppedFor::total_time:
    case StoppedFor::request:
      return std::nullopt;
    case StoppedFor::nothing:
      break;
  }
  if (ended.by_signal) {
    return ended.status == SIGKILL || ended.status == SIGTERM
               ? told(Kind::killed,
                      fmt::format("ended by signal {}, which nobody here sent", ended.status))
               : told(Kind::crash, fmt::format("signal {}, and no report", ended.status));
  }
  return told(Kind::crash, fmt::format("exit status {}, and no report", ended.status));
}

}  // namespace parley::fuzz
