// SPDX-License-Identifier: GPL-3.0-or-later
// What a media proxy is asked for (media_proxy.h): the parameters of a request's target. Source:
// RFC 3986 sections 2.1 and 3.4. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::reference::whatsapp {

// RFC 3986 section 2.1; what is no percent-encoding stays.
std::string percent_decoded(std::string_view text);

// The values of the parameters `url`, in their order.
std::vector<std::string> urls_of(std::string_view target);

}  // namespace parley::reference::whatsapp
