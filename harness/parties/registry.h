// SPDX-License-Identifier: GPL-3.0-or-later
// Which manners the played peers of a profile have. Pure.
#pragma once

#include <string>

#include "harness/engine/ports.h"

namespace parley::parties {

// For a profile that is not in the table: one that answers nothing.
engine::Manners manners_for(const std::string& profile);

}  // namespace parley::parties
