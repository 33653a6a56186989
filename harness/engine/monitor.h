// SPDX-License-Identifier: GPL-3.0-or-later
// Invariants over a whole run, on in every case. Adding one: a function in monitor.cc and a line in
// its table; the requirement that it watches names it (`monitor:`).
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/tracker.h"

namespace parley::engine {

// In which cases a monitor counts: in all, or in those that verify the requirement which names it,
// because what it finds would be the same in each.
enum class Reach { all_cases, own_cases };

struct Finding {
  std::string monitor;
  bool stops = false;  // what came after it cannot be judged
  Reach reach = Reach::all_cases;
  std::string reason;
  std::string came;
  model::Party broke = model::Party::gatekeeper_server;  // which SUT
};

// Of what `came`, the printable beginning.
Finding found(std::string_view monitor, std::string reason, std::string came);

// Whether the event's link has a new connection from then on.
bool begins_connection(const Event& event);

// What a monitor looks at: one SUT, and what was said on its links.
struct Watched {
  const CastRun& run;
  const Tracker& tracker;
  const RunRecord& record;
  model::Party sut;
  const std::vector<Seen>& seen;
  const std::vector<Said>& sent;
  const std::set<std::string>& ephemerals;  // those of the case's earlier runs

  bool about(const Event& event) const;  // whether it is on a link of that SUT
};

// What that SUT did that was noted for that monitor while the run went on.
std::optional<Finding> noted(const Watched& watched, std::string_view monitor);

struct MonitorEntry {
  std::string_view name;
  std::string_view text;    // what must hold
  std::string_view source;  // clause
  bool stops;
  std::optional<Finding> (*check)(const Watched& watched);
  Reach reach = Reach::all_cases;
};
std::span<const MonitorEntry> monitors();

// Everything that the monitors find in one run. `ephemerals`: what ephemerals_of() said of the
// case's runs before it.
std::vector<Finding> watch(const CastRun& run, const Tracker& tracker, const RunRecord& record,
                           const std::set<std::string>& ephemerals);

}  // namespace parley::engine
