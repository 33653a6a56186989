// SPDX-License-Identifier: GPL-3.0-or-later
// Target: what a media proxy is asked for and where that leads
// (harness/reference/whatsapp/media_query.h, media_host.h). Input: the target of a request.
// Oracles: the URLs in it are those that a decoder of its own finds, and encoded in a query they
// are found again; a URL that leads to the registered host does so for a browser too.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "harness/net/http_url.h"
#include "harness/reference/whatsapp/media_host.h"
#include "harness/reference/whatsapp/media_query.h"

namespace {

using namespace parley;
using namespace parley::reference::whatsapp;

int digit(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto at = kDigits.find(lower);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool encoded =
        text.size() > 2 && text[0] == '%' && digit(text[1]) >= 0 && digit(text[2]) >= 0;
    out += encoded ? static_cast<char>(digit(text[1]) * 16 + digit(text[2])) : text[0];
    text.remove_prefix(encoded ? 3 : 1);
  }
  return out;
}

std::vector<std::string> urls_in(std::string_view target) {
  std::vector<std::string> out;
  auto rest = target.substr(std::min(target.find('?'), target.size()));
  while (!rest.empty()) {
    rest.remove_prefix(1);  // '?', later '&'
    const auto parameter = rest.substr(0, rest.find('&'));
    if (parameter.starts_with("url=")) {
      out.push_back(decoded(parameter.substr(4)));
    }
    rest.remove_prefix(parameter.size());
  }
  return out;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const auto c : text) {
    const auto octet = static_cast<std::uint8_t>(c);
    out += '%';
    out += kDigits[octet / 16];
    out += kDigits[octet % 16];
  }
  return out;
}

void check_place(const std::string& url) {
  const net::HttpUrl host{.host = "media.test", .port = 8443};
  const auto parsed = net::parse_http_url(url);
  PARLEY_ORACLE(leads_to(url, host, {}) == (parsed && net::same_origin(*parsed, host)));
  if (leads_to(url, host, {})) {
    const auto place = net::parse_http_url(as_a_browser_reads(url));
    PARLEY_ORACLE(place && net::same_origin(*place, host) && !names_file(url));
    PARLEY_ORACLE(!leads_to(url, {.host = "other.test", .port = 8443}, {}));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto urls = urls_of(target);
  PARLEY_ORACLE(urls == urls_in(target));
  std::string again = "/v1/media";
  for (const auto& url : urls) {
    again += (again.contains('?') ? "&other=1&url=" : "?url=") + encoded(url);
    check_place(url);
  }
  PARLEY_ORACLE(urls_of(again) == urls);
  PARLEY_ORACLE(percent_decoded(encoded(target)) == target);
  return 0;
}
