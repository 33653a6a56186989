// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/media_host.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

namespace parley::reference::whatsapp {
namespace {

constexpr std::string_view kFile = "file://";

}  // namespace

bool leads_to(const std::string& url, const net::HttpUrl& host, const HostCare& care) {
  const auto parsed = net::parse_http_url(url);
  const auto base =
      net::to_string({.scheme = host.scheme, .host = host.host, .port = host.port, .target = ""});
  const bool same = parsed && parsed->host == host.host && parsed->port == host.port;
  const bool right = same && (parsed->scheme == host.scheme || care.in_clear);
  return right || care.any_host || (care.any_port && parsed && parsed->host == host.host) ||
         (care.beginning_alone && url.starts_with(base)) ||
         (care.anywhere && url.find(net::authority_of(host)) != url.npos) ||
         (care.files && names_file(url));
}

std::string as_a_browser_reads(std::string url) {
  std::erase_if(url, [](char c) { return c == '\t' || c == '\n' || c == ' '; });
  std::ranges::replace(url, '\\', '/');
  url = url.substr(0, url.find('#'));
  const auto begin = url.find("://");
  if (begin == url.npos) {
    return url;
  }
  const auto end = std::min(url.find_first_of("/?", begin + 3), url.size());
  const auto at = url.rfind('@', end);
  if (at != url.npos && at > begin && at < end) {
    url.erase(begin + 3, at - begin - 2);
  }
  return url;
}

bool names_file(const std::string& url) { return url.starts_with(kFile); }

Bytes file_named(const std::string& url) {
  std::ostringstream out;
  out << std::ifstream(url.substr(kFile.size()), std::ios::binary).rdbuf();
  return out.str();
}

}  // namespace parley::reference::whatsapp
