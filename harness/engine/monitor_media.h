// SPDX-License-Identifier: GPL-3.0-or-later
// Invariants of a client's files: what their hosts learn, how often they are asked, and under which
// names files are kept. Source: suites/media/requirements.yaml.
#pragma once

#include <optional>
#include <string_view>

#include "harness/engine/monitor.h"

namespace parley::engine {

std::optional<Finding> media_sealed(const Watched& watched);
std::optional<Finding> media_hosted(const Watched& watched);
std::optional<Finding> media_keys_fresh(const Watched& watched);
std::optional<Finding> media_credentials(const Watched& watched);
std::optional<Finding> bounded_media(const Watched& watched);
std::optional<Finding> captions_sent(const Watched& watched);
std::optional<Finding> bounded_downloads(const Watched& watched);
std::optional<Finding> media_names(const Watched& watched);

// Why a file must not be kept under that name, which a sender has chosen; empty where it may.
// `document`: its sender may say of which type it is.
std::string_view wrong_with_name(std::string_view name, bool document);

}  // namespace parley::engine
