// SPDX-License-Identifier: GPL-3.0-or-later
// A service's messages carried as stanzas: what a profile's flows ask over HTTP is asked by one
// more user, who is logged in, over its connection. The messages have the same fields in either
// form, so that flows and cases are written once. Source: the profile's `carriers`. Pure functions.
#pragma once

#include <string>

#include "harness/model/library.h"

namespace parley::model {

// Where a setting of the profile says so: its forms of the service become their stanzas, its flows
// begin with that user's login, and its cases take a stanza's error for one of HTTP. A case about
// what only HTTP has needs that setting to be as it was. Again it changes nothing.
void carry_as_stanzas(Library& library, const std::string& profile);

}  // namespace parley::model
