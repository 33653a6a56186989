// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/reference/whatsapp/provider_metadata.h"

#include <algorithm>
#include <cctype>

#include "harness/crypto/jose/json.h"

namespace parley::reference::whatsapp {
namespace {

namespace jose = crypto::jose;

constexpr std::size_t kRequiredMetadata = 6;  // OpenID Connect Discovery section 3
constexpr std::size_t kAnySize = std::size_t{64} << 20U;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// OpenID Connect Discovery section 4.3: the very same, byte for byte.
bool same_issuer(const std::string& said, const std::string& registered, const FaultSet& faults) {
  const auto host_of = [](const std::string& text) {
    const auto url = net::parse_http_url(text);
    return url ? url->host : "";
  };
  return said == registered || faults.has(Fault::wg_keys_any_issuer) ||
         (faults.has(Fault::wg_keys_issuer_slash) &&
          without_slash(said) == without_slash(registered)) ||
         (faults.has(Fault::wg_keys_issuer_case) && lower(said) == lower(registered)) ||
         (faults.has(Fault::wg_keys_issuer_prefix) && said.starts_with(registered)) ||
         (faults.has(Fault::wg_keys_issuer_host) && host_of(said) == host_of(registered));
}

}  // namespace

std::string without_slash(std::string text) {
  if (text.ends_with('/')) {
    text.pop_back();
  }
  return text;
}

std::expected<net::HttpUrl, Outage> key_set_place(std::string_view metadata,
                                                  const std::string& issuer,
                                                  const net::HttpUrl& place,
                                                  const FaultSet& faults) {
  const auto json = jose::read_json(metadata, {.max_octets = kAnySize});  // bounded before
  const auto* said = json ? json->find("issuer") : nullptr;
  const auto* keys = json ? json->find("jwks_uri") : nullptr;
  const bool named = said != nullptr && said->text() != nullptr;
  if (keys == nullptr || keys->text() == nullptr ||
      (!named && !faults.has(Fault::wg_keys_issuer_missing)) ||
      (json->object()->size() > kRequiredMetadata && faults.has(Fault::wg_keys_strict))) {
    return std::unexpected(Outage::unreadable);
  }
  if (named && !same_issuer(*said->text(), issuer, faults)) {
    return std::unexpected(Outage::refused);
  }
  auto url = net::parse_http_url(*keys->text());
  if (!url) {
    return std::unexpected(Outage::refused);
  }
  const bool clear = url->scheme == net::HttpUrl::Scheme::http;
  const bool elsewhere = !clear && !net::same_origin(*url, place);
  if ((clear && !faults.has(Fault::wg_keys_http_place)) || elsewhere) {
    return std::unexpected(Outage::refused);
  }
  return *url;
}

}  // namespace parley::reference::whatsapp
