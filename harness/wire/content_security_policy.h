// SPDX-License-Identifier: GPL-3.0-or-later
// What a content security policy lets a page do. Source: CSP Level 3 sections 2.2, 6.1 and 6.3.
// Pure functions.
#pragma once

#include <string_view>

namespace parley::wire {

// Whether no script of a page runs that is served under `policies`, the value of
// Content-Security-Policy: several are separated by commas, and all of them hold. What nobody knows
// is passed over, as browsers do.
bool lets_no_script_run(std::string_view policies);

}  // namespace parley::wire
