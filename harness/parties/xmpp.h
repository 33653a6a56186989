// SPDX-License-Identifier: GPL-3.0-or-later
// The manners of an XMPP peer that Parley plays: what it answers to legal traffic that no step
// waits for. Sources: RFC 6120 section 8, RFC 6121 sections 2 and 4; XEP-0030, XEP-0199. Pure.
#pragma once

#include "harness/engine/ports.h"

namespace parley::parties {

// By `view.plays`: a client or a server; other parties answer nothing.
engine::Manners xmpp_manners();

}  // namespace parley::parties
