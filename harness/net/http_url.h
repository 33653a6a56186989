// SPDX-License-Identifier: GPL-3.0-or-later
// http and https URLs as a client needs them (RFC 3986, RFC 9110 section 4.2): no user
// information, no fragment. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace parley::net {

struct HttpUrl {
  enum class Scheme { http, https };
  Scheme scheme = Scheme::https;
  std::string host;  // in lower case, an IPv6 address without its brackets
  std::uint16_t port = 443;
  std::string target = "/";  // path and query, as they stand in a request

  friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

std::string to_string(const HttpUrl& url);
// What a Host field says: "issuer.test", "127.0.0.1:8080"; no port that is the scheme's own.
std::string authority_of(const HttpUrl& url);
bool same_origin(const HttpUrl& left, const HttpUrl& right);

// Errors: malformed with the offset; unsupported for another scheme, user information or a
// fragment.
Result<HttpUrl> parse_http_url(std::string_view text);
// What a Location means in the answer of `base` (RFC 9110 section 10.2.2, RFC 3986 section 5.2);
// its fragment is dropped. Errors: as above.
Result<HttpUrl> resolve(const HttpUrl& base, std::string_view location);

}  // namespace parley::net
