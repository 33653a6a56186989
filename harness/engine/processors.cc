// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/engine/processors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string>

namespace parley::engine {

std::optional<ProcessorTime> processor_time_of(std::string_view stat) {
  constexpr std::string_view kBegin = "cpu ";
  // user, nice, system, idle, iowait, irq, softirq, steal; guests follow, which count as user.
  constexpr std::size_t kFields = 8;
  constexpr std::array<std::size_t, 2> kIdle{3, 4};
  auto line = stat.substr(0, stat.find('\n'));
  if (!line.starts_with(kBegin)) {
    return std::nullopt;
  }
  line.remove_prefix(kBegin.size());
  ProcessorTime out;
  for (std::size_t field = 0; field < kFields; ++field) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    std::uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), ticks);
    if (error != std::errc()) {
      return std::nullopt;
    }
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    out.all += ticks;
    out.idle += std::ranges::count(kIdle, field) > 0 ? ticks : 0;
  }
  return out;
}

std::optional<ProcessorTime> processor_time() {
  std::ifstream in("/proc/stat");
  std::string line;
  return std::getline(in, line) ? processor_time_of(line) : std::nullopt;
}

bool was_busy(const std::optional<ProcessorTime>& from, const std::optional<ProcessorTime>& to) {
  constexpr std::uint64_t kShare = 5;
  if (!from || !to || to->all <= from->all) {
    return false;
  }
  // proc(5): the time of waiting for discs may go back.
  const auto idle = to->idle > from->idle ? to->idle - from->idle : 0;
  return idle * kShare < to->all - from->all;
}

}  // namespace parley::engine
