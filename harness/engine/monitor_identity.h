// SPDX-License-Identifier: GPL-3.0-or-later
// Monitors of a third party's identity service: its keys, how they rotate, and its tokens, each of
// which a gatekeeper must be able to take with the keys that are published.
#pragma once

#include <optional>

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> published_keys(const Watched& watched);
std::optional<Finding> keys_in_safety(const Watched& watched);
std::optional<Finding> keys_rotate(const Watched& watched);
std::optional<Finding> token_signed(const Watched& watched);
std::optional<Finding> token_expires(const Watched& watched);
std::optional<Finding> token_short_lived(const Watched& watched);
std::optional<Finding> token_purpose(const Watched& watched);
std::optional<Finding> token_encoding(const Watched& watched);
std::optional<Finding> token_issuer(const Watched& watched);
std::optional<Finding> token_spelling(const Watched& watched);
std::optional<Finding> token_identifier(const Watched& watched);

}  // namespace parley::engine
