// SPDX-License-Identifier: GPL-3.0-or-later
// The manners of a peer of the binary dialect that Parley plays: it answers requests and
// acknowledges what is to be acknowledged. Source: observed client behaviour; STZ-010 to STZ-014.
// Pure.
#pragma once

#include "harness/engine/ports.h"

namespace parley::parties {

// By `view.plays`: a client or a server.
engine::Manners whatsapp_manners();

}  // namespace parley::parties
