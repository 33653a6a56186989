// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "harness/engine/conversations.h"
#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> noted(const Watched& watched, std::string_view monitor) {
  const auto* conversations = watched.tracker.conversations();
  if (conversations == nullptr) {
    return std::nullopt;
  }
  const auto& breaches = conversations->breaches();
  const auto at = std::ranges::find_if(breaches, [&](const Breach& one) {
    return one.monitor == monitor && watched.run.far_end(one.link) == watched.sut;
  });
  return at == breaches.end() ? std::nullopt : std::optional(found(monitor, at->reason, at->came));
}

}  // namespace parley::engine
