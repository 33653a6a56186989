// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/net/http_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace parley::net {
namespace {

constexpr std::size_t kMaxUrlOctets = 8000;  // RFC 9110 section 4.1

std::uint16_t default_port(HttpUrl::Scheme scheme) {
  return scheme == HttpUrl::Scheme::https ? 443 : 80;
}
std::string_view name_of(HttpUrl::Scheme scheme) {
  return scheme == HttpUrl::Scheme::https ? "https" : "http";
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_visible(char c) { return c > ' ' && c < 0x7f; }
bool is_of_name(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; }
bool is_of_ipv6(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.';
}

// "scheme" of "scheme:…"; empty where there is none (RFC 3986 section 3.1).
std::string_view scheme_of(std::string_view text) {
  const auto end = std::ranges::find_if(text, [](char c) {
    return !is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.';
  });
  const auto length = static_cast<std::size_t>(end - text.begin());
  const bool there = end != text.end() && *end == ':' && length > 0 && is_letter(text.front());
  return there ? text.substr(0, length) : "";
}

Result<void> check_octets(std::string_view text) {
  if (text.size() > kMaxUrlOctets) {
    return fail(Errc::too_large, "a URL of too many octets", kMaxUrlOctets);
  }
  const auto bad = std::ranges::find_if_not(text, is_visible);
  if (bad != text.end()) {
    return fail(Errc::malformed, "an octet that no URL has",
                static_cast<std::size_t>(bad - text.begin()));
  }
  return {};
}

// `text` begins at `offset` of the URL: host, and port where there is one.
Result<void> parse_authority(std::string_view text, std::size_t offset, HttpUrl& url) {
  if (text.find('@') != std::string_view::npos) {
    return fail(Errc::unsupported, "user information in a URL", offset);
  }
  const bool v6 = text.starts_with('[');
  const auto end = v6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) {
    return fail(Errc::malformed, "a bracket that is not closed", offset);
  }
  const auto host = v6 ? text.substr(1, end - 1) : text.substr(0, end);
  if (host.empty() || !std::ranges::all_of(host, v6 ? is_of_ipv6 : is_of_name)) {
    return fail(Errc::malformed, "no host in a URL", offset);
  }
  url.host.resize(host.size());
  std::ranges::transform(host, url.host.begin(), lower);
  const auto rest = text.substr(v6 ? end + 1 : end);
  if (rest.empty() || rest == ":") {
    return {};
  }
  const auto digits = rest.substr(1);
  const auto* last = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), last, url.port);
  if (rest.front() != ':' || error != std::errc() || stop != last || url.port == 0) {
    return fail(Errc::malformed, "a port is a number from 1 to 65535",
                offset + text.size() - digits.size());
  }
  return {};
}

// RFC 3986 section 5.2.4.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") {
        out.resize(std::min(out.rfind('/'), out.size()));
      }
      if (path.empty()) {
        out += '/';
      }
    } else {
      out += segment;
    }
  }
  return out;
}

std::string target_of(std::string_view text) {
  const auto query = std::min(text.find('?'), text.size());
  const auto path = text.substr(0, query);
  return without_dots(path.empty() ? "/" : path) + std::string(text.substr(query));
}

}  // namespace

std::string authority_of(const HttpUrl& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}{}", v6 ? "[" : "", url.host, v6 ? "]" : "",
                     url.port == default_port(url.scheme) ? "" : fmt::format(":{}", url.port));
}

std::string to_string(const HttpUrl& url) {
  return fmt::format("{}://{}{}", name_of(url.scheme), authority_of(url), url.target);
}

bool same_origin(const HttpUrl& left, const HttpUrl& right) {
  return left.scheme == right.scheme && left.host == right.host && left.port == right.port;
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  const auto octets = check_octets(text);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  HttpUrl out;
  std::string scheme(scheme_of(text));
  std::ranges::transform(scheme, scheme.begin(), lower);
  if (scheme != "http" && scheme != "https") {
    return fail(Errc::unsupported, "a URL begins with http:// or https://", 0);
  }
  out.scheme = scheme == "https" ? HttpUrl::Scheme::https : HttpUrl::Scheme::http;
  out.port = default_port(out.scheme);
  const auto begin = scheme.size() + 3;
  if (text.substr(scheme.size()).substr(0, 3) != "://") {
    return fail(Errc::malformed, "a URL begins with http:// or https://", scheme.size());
  }
  const auto fragment = text.find('#');
  if (fragment != std::string_view::npos) {
    return fail(Errc::unsupported, "a fragment in a URL", fragment);
  }
  const auto end = std::min(text.find_first_of("/?", begin), text.size());
  const auto authority = parse_authority(text.substr(begin, end - begin), begin, out);
  if (!authority) {
    return std::unexpected(authority.error());
  }
  const auto rest = text.substr(end);
  out.target = rest.empty() || rest.front() == '?' ? "/" + std::string(rest) : std::string(rest);
  return out;
}

Result<HttpUrl> resolve(const HttpUrl& base, std::string_view location) {
  location = location.substr(0, location.find('#'));
  if (!scheme_of(location).empty()) {
    return parse_http_url(location);
  }
  if (location.starts_with("//")) {
    return parse_http_url(std::string(name_of(base.scheme)) + ":" + std::string(location));
  }
  const auto octets = check_octets(location);
  if (!octets) {
    return std::unexpected(octets.error());
  }
  HttpUrl out = base;
  const auto path = base.target.substr(0, base.target.find('?'));
  if (location.empty()) {
    return out;
  }
  if (location.starts_with('/')) {
    out.target = target_of(location);
  } else if (location.starts_with('?')) {
    out.target = path + std::string(location);
  } else {
    out.target = target_of(path.substr(0, path.rfind('/') + 1) + std::string(location));
  }
  return out;
}

}  // namespace parley::net
