// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a URL leads to a host that is known, for who fetches from no other, and what careless
// ones take for that. Sources: RFC 3986; MED-009, MED-010. Pure, but for file_named().
#pragma once

#include <string>

#include "harness/base/encoding.h"
#include "harness/net/http_url.h"

namespace parley::reference::whatsapp {

// What is overlooked.
struct HostCare {
  bool any_host = false;
  bool any_port = false;
  bool beginning_alone = false;  // of the URL
  bool anywhere = false;         // in the URL
  bool in_clear = false;
  bool files = false;
};

// Whether `url` is one of `host`'s, of which scheme, host and port count.
bool leads_to(const std::string& url, const net::HttpUrl& host, const HostCare& care);

// Where a client goes that drops what it does not understand of a URL: WHATWG URL takes '\' for
// '/', and what stands before '@' names a user.
std::string as_a_browser_reads(std::string url);

bool names_file(const std::string& url);
// The file of this machine that a URL names.
Bytes file_named(const std::string& url);

}  // namespace parley::reference::whatsapp
