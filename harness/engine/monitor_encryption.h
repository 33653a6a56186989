// SPDX-License-Identifier: GPL-3.0-or-later
// Monitors of sealed conversations (conversations.h): what a client publishes, sends and shows,
// what a server hands out and passes on.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> sealed_content(const Watched& watched);
std::optional<Finding> message_keys_once(const Watched& watched);
std::optional<Finding> prekeys_once(const Watched& watched);
std::optional<Finding> prekey_form(const Watched& watched);
std::optional<Finding> sealed_shown_once(const Watched& watched);
std::optional<Finding> bundles_published(const Watched& watched);
std::optional<Finding> prekeys_handed_once(const Watched& watched);
std::optional<Finding> sealed_relayed(const Watched& watched);
std::optional<Finding> enc_kept(const Watched& watched);
std::optional<Finding> sealed_once(const Watched& watched);
std::optional<Finding> retries_relayed(const Watched& watched);

}  // namespace parley::engine
