// SPDX-License-Identifier: GPL-3.0-or-later
// Times as HTTP says them. Source: RFC 9110 section 5.6.7 (IMF-fixdate). Pure code.
#pragma once

#include <chrono>
#include <string>

namespace parley::wire {

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::chrono::sys_seconds time);

}  // namespace parley::wire
