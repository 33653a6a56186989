// SPDX-License-Identifier: GPL-3.0-or-later
// Monitors of what reaches whom: messages come where they belong, and once.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

// What a server delivers from others says from whom: without 'from' a stanza is the account's own.
std::optional<Finding> stamped_from(const Watched& watched);
// A message goes to the streams that the flow names and to no other.
std::optional<Finding> delivered_where(const Watched& watched);
// A message is delivered once, and shown once: its text is fresh, so a copy carries the same.
std::optional<Finding> delivered_once(const Watched& watched);
std::optional<Finding> shown_once(const Watched& watched);

}  // namespace parley::engine
