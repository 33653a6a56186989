// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/stop_signals.h"

#include <atomic>
#include <csignal>

namespace parley::cli {
namespace {

// A handler can reach nothing but what is global.
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void take_note(int /*signal*/) {
  stop = true;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

StopSignals::StopSignals() {
  stop = false;
  std::signal(SIGINT, take_note);
  std::signal(SIGTERM, take_note);
}

StopSignals::~StopSignals() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool StopSignals::requested() { return stop; }

}  // namespace parley::cli
