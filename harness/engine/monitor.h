// SPDX-License-Identifier: GPL-3.0-or-later
// Invariants over a whole run, on in every case. Adding one: a function in monitor.cc and a line in
// its table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/tracker.h"

namespace parley::engine {

struct Finding {
  std::string monitor;
  std::string reason;
  std::string came;
};

struct MonitorEntry {
  std::string_view name;
  std::string_view text;    // what must hold
  std::string_view source;  // clause
  std::optional<Finding> (*check)(const CastRun& run, const Tracker& tracker,
                                  const RunRecord& record);
};
std::span<const MonitorEntry> monitors();

// Everything that the monitors find in one run.
std::vector<Finding> watch(const CastRun& run, const Tracker& tracker, const RunRecord& record);

}  // namespace parley::engine
