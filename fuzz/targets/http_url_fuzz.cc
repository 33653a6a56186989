// SPDX-License-Identifier: GPL-3.0-or-later
// Target: net::parse_http_url and resolve. Input: a URL, and after a line's end a Location that is
// answered there.
// Oracles: a URL prints to what reads the same, and holds nothing that leads elsewhere; a Location
// leaves the origin only where it names another; where it leads is a URL without dots to go up by.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/oracle.h"
#include "harness/net/http_url.h"

namespace {

using namespace parley;
using namespace parley::net;

void check_url(const HttpUrl& url) {
  PARLEY_ORACLE(!url.host.empty() && url.port != 0 && url.target.starts_with('/'));
  PARLEY_ORACLE(std::ranges::none_of(url.host, [](char c) { return c >= 'A' && c <= 'Z'; }));
  PARLEY_ORACLE(url.host.find_first_of("@/\\?#[]% ") == std::string::npos);
  PARLEY_ORACLE(std::ranges::all_of(url.target, [](char c) { return c > ' ' && c < 0x7F; }));
  PARLEY_ORACLE(url.target.find('#') == std::string::npos);
  const auto again = parse_http_url(to_string(url));
  // What it had by default is not printed, so it is never longer than it was.
  PARLEY_ORACLE(again && *again == url);
  PARLEY_ORACLE(to_string(*again) == to_string(url) && same_origin(url, *again));
}

bool goes_up(std::string_view target) {
  const auto path = std::string(target.substr(0, target.find('?'))) + "/";
  return path.contains("/../") || path.contains("/./");
}

void check_location(const HttpUrl& base, std::string_view location) {
  const auto place = resolve(base, location);
  if (!place) {
    PARLEY_ORACLE(place.error().offset.value_or(0) <= location.size() + 6);
    return;
  }
  if (to_string(*place).size() <= 8000) {
    check_url(*place);
  }
  PARLEY_ORACLE(resolve(*place, "") == *place);
  const auto said = location.substr(0, location.find('#'));
  if (const auto whole = parse_http_url(said)) {
    PARLEY_ORACLE(*whole == *place);
  } else if (!said.starts_with("//")) {
    PARLEY_ORACLE(same_origin(base, *place));
    PARLEY_ORACLE(said.empty() || said.starts_with('?') || !goes_up(place->target));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\n'), input.size());
  const auto url = parse_http_url(input.substr(0, end));
  if (!url) {
    PARLEY_ORACLE(url.error().offset.value_or(0) <= end + 3);
    return 0;
  }
  check_url(*url);
  check_location(*url, input.substr(std::min(end + 1, input.size())));
  return 0;
}
