// SPDX-License-Identifier: GPL-3.0-or-later
// How busy this machine's processors were, which tells a peer that says nothing from one that was
// not let run. Source: /proc/stat, proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::engine {

// Of all processors together since the machine began, in ticks.
struct ProcessorTime {
  std::uint64_t idle = 0;  // waiting for discs included
  std::uint64_t all = 0;   // what went to other machines on the same hardware included

  friend bool operator==(const ProcessorTime&, const ProcessorTime&) = default;
};

// Of the text of /proc/stat. Nullopt when its first line is another.
std::optional<ProcessorTime> processor_time_of(std::string_view stat);
// Now. Nullopt where the system does not tell.
std::optional<ProcessorTime> processor_time();

// Whether less than a fifth of the time between two readings was idle. False where it is not known.
bool was_busy(const std::optional<ProcessorTime>& from, const std::optional<ProcessorTime>& to);

}  // namespace parley::engine
