// SPDX-License-Identifier: GPL-3.0-or-later
// What a faulty client makes of a text between its user and the stream; without faults it stays as
// it is. Source: RFC 6120 section 11.6 (every character that XML allows). Pure functions.
#pragma once

#include <string>

#include "harness/reference/faults.h"

namespace parley::reference {

// Of a body that came, before it is shown.
std::string shown_text(std::string text, const FaultSet& faults);
// Of what the user writes, before it is sent.
std::string sent_text(std::string text, const FaultSet& faults);

}  // namespace parley::reference
